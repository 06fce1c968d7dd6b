# SPDX-License-Identifier: GPL-3.0-or-later
"""What the worker tells the station of itself: heartbeats, snapshots, log lines and its end, as JSON over ZeroMQ."""

from __future__ import annotations

import json
import math
import resource
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import zmq
from gnuradio import gr

from xband_core.spectrum import spectrum_db

from .flowgraph import find_blocks
from .frame_publisher import frame_publisher
from .iq_source import iq_source
from .xband_python import frame_decoder, psk_demod

CONSTELLATION_POINTS = 512
# Of psk_demod_status, as xband_station.corrections.Corrections reads them.
CORRECTION_FIELDS = (
    *("dc_dbc", "is_dc_removed", "iq_image_dbc", "is_iq_corrected", "blanked_samples", "saturated_share"),
    *("is_equaliser_active", "equaliser_gain_db"),
)
# Heartbeats are of use for seconds only: a station that is away for longer misses some.
_HIGH_WATER_MARK = 1000
_LINGER_S = 2.0


class EventSender:
    """Sends events without ever waiting for the station. Use: as a context manager, from one thread."""

    def __init__(self, endpoint: str, pass_id: str, instance: int) -> None:
        self._common = {"pass_id": pass_id, "instance": instance}
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.PUSH)
        self._socket.sndhwm = _HIGH_WATER_MARK
        self._socket.linger = int(1000 * _LINGER_S)
        self._socket.connect(endpoint)

    def __enter__(self) -> EventSender:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._context.term()

    def send(self, kind: str, **content: Any) -> bool:
        """Returns: whether there was room for it."""
        event = {"type": kind, "time_ns": time.time_ns(), **self._common, **content}
        try:
            self._socket.send(json.dumps(_finite(event)).encode(), zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True


def _finite(value: Any) -> Any:
    """The same with null for NaN and infinity, which JSON does not have."""
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def peak_memory_bytes() -> int:
    """Most memory this process has held (resident).

    Not getrusage's ru_maxrss: Linux starts that at what the parent held when it made the process.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    kibibytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return 1024 * int(kibibytes)


class Instruments:
    """Reads the counters of a flowgraph's blocks; several blocks of a kind add up, the first demodulator speaks.

    Args: top: a flowgraph that load_flowgraph() gave, instantiated; first_sample_index: of the stream's first sample.
    """

    def __init__(self, top: gr.top_block, first_sample_index: int) -> None:
        self._sources = list(find_blocks(top, iq_source).values())
        self._demods = list(find_blocks(top, psk_demod).values())
        self._decoders = list(find_blocks(top, frame_decoder).values())
        self._first_sample_index = first_sample_index
        self.publishers: Iterable[frame_publisher] = list(find_blocks(top, frame_publisher).values())

    def request_stop(self) -> None:
        """Lets the sources end, so that everything behind them is flushed."""
        for source in self._sources:
            source.request_stop()

    def source_error(self) -> str:
        """Why a source failed; empty if none did."""
        return next(filter(None, (source.error() for source in self._sources)), "")

    def counts(self) -> dict[str, Any]:
        """Body of a heartbeat."""
        decoders = [decoder.counters() for decoder in self._decoders]
        content: dict[str, Any] = {
            "first_sample_index": self._first_sample_index,
            "samples": sum(source.samples_delivered() for source in self._sources),
            "truncated_bytes": sum(source.truncated_bytes() for source in self._sources),
            "symbols": 0,
            "locked": False,
            "es_n0_db": None,
            "evm_percent": None,
            "carrier_offset_hz": None,
            "symbol_rate_error_ppm": None,
            "corrections": {},
        }
        for key in ("good", "corrected", "uncorrectable", "not_checked"):
            content[f"frames_{key}"] = sum(getattr(counters, f"frames_{key}") for counters in decoders)
        for how in ("erasures", "rs_pinned", "data_aided", "stitched"):
            content[f"frames_by_{how}"] = sum(getattr(counters, f"frames_by_{how}") for counters in decoders)
        content["phase_slips"] = sum(counters.ambiguity_changes for counters in decoders)
        content["bit_slips"] = sum(counters.bit_slips for counters in decoders)
        content["channel_bits"] = sum(counters.channel_bits for counters in decoders)
        content["channel_bit_errors"] = sum(counters.channel_bit_errors for counters in decoders)
        content["sync_losses"] = sum(counters.sync_losses for counters in decoders)
        content["frames_published"] = sum(publisher.frames_taken for publisher in self.publishers)
        content["messages_sent"] = sum(publisher.messages_sent for publisher in self.publishers)
        content["messages_dropped"] = sum(publisher.messages_dropped for publisher in self.publishers)
        content["queue_depth"] = sum(publisher.queue_depth() for publisher in self.publishers)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        content["cpu_s"] = usage.ru_utime + usage.ru_stime
        content["memory_bytes"] = peak_memory_bytes()
        if self._demods:
            status = self._demods[0].status()
            content |= {
                "symbols": status.symbols,
                "locked": status.is_locked,
                "es_n0_db": status.es_n0_db if status.is_locked else None,
                "evm_percent": status.evm_percent if status.is_locked else None,
                "carrier_offset_hz": status.carrier_offset_hz if status.is_locked else None,
                "symbol_rate_error_ppm": status.symbol_rate_error_ppm if status.is_locked else None,
                "corrections": {name: getattr(status, name) for name in CORRECTION_FIELDS},
            }
        return content

    def snapshot(self) -> dict[str, Any] | None:
        """Body of a snapshot, as xband_station.events.Snapshot."""
        if not self._demods:
            return None
        symbols = self._demods[0].recent_symbols()[-CONSTELLATION_POINTS:]
        spectrum = spectrum_db(self._demods[0].recent_samples())
        if not len(symbols) and not len(spectrum):
            return None
        points = np.round(np.column_stack((symbols.real, symbols.imag)), 4)
        return {
            "spectrum_db": [round(float(value), 2) for value in spectrum],
            "spectrum_width_hz": self._demods[0].status().band_rate_hz,
            "constellation": points.tolist(),
        }
