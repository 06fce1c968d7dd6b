# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator's samples against the peer modulator, which shares no code with it, and against theory."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from genie import genie_symbols
from modulator import modulate
from simulations import SAMPLE_RATE_HZ, simulator

from xband_core import _core
from xband_core.errors import OutputError
from xband_core.records import HEADER_LEN_BYTES
from xband_core.simulate import write_recording
from xband_core.simulated_frames import SimulationError, SyntheticFrames


def random_bits(n: int) -> np.ndarray:
    return np.random.default_rng(11).integers(0, 2, n, dtype=np.uint8)


def kernel_samples(bits: np.ndarray, samples_per_symbol: float, **settings) -> np.ndarray:
    """All samples of some bits as complex numbers."""
    signal = _core.SignalSimulator(
        sample_rate_hz=SAMPLE_RATE_HZ, symbol_rate_hz=SAMPLE_RATE_HZ / samples_per_symbol, iq_format="cf32", **settings
    )
    signal.push_bits(bits)
    signal.flush()
    return signal.pull(1 << 40).view(np.complex64)


@pytest.mark.parametrize("modulation", ["bpsk", "qpsk", "oqpsk"])
@pytest.mark.parametrize("samples_per_symbol", [1.8, 2.2, math.pi])
@pytest.mark.parametrize("mirrors", [(False, False), (True, False), (False, True)])
def test_noise_free_samples_equal_the_peer(modulation, samples_per_symbol, mirrors) -> None:
    bits = random_bits(6000)
    iq_swap, spectral_inversion = mirrors
    ours = kernel_samples(
        bits, samples_per_symbol, modulation=modulation, clock_error_ppm=50.0, frequency_offset_hz=-150e3,
        frequency_ramp_hz_s=3e6, phase_rad=1.0, iq_swap=iq_swap, spectral_inversion=spectral_inversion,
    )  # fmt: skip
    theirs = modulate(
        bits, modulation, samples_per_symbol, sample_rate_hz=SAMPLE_RATE_HZ, clock_ppm=50.0, offset_hz=-150e3,
        ramp_hz_s=3e6, phase_rad=1.0, iq_swap=iq_swap, spectral_inversion=spectral_inversion,
    )  # fmt: skip
    n = min(len(ours), len(theirs))
    assert abs(len(ours) - len(theirs)) < 2 * samples_per_symbol
    error = np.sqrt(np.mean(np.abs(ours[:n] - theirs[:n]) ** 2)) / np.sqrt(np.mean(np.abs(theirs[:n]) ** 2))
    assert error < 1e-3


@pytest.mark.parametrize("es_n0_db", [3.0, 6.0])
def test_symbol_errors_behind_a_genie_match_theory(es_n0_db: float) -> None:
    bits = random_bits(120_000)
    samples = kernel_samples(bits, 2.2, modulation="qpsk", es_n0=[(0.0, es_n0_db)], seed=5)
    symbols = genie_symbols(samples, len(bits) // 2, 2.2)
    decided = np.stack([symbols.real < 0, symbols.imag < 0], 1).ravel()
    expected = 0.5 * math.erfc(math.sqrt(10 ** (es_n0_db / 10) / 2)) * len(bits)
    assert abs(np.count_nonzero(decided != bits) - expected) < 4 * math.sqrt(expected)


def test_kernel_refuses_what_it_cannot_do() -> None:
    good = {"modulation": "qpsk", "sample_rate_hz": 33e6, "symbol_rate_hz": 15e6}
    for change, message in [
        ({"modulation": "8psk"}, "modulation '8psk' not in bpsk, oqpsk, qpsk"),
        ({"iq_format": "u8"}, "iq_format 'u8' not in cf32, cs16, cs8"),
        ({"frequency_plan": [(5, [0.0]), (5, [0.0])]}, "start_sample 5 not in ascending order"),
        ({"frequency_plan": [(0, [0.0] * 7)]}, "7 coefficients"),
        ({"symbol_rate_hz": 33e6}, "samples_per_symbol 1.0"),
    ]:
        with pytest.raises(ValueError, match=message):
            _core.SignalSimulator(**good | change)
    with pytest.raises(TypeError):
        _core.SignalSimulator(**good).push_bits(np.zeros(4, np.int64))


def test_portions_do_not_matter_but_the_seed_does() -> None:
    settings = {"es_n0_db": ((0.0, 5.0),), "linewidth_hz": 100.0, "frequency_offset_hz": 20e3}
    whole = simulator(**settings).read(10**9)
    one = simulator(**settings)
    portions = [one.read(n) for n in (1, 127, 128, 5000, 0, 77_777, 10**9)]
    assert np.array_equal(np.concatenate(portions), whole)
    assert not np.array_equal(simulator(**settings, seed=2).read(10**9), whole)


def test_truth_counts_the_frames_that_are_wholly_sent() -> None:
    made = simulator(seconds=0.02, clock_error_ppm=-40.0)
    made.read(10**9)
    truth = made.truth()
    symbols = made.position * 15e6 * (1 - 40e-6) / SAMPLE_RATE_HZ - 16
    assert truth["frames_sent"] == int(symbols / 8192) == sum(v["frames"] for v in truth["virtual_channels"].values())
    assert truth["samples"] == 660_000
    for channel in truth["virtual_channels"].values():
        assert channel["last_count"] - channel["first_count"] == channel["frames"] - 1
    assert json.loads(json.dumps(truth))["mission"] == "suomi-npp"


def test_the_signal_ends_with_its_last_whole_frame() -> None:
    made = simulator(iq_format="cf32")
    samples = made.read(10**9).view(np.complex64)
    end = round((made.frames_sent() * 8192 + 40) * 2.2)
    assert made.frames_sent() == 9
    assert np.abs(samples[end - 200 : end - 100]).max() > 0.1
    assert np.abs(samples[end:]).max() == 0.0
    assert len(samples) - end > 2000


@pytest.mark.parametrize("mission", ["suomi-npp", "noaa-21", "aqua"])
def test_every_frame_comes_back_from_the_receiver(mission: str) -> None:
    made = simulator(mission, seconds=0.05, sample_rate_hz=60e6, es_n0_db=((0.0, 12.0),), frequency_offset_hz=90e3)
    demodulator = _core.PskDemodulator(**made.mission.demodulator_config(60e6, "cs8"))
    decoder = _core.FrameDecoder(**made.mission.decoder_config())
    demodulator.push(made.read(10**9))
    demodulator.flush()
    decoder.push(demodulator.pull())
    decoder.flush()
    frame_len = made.mission.framing.frame_len_bytes
    frames = decoder.pull()[:, HEADER_LEN_BYTES : HEADER_LEN_BYTES + frame_len]
    assert np.array_equal(frames, SyntheticFrames(made.mission, seed=1).take(made.frames_sent()))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seconds": 0.0}, "seconds 0 "),
        ({"seconds": math.nan}, "seconds nan"),
        ({"seconds": 0.0005}, "seconds 0.0005 is shorter than one frame of suomi-npp"),
        ({"sample_rate_hz": -1.0}, "sample_rate_hz -1 "),
        ({"sample_rate_hz": 15e6}, "samples_per_symbol 1.0"),
        ({"seed": -1}, "seed -1"),
        ({"es_n0_db": ((0.0, math.inf),)}, "es_n0_db inf"),
        ({"linewidth_hz": 1e9}, "linewidth_hz 1000000000"),
    ],
)
def test_settings_out_of_range_are_refused(change, message: str) -> None:
    with pytest.raises(SimulationError, match=message):
        simulator(**change)


@pytest.mark.parametrize(
    ("iq_format", "datatype", "size"), [("cs8", "ci8", 2), ("cs16", "ci16_le", 4), ("cf32", "cf32_le", 8)]
)
def test_recording_is_a_sigmf_pair(tmp_path, iq_format: str, datatype: str, size: int) -> None:
    data = write_recording(
        tmp_path / "one.sigmf-meta", simulator(iq_format=iq_format, first_sample_time_ns=1_784_686_491_887_000_000)
    )
    assert data == tmp_path / "one.sigmf-data"
    assert data.read_bytes() == simulator(iq_format=iq_format).read(10**9).tobytes()
    assert data.stat().st_size == 165_000 * size
    meta = json.loads((tmp_path / "one.sigmf-meta").read_text())
    assert meta["global"]["core:datatype"] == datatype
    assert meta["global"]["core:sample_rate"] == SAMPLE_RATE_HZ
    assert meta["captures"][0]["core:datetime"] == "2026-07-22T02:14:51.887000Z"
    assert meta["annotations"][0]["xband:truth"]["frames_sent"] == 9
    assert sorted(file.name for file in tmp_path.iterdir()) == ["one.sigmf-data", "one.sigmf-meta"]


def test_raw_recording_is_named_in_its_description(tmp_path) -> None:
    assert write_recording(tmp_path / "one.cs8", simulator()) == tmp_path / "one.cs8"
    assert json.loads((tmp_path / "one.sigmf-meta").read_text())["global"]["core:dataset"] == "one.cs8"


def test_a_recording_that_fails_leaves_nothing(tmp_path) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match=r"one.cs8: No space left"):
        write_recording(tmp_path / "one.cs8", simulator(), fail)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OutputError, match="No such file"):
        write_recording(tmp_path / "none" / "one.cs8", simulator())
    with pytest.raises(SimulationError, match="needs an end"):
        write_recording(tmp_path / "one.cs8", simulator(seconds=None))
