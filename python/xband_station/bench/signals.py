# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals of the speed benchmark, made once and kept as files for every process that measures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from xband_core import _core
from xband_core.mission import Mission, load_mission
from xband_core.simulate import SimulationSettings, make_simulator

ES_N0_DB = 8.0
# Long enough for a time to be measured, short enough to be made in a moment. The beginning does not count: finding the
# signal is done once in a pass.
SYMBOLS = 4_000_000
SYMBOLS_BEFORE = 1_000_000
# Information bits for the decoders: some batches.
CODED_BITS = 1 << 20
# Es/N0 of channel bits: where the code is at work, the same for punctured codes, and where one bit in 10^4 is wrong.
NOISY_DB, PUNCTURED_DB, CLEAN_DB = 0.0, 2.0, 8.4
PUNCTURED_RATES = {"2/3": (2, 3), "3/4": (3, 4), "5/6": (5, 6), "7/8": (7, 8)}


@dataclass(frozen=True)
class Waveform:
    """One recording. mission: whose modulation it has."""

    mission: str
    samples_per_symbol: float
    iq_format: str

    @property
    def key(self) -> str:
        """Name of the rows that are measured on it."""
        return f"{self.loaded().modulation.kind}_{self.samples_per_symbol:g}_{self.iq_format}"

    def loaded(self) -> Mission:
        """The mission's file."""
        return load_mission(self.mission)

    @property
    def sample_rate_hz(self) -> float:
        """Of the recording."""
        return self.samples_per_symbol * self.loaded().modulation.symbol_rate_hz

    def file(self, folder: Path) -> Path:
        """Where the recording lies."""
        return folder / f"{self.key}.{self.iq_format}"


SNPP = Waveform("suomi-npp", 2.2, "cs8")
NOAA_21 = Waveform("noaa-21", 2.2, "cs8")
WAVEFORMS = (
    Waveform("suomi-npp", 2.0, "cs8"),
    SNPP,
    Waveform("suomi-npp", 2.2, "cs16"),
    Waveform("suomi-npp", 2.5, "cs8"),
    Waveform("suomi-npp", 4.0, "cs8"),
    Waveform("noaa-21", 2.0, "cs8"),
    NOAA_21,
)


def write_waveforms(folder: Path) -> None:
    """Makes every recording of WAVEFORMS."""
    for waveform in WAVEFORMS:
        write_recording(waveform, SYMBOLS, waveform.file(folder))


def write_recording(waveform: Waveform, symbols: float, file: Path) -> None:
    """A recording with a carrier offset, a clock error and phase noise."""
    mission = waveform.loaded()
    simulator = make_simulator(
        mission,
        SimulationSettings(
            sample_rate_hz=waveform.sample_rate_hz,
            seconds=symbols / mission.modulation.symbol_rate_hz,
            iq_format=waveform.iq_format,
            es_n0_db=((0.0, ES_N0_DB),),
            frequency_offset_hz=20e3,
            clock_error_ppm=10.0,
            linewidth_hz=100.0,
        ),
        None,
    )
    with file.open("wb") as stream:
        while len(samples := simulator.read(1 << 20)):
            samples.tofile(stream)


def coded_stream(es_n0_db: float, rate: str | None = None) -> npt.NDArray[np.int8]:
    """Soft bits of random data behind the K=7 code, with noise. rate: of PUNCTURED_RATES, None: not punctured."""
    rng = np.random.default_rng(1)
    symbols = _core.conv_encode(rng.integers(0, 256, CODED_BITS // 8, dtype=np.uint8), False)
    if rate is not None:
        symbols = _core.puncture(symbols, rate)
    noise = rng.normal(0, 10 ** (-es_n0_db / 20) / np.sqrt(2), symbols.size)
    soft: npt.NDArray[np.int8] = np.clip(np.rint(33 * (1 - 2.0 * symbols + noise)), -127, 127).astype(np.int8)
    return soft


def spoilt_code_blocks(n_errors: int) -> npt.NDArray[np.uint8]:
    """(255,223), dual basis: 256 code blocks (n, 255, 4) of interleave 4 with n_errors in each codeword."""
    code = _core.ReedSolomon(interleave=4)
    rng = np.random.default_rng(2)
    data = rng.integers(0, 256, 256 * code.data_len_bytes, dtype=np.uint8)
    blocks: npt.NDArray[np.uint8] = code.encode(data).reshape(-1, 255, 4)
    for block in blocks:
        for codeword in range(4):
            block[rng.choice(255, n_errors, replace=False), codeword] ^= 0x5A
    return blocks
