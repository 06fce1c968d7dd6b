# SPDX-License-Identifier: GPL-3.0-or-later
"""``xband decode``: a recording to frames and packets."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xband_core.errors import XbandError
from xband_core.mission import mission_names
from xband_core.mission_loader import SHIPPED_DIR

if TYPE_CHECKING:
    from xband_station.cli import Subparsers

EXIT_DONE = 0
EXIT_NO_LOCK = 3

DESCRIPTION = """\
Demodulates and decodes an IQ recording of one satellite and writes its transfer frames and space packets.

RECORDING is a SigMF recording (.sigmf-meta or .sigmf-data; format, rate and time are in it) or a file of raw
samples, interleaved I and Q: cs8 (8-bit signed), cs16 (16-bit signed), cf32 (32-bit float), little-endian. Phase,
swapped I and Q and a mirrored spectrum need no option: they are found."""

EPILOG = """\
what is written into --out (an earlier run's files there are replaced):
  frames.bin         transfer frames one after another, without sync marker and check symbols, derandomised
  frames.jsonl       line n tells everything known about frame n: time, counters, errors mended, Es/N0 ...
  frames_bad.bin     frames beyond repair, as received; frames_bad.jsonl describes them
  packets/APID.bin   whole space packets
  cadus.bin          with --cadus: frame n as it was sent, for other decoders
  summary.json       counts, gaps of each virtual channel, signal quality; written last

examples:
  xband decode pass.sigmf-meta --mission suomi-npp --out pass/
  xband decode pass.cs8 --sample-rate 33e6 --mission noaa-20 --out pass/ --cadus
  xband decode pass.raw --format cs16 --sample-rate 40e6 --frequency-offset -250e3 \\
      --mission ./my-satellite.yml --out pass/

A mission is one of {missions},
or a YAML file of your own: copy the shipped {example}.
exit codes: 0 at least one frame, 3 no signal found, 2 wrong use or unreadable input.
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "decode",
        help="frames and packets from a recording",
        description=DESCRIPTION,
        epilog=EPILOG.format(missions=", ".join(mission_names()), example=SHIPPED_DIR / "suomi-npp.yml"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("recording", type=Path, metavar="RECORDING", help="SigMF or raw samples")
    parser.add_argument("--mission", required=True, metavar="NAME|FILE", help="what to expect in it")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="where the results go")
    parser.add_argument("--format", choices=("cs8", "cs16", "cf32"), help="of raw samples; default: by the suffix")
    parser.add_argument("--sample-rate", type=float, metavar="HZ", help="of raw samples")
    parser.add_argument(
        "--frequency-offset",
        type=float,
        metavar="HZ",
        help="where the carrier is beside the recording's centre; default: by the frequencies of recording and "
        "mission, in a wide recording wherever it is found",
    )
    parser.add_argument("--start-time", metavar="ISO8601", help="UTC of the first sample; default: by the recording")
    parser.add_argument("--cadus", action="store_true", help="write cadus.bin as well")
    parser.add_argument("--plots", action="store_true", help="write quality.html: plots of the signal")
    parser.add_argument("--json", action="store_true", help="print summary.json instead of a table")


def run(args: argparse.Namespace) -> int:
    from xband_core.decode import decode_recording
    from xband_core.mission import load_mission
    from xband_core.recording import open_recording
    from xband_station.quality_page import SignalLook, write_quality_page

    mission = load_mission(args.mission)
    recording = open_recording(args.recording, args.format, args.sample_rate)
    signal: SignalLook | None = None

    def keep_look(demodulator: Any) -> None:
        """The last one at the signal, not at the noise after it."""
        nonlocal signal
        stats = demodulator.stats()
        if stats["is_locked"]:
            signal = SignalLook(demodulator.recent_samples(), demodulator.recent_symbols(), stats["band_rate_hz"])

    bar = ProgressBar(recording.duration_s) if sys.stderr.isatty() else None
    try:
        summary = decode_recording(
            recording,
            mission,
            args.out,
            frequency_offset_hz=args.frequency_offset,
            cadus=args.cadus,
            start_time_ns=None if args.start_time is None else _start_time_ns(args.start_time),
            progress=None if bar is None else bar.show,
            look_at=keep_look if args.plots else None,
        )
    finally:
        if bar is not None:
            bar.clear()
    if args.plots:
        write_quality_page(args.out, f"{mission.title}: {recording.data_file.name}", signal)
    print(json.dumps(summary, indent=1) if args.json else as_text(summary, args.out))
    delivered = summary["frames_good"] + summary["frames_corrected"] + summary["frames_not_checked"]
    if delivered:
        return EXIT_DONE
    print(f"xband: no frame of {mission.title} found in {recording.data_file}", file=sys.stderr)
    return EXIT_NO_LOCK


class ProgressBar:
    """One line on the terminal: how far, how fast, how many frames. Drawn at most ten times a second."""

    _WIDTH = 30
    _INTERVAL_S = 0.1

    def __init__(self, duration_s: float) -> None:
        self._duration_s = duration_s
        self._began_s = self._drawn_s = time.monotonic()

    def show(self, done: int, total: int, frames: int) -> None:
        """Draws the bar. done, total: samples."""
        now_s = time.monotonic()
        if now_s - self._drawn_s < self._INTERVAL_S:
            return
        self._drawn_s = now_s
        share = done / total
        speed = share * self._duration_s / (now_s - self._began_s)
        filled = "#" * round(share * self._WIDTH)
        bar = f"[{filled:<{self._WIDTH}}] {share:4.0%}  {frames} frames  {speed:.2f} x real time"
        print(f"\r{bar}\033[K", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Takes the bar away."""
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def _rescued(by_way: dict[str, int]) -> str:
    """Frames that plain Viterbi and Reed-Solomon would have lost."""
    ways = ", ".join(f"{count} {way.replace('_', ' ')}" for way, count in by_way.items() if count)
    return f"{sum(by_way.values())} of them" + (f": {ways}" if ways else "")


def _mended(summary: dict[str, Any]) -> str:
    """What the demodulator was doing to samples and symbols at the end of the recording."""
    from xband_station.corrections import Corrections, describe, summarise

    found = Corrections.read(summary["demodulator"])
    return describe(summarise([found], found.blanked_samples / max(summary["samples"], 1)))


def as_text(summary: dict[str, Any], out_dir: Path) -> str:
    """The summary for people: signal, frames, a row for each virtual channel."""
    from xband_station.tables import format_table

    def shown(key: str, unit: str, decimals: int) -> str:
        value = summary[key]
        return "unknown" if value is None else f"{value:.{decimals}f} {unit}"

    good, corrected, bad = (summary[f"frames_{kind}"] for kind in ("good", "corrected", "uncorrectable"))
    lines = [
        f"frames    {good} good, {corrected} corrected, {bad} beyond repair",
        f"rescued   {_rescued(summary['frames_rescued'])}",
        f"signal    Es/N0 {shown('es_n0_db', 'dB', 2)}, EVM {shown('evm_percent', '%', 1)}",
        f"channel   {_channel_text(summary)}",
        f"carrier   {shown('carrier_offset_hz', 'Hz', 0)} from the centre",
        f"clock     {shown('symbol_rate_error_ppm', 'ppm', 2)} off the nominal symbol rate",
        f"lock      after {shown('first_lock_s', 's', 3)} of {summary['duration_s']:.3f} s",
        f"mended    {_mended(summary)}",
        f"speed     {summary['throughput_msym_s']:.1f} Msym/s",
        f"results   {out_dir}",
    ]
    if summary["virtual_channels"]:
        rows = [
            [
                f"{channel['vcid']} {channel['name'] or ''}".rstrip(),
                str(channel["scid"]),
                str(channel["frames"]),
                str(channel["gaps"]),
                str(channel["missing_frames"]),
                str(channel.get("packets", "-")),
            ]
            for channel in summary["virtual_channels"]
        ]
        lines += ["", format_table(["virtual channel", "SCID", "frames", "gaps", "missing", "packets"], rows)]
    return "\n".join(lines)


def _channel_text(summary: dict[str, Any]) -> str:
    """Bit errors, slips and what the Reed-Solomon code had left."""
    ber, margin = summary["channel_ber"], summary["rs_margin"]
    parts = ["bit errors unknown" if ber is None else f"bit error rate {ber:.2g}"]
    parts.append(f"{summary['phase_slips']} phase slips, {summary['bit_slips']} bit slips")
    if margin["median"] is not None:
        parts.append(f"Reed-Solomon margin {margin['median']} (worst frame {margin['least']})")
    return "; ".join(parts)


def _start_time_ns(text: str) -> int:
    from xband_core.utc import parse_utc_ns

    try:
        return parse_utc_ns(text)
    except ValueError as error:
        raise XbandError(f"--start-time: {error}") from error
