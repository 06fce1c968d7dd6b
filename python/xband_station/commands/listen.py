# SPDX-License-Identifier: GPL-3.0-or-later
"""``xband listen``: a consumer that counts frames, finds what is missing and repeats the station's explanations."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from typing import TYPE_CHECKING

from xband_core.errors import XbandError

if TYPE_CHECKING:
    from xband_core.wire_types import AnyEvent
    from xband_station.cli import Subparsers

DESCRIPTION = """\
Subscribes to a station, counts the frames of each virtual channel, and tells from the sequence numbers, ticks and
end-of-pass records what did not arrive. Ends with Ctrl-C or after a pass, with a table."""

EPILOG = """\
examples:
  xband listen tcp://127.0.0.1:5555
  xband listen tcp://station.example:5555 --json --until-pass-end

--json: one JSON object a line: every pass_start, gap and pass_end as the station sent it, and at the end
{"type": "summary", ...} with the counts. The format of the messages is in docs/wire-format.md.
exit codes: 0 nothing missed, 1 something missed or no pass seen in time.
"""

_POLL_MS = 500


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "listen",
        help="receive frames from a station and account for them",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("endpoint", metavar="ENDPOINT", help="the station's address, such as tcp://127.0.0.1:5555")
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of text")
    parser.add_argument("--until-pass-end", action="store_true", help="end after the next end of a pass")
    parser.add_argument("--timeout", type=float, metavar="S", help="end after so many seconds without any message")


def run(args: argparse.Namespace) -> int:
    listener = _Listener(is_json=args.json)
    try:
        listener.receive(args.endpoint, args.until_pass_end, args.timeout)
    except KeyboardInterrupt:
        print(file=sys.stderr)
    listener.print_summary()
    has_seen_enough = listener.passes > 0 or not args.until_pass_end
    return 0 if has_seen_enough and not listener.missed_messages else 1


class _Listener:
    """Counts what comes and prints what the station explains."""

    def __init__(self, is_json: bool) -> None:
        from xband_core.stream_monitor import StreamMonitor

        self.monitor = StreamMonitor()
        self.passes = 0
        self.gaps = 0
        self._is_json = is_json

    @property
    def missed_messages(self) -> int:
        return sum(state.missed_messages for state in self.monitor.topics.values())

    def receive(self, endpoint: str, until_pass_end: bool, timeout_s: float | None) -> None:
        """Takes messages until the end of a pass, or until none has come for ``timeout_s``."""
        import zmq

        from xband_core.wire import decode_message
        from xband_core.wire_types import FramesMessage
        from xband_station import publisher

        with zmq.Context() as context, context.socket(zmq.SUB) as socket:
            socket.set(zmq.LINGER, 0)
            socket.set(zmq.RCVHWM, publisher.SEND_HIGH_WATER_MARK)
            socket.set(zmq.HEARTBEAT_IVL, publisher.HEARTBEAT_INTERVAL_MS)
            socket.set(zmq.HEARTBEAT_TIMEOUT, publisher.HEARTBEAT_TIMEOUT_MS)
            socket.subscribe(b"")
            try:
                socket.connect(endpoint)
            except zmq.ZMQError as error:
                reason = f"is not an address like tcp://host:port: {error.strerror}"
                raise XbandError(f"{endpoint!r} {reason}") from error
            last_s = time.monotonic()
            while timeout_s is None or time.monotonic() - last_s < timeout_s:
                if not socket.poll(_POLL_MS):
                    continue
                last_s = time.monotonic()
                parts = socket.recv_multipart()
                message = decode_message(parts)
                self.monitor.observe(message)
                if isinstance(message, FramesMessage) or message.TYPE == "tick":
                    continue
                self._explain(message, parts[1])
                if message.TYPE == "pass_end" and until_pass_end:
                    return

    def _explain(self, event: AnyEvent, header: bytes) -> None:
        from xband_core.wire_types import Alarm, Gap, PassEnd

        self.passes += isinstance(event, PassEnd)
        self.gaps += isinstance(event, Gap)
        if self._is_json:
            print(header.decode(), flush=True)
            return
        facts = ""
        if isinstance(event, Gap):
            seconds = ((event.stop_time_ns or 0) - (event.start_time_ns or 0)) / 1e9
            facts = f": {event.cause}: {event.reason}" + (f", {seconds:.1f} s" if event.start_time_ns else "")
            facts += f", {event.missing_frames} frames on VC {event.vcid}" if event.missing_frames else ""
        elif isinstance(event, Alarm):
            facts = f": {event.source}: {event.reason}"
        elif isinstance(event, PassEnd):
            facts = f": {event.outcome}, {event.lost_s:.1f} s lost"
        print(f"{getattr(event, 'pass_id', '')} {event.TYPE.replace('_', ' ')}{facts}", flush=True)

    def print_summary(self) -> None:
        topics = sorted(self.monitor.topics.items())
        if not self._is_json:
            from xband_station.tables import format_table

            header = ["topic", "messages", "frames", "missed messages", "missed frames"]
            rows = [[t, s.received_messages, s.received_frames, s.missed_messages, s.missed_frames] for t, s in topics]
            print(format_table(header, [[str(cell) for cell in row] for row in rows]))
            return
        summary = {
            "type": "summary",
            "frames": sum(s.received_frames for t, s in topics if t.startswith("frames.")),
            "bad_frames": sum(s.received_frames for t, s in topics if t.startswith("bad.")),
            "missed_messages": self.missed_messages,
            "missed_frames": sum(s.missed_frames for _, s in topics),
            "gaps": self.gaps,
            "passes": self.passes,
            "topics": {topic: dataclasses.asdict(state) for topic, state in topics},
        }
        print(json.dumps(summary), flush=True)
