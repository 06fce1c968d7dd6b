# SPDX-License-Identifier: GPL-3.0-or-later
"""Our kernels by themselves, in one thread: ``python3 -m xband_station.bench.speed_kernels FOLDER GROUP``.

Prints one line of JSON: amounts in millions per CPU-second by name of the row. The process's SIMD target is measured
(XBAND_SIMD_TARGET). Groups: "fec" (decoders), "chain" (everything from samples to frames).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from xband_core import _core, wire
from xband_core.framing import FrameProcessor
from xband_core.mission import Mission

from . import signals
from .measure import best_rate

# Octets or soft bits a call: fits the second-level cache, and Python's cost a call vanishes.
CHUNK = 1 << 18
FRAMES_PER_BATCH = 1024
# rms of the noise that makes 3 dB of soft bits of rms 40 at Es/N0 8 dB.
NOISE_TO_3_DB = 22.0


def measure(folder: Path, group: str) -> dict[str, float]:
    """Rates of one group's rows."""
    return decoder_rates() if group == "fec" else _chain(folder)


def decoder_rates() -> dict[str, float]:
    """Of the Viterbi and Reed-Solomon decoders by themselves."""
    rates = {}
    for name, es_n0_db in (("viterbi_noisy", signals.NOISY_DB), ("viterbi_clean", signals.CLEAN_DB)):
        rates[name] = _viterbi(signals.coded_stream(es_n0_db))
    for rate in signals.PUNCTURED_RATES:
        rates[f"viterbi_{rate}"] = _punctured_viterbi(rate)
    for n_errors in (0, 16):
        code = _core.ReedSolomon(interleave=4)
        blocks = signals.spoilt_code_blocks(n_errors)
        received = blocks.reshape(-1)
        megabits = 8 * len(blocks) * code.data_len_bytes / 1e6
        rates[f"rs_{n_errors}"] = best_rate(megabits, lambda code=code, received=received: code.decode(received))
    return rates


def _viterbi(soft: npt.NDArray[np.int8]) -> float:
    """Information Mbit/s; a batch's overlaps are decoded but not counted."""
    decoder = _core.ViterbiBatch()
    step = 2 * decoder.payload_bits
    starts = range(0, len(soft) - decoder.input_soft_bits + 1, step)

    def work() -> None:
        for at in starts:
            decoder.decode(soft[at : at + decoder.input_soft_bits])

    return best_rate(len(starts) * decoder.payload_bits / 1e6, work)


def _punctured_viterbi(rate: str) -> float:
    """Information Mbit/s, erasures put in where the code sent nothing."""
    bits_in, bits_out = signals.PUNCTURED_RATES[rate]
    decoder = _core.ViterbiBatch(overlap_bits=_core.ViterbiBatch.overlap_bits_for(bits_in, bits_out))
    sent = signals.coded_stream(signals.PUNCTURED_DB, rate)
    n_sent = -(-decoder.input_soft_bits // (2 * bits_in)) * bits_out

    def work() -> None:
        decoder.decode(_core.depuncture(sent[:n_sent], rate)[: decoder.input_soft_bits])

    return best_rate(decoder.payload_bits / 1e6, work)


def _chain(folder: Path) -> dict[str, float]:
    rates = {}
    megasymbols = (signals.SYMBOLS - signals.SYMBOLS_BEFORE) / 1e6
    for waveform in signals.WAVEFORMS:
        chain = Chain(waveform, folder)
        rates[f"demod_{waveform.key}"] = best_rate(megasymbols, chain.work_off, prepare=chain.locked)
    chain = Chain(signals.SNPP, folder)
    locked = chain.locked()
    soft = chain.demodulate(locked)
    rates["decode"] = best_rate(megasymbols, lambda decoder: chain.decode(decoder, soft), prepare=chain.decoder)
    rates["iq_to_frames"] = best_rate(
        megasymbols,
        lambda both: chain.decode(both[1], chain.demodulate(both[0])),
        seconds=0.5,
        prepare=lambda: (chain.locked(), chain.decoder()),
    )
    rates["framing"] = _framing(chain.mission, np.concatenate(chain.decode(chain.decoder(), soft)))
    return rates


class Chain:
    """One recording and the kernels that receive it."""

    def __init__(self, waveform: signals.Waveform, folder: Path) -> None:
        self.mission = waveform.loaded()
        self._config = self.mission.demodulator_config(waveform.sample_rate_hz, waveform.iq_format)
        samples = np.fromfile(waveform.file(folder), np.uint8)
        before = len(samples) // signals.SYMBOLS * signals.SYMBOLS_BEFORE
        self._before, self._samples = samples[:before], samples[before:]

    def locked(self) -> _core.PskDemodulator:
        """A demodulator that has found the signal."""
        demodulator = _core.PskDemodulator(**self._config)
        demodulator.push(self._before)
        demodulator.pull()
        return demodulator

    def demodulate(self, demodulator: _core.PskDemodulator) -> list[npt.NDArray[np.int8]]:
        """Soft bits of the rest of the recording, in pieces."""
        soft = []
        for at in range(0, len(self._samples), CHUNK):
            demodulator.push(self._samples[at : at + CHUNK])
            soft.append(demodulator.pull())
        return soft

    def work_off(self, demodulator: _core.PskDemodulator) -> None:
        """demodulate() for its time alone: soft bits are dropped, as the peer's null sink does."""
        for at in range(0, len(self._samples), CHUNK):
            demodulator.push(self._samples[at : at + CHUNK])
            demodulator.pull()

    def noisy_soft(self) -> list[npt.NDArray[np.int8]]:
        """Soft bits of the rest of the recording as at an Es/N0 of 3 dB: the code is at work in every stretch."""
        rng = np.random.default_rng(3)
        soft = []
        for piece in self.demodulate(self.locked()):
            noise = rng.normal(0.0, NOISE_TO_3_DB, len(piece))
            soft.append(np.clip(np.rint(piece + noise), -127, 127).astype(np.int8))
        return soft

    def decoder(self) -> _core.FrameDecoder:
        """A decoder that has seen nothing yet."""
        return _core.FrameDecoder(**self.mission.decoder_config())

    def decode(self, decoder: _core.FrameDecoder, soft: list[npt.NDArray[np.int8]]) -> list[npt.NDArray[np.uint8]]:
        """Frame records of soft bits, in pieces."""
        records = []
        for piece in soft:
            decoder.push(piece)
            records.append(decoder.pull())
        return records


def _framing(mission: Mission, records: npt.NDArray[np.uint8]) -> float:
    """Mbit/s of CADUs: headers, counters, dates and messages as a flowgraph sends them."""
    repeated = np.concatenate([records] * (1 + 4 * FRAMES_PER_BATCH // len(records)))
    batches = [
        np.ascontiguousarray(repeated[at : at + FRAMES_PER_BATCH])
        for at in range(0, len(repeated) - FRAMES_PER_BATCH + 1, FRAMES_PER_BATCH)
    ]
    megabits = len(batches) * FRAMES_PER_BATCH * mission.cadu_len_bytes * 8 / 1e6

    def work() -> None:
        processor = FrameProcessor(mission, 33e6, 0, "bench", "bench")
        for batch in batches:
            wire.encode_batches(processor.process(batch), "bench")

    return best_rate(megabits, work)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(Path(sys.argv[1]), sys.argv[2])) + "\n")
