# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording to frames on disk: demodulation in one thread, decoding and writing in another, a short queue between."""

from __future__ import annotations

import contextlib
import math
import queue
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ._core import FrameDecoder, PskDemodulator
from .errors import XbandError
from .framing import FrameProcessor
from .mission import Mission
from .recording import SAMPLE_LEN_BYTES, Recording
from .utc import format_utc_ns
from .writers import PassWriter

# Large enough that Python's cost per block vanishes, small enough for the caches and a lively progress bar.
BLOCK_LEN_SAMPLES = 1 << 18
# Blocks that may wait between the threads: the demodulator works on while a batch of frames is written.
QUEUE_LEN_BLOCKS = 16
# Frames that are looked at and written together: a batch costs Python some milliseconds however small it is.
BATCH_FRAMES = 1024
SWITCH_INTERVAL_S = 1e-4

Progress = Callable[[int, int, int], None]


@dataclass(frozen=True)
class _SoftBlock:
    """What the demodulator made of one block of samples. marks: as ``PskDemodulator.pull_marks`` gives them."""

    soft: npt.NDArray[np.int8]
    marks: npt.NDArray[np.void]
    n_samples: int
    is_last: bool = False


def decode_recording(
    recording: Recording,
    mission: Mission,
    out_dir: Path | str,
    *,
    frequency_offset_hz: float | None = None,
    cadus: bool = False,
    start_time_ns: int | None = None,
    progress: Progress | None = None,
    look_at: Callable[[Any], None] | None = None,
) -> dict[str, Any]:
    """Decodes a recording into ``out_dir`` (see :class:`~xband_core.writers.PassWriter`). Same input, same output.

    Args: frequency_offset_hz: where the carrier is beside the recording's centre; None: by the frequencies of
    recording and mission if they are near, else 0, and in a recording of more than 4 samples a symbol anywhere;
    start_time_ns: UTC of the first sample, None: what the recording says; progress: called with samples done, samples
    in all and frames found; look_at: called with the demodulator after each block, in
    its thread.
    Returns: the content of summary.json.
    Raises: XbandError: mission and recording do not fit, the recording cannot be read, the results cannot be written.
    """
    offset_hz = expected_offset_hz(recording, mission) if frequency_offset_hz is None else frequency_offset_hz
    demodulator, decoder = _make_chain(recording, mission, offset_hz, search_band=frequency_offset_hz is None)
    told_by = "unknown" if recording.start_time_ns is None else "file"
    if start_time_ns is None:
        start_time_ns = recording.start_time_ns
    else:
        told_by = "user"
    processor = FrameProcessor(mission, recording.sample_rate_hz, start_time_ns, told_by, recording.data_file.name)
    began_s = time.monotonic()
    writer = PassWriter(out_dir, processor, cadus)
    done = 0
    with _quick_switching(), contextlib.closing(_demodulate(demodulator, recording, look_at)) as blocks:
        for block in blocks:
            decoder.mark(block.marks)
            decoder.push(block.soft)
            if block.is_last:
                decoder.flush()
            if decoder.available() >= BATCH_FRAMES or block.is_last:
                records = decoder.pull()
                if len(records):
                    writer.write(processor.process(records))
            done += block.n_samples
            if progress is not None:
                progress(done, recording.n_samples, writer.summary.frames_delivered)
    elapsed_s = time.monotonic() - began_s
    facts = _facts(recording, mission, start_time_ns, told_by, offset_hz, elapsed_s)
    return writer.finish({**facts, "demodulator": _figures(demodulator), "decoder": decoder.stats()})


def expected_offset_hz(recording: Recording, mission: Mission) -> float:
    """Carrier offset by the book: 0 for recordings at an intermediate frequency or without a frequency."""
    if recording.centre_frequency_hz is None:
        return 0.0
    offset_hz = mission.centre_frequency_hz - recording.centre_frequency_hz
    return offset_hz if abs(offset_hz) < recording.sample_rate_hz / 2 else 0.0


def _make_chain(recording: Recording, mission: Mission, offset_hz: float, search_band: bool) -> tuple[Any, Any]:
    config = mission.demodulator_config(recording.sample_rate_hz, recording.iq_format, offset_hz)
    try:
        demodulator = PskDemodulator(**config, search_band=search_band)
        return demodulator, FrameDecoder(**mission.decoder_config())
    except ValueError as error:  # the kernels name the field, its value and the limit
        rates = f"{recording.sample_rate_hz:g} samples/s, {mission.modulation.symbol_rate_hz:g} symbols/s"
        raise XbandError(f"{recording.data_file} does not fit mission {mission.name} ({rates}): {error}") from error


@contextlib.contextmanager
def _quick_switching() -> Iterator[None]:
    """Lets the demodulator's thread have the interpreter soon when it asks for it.

    It does so a thousand times a second, each time for moments. By Python's default it would wait 5 ms while the other
    thread writes frames, and on a fast link the kernels would stand still half of that time.
    """
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        yield
    finally:
        sys.setswitchinterval(usual_s)


def _demodulate(
    demodulator: Any, recording: Recording, look_at: Callable[[Any], None] | None
) -> Generator[_SoftBlock, None, None]:
    """Demodulates in a thread of its own (the kernels release the interpreter) and yields in order.

    Closing the generator stops the thread; an error in the thread is raised here.
    """
    blocks: queue.Queue[_SoftBlock | Exception] = queue.Queue(QUEUE_LEN_BLOCKS)
    stop = threading.Event()
    worker = threading.Thread(
        target=_run_demodulator, args=(demodulator, recording, blocks, stop, look_at), name="demodulator", daemon=True
    )
    worker.start()
    try:
        while True:
            block = blocks.get()
            if isinstance(block, Exception):
                raise block
            yield block
            if block.is_last:
                return
    finally:
        stop.set()
        while worker.is_alive():  # it may be waiting for room
            with contextlib.suppress(queue.Empty):
                blocks.get(timeout=0.05)


def _run_demodulator(
    demodulator: Any,
    recording: Recording,
    blocks: queue.Queue[_SoftBlock | Exception],
    stop: threading.Event,
    look_at: Callable[[Any], None] | None,
) -> None:
    sample_len = SAMPLE_LEN_BYTES[recording.iq_format]
    try:
        for samples in recording.blocks(BLOCK_LEN_SAMPLES):
            if stop.is_set():
                return
            demodulator.push(samples)
            if look_at is not None:
                look_at(demodulator)
            blocks.put(_SoftBlock(demodulator.pull(), demodulator.pull_marks(), len(samples) // sample_len))
        demodulator.flush()
        blocks.put(_SoftBlock(demodulator.pull(), demodulator.pull_marks(), 0, is_last=True))
    except Exception as error:  # noqa: BLE001 - nothing is lost: the other thread raises it
        blocks.put(error)


def _facts(
    recording: Recording,
    mission: Mission,
    start_time_ns: int | None,
    clock_quality: str,
    offset_hz: float,
    elapsed_s: float,
) -> dict[str, Any]:
    """What the summary says about the run. The rate counts all of the recording, also where nothing was received."""
    symbols = recording.duration_s * mission.modulation.symbol_rate_hz
    return {
        "recording": recording.data_file.name,
        "iq_format": recording.iq_format,
        "sample_rate_hz": recording.sample_rate_hz,
        "samples": recording.n_samples,
        "duration_s": round(recording.duration_s, 6),
        "start_time_utc": None if start_time_ns is None else format_utc_ns(start_time_ns),
        "clock_quality": clock_quality,
        "frequency_offset_hz": offset_hz,
        "decode_time_s": round(elapsed_s, 3),
        "throughput_msym_s": round(symbols / elapsed_s / 1e6, 3),
    }


def _figures(demodulator: Any) -> dict[str, Any]:
    """Counters of the demodulator, with null for what it does not know."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in demodulator.stats().items()
    }
