# SPDX-License-Identifier: GPL-3.0-or-later
"""Short signals held in memory as complex samples, so that things can be done to them before they are quantised."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from xband_core.mission import Mission
from xband_core.simulate import Fade, SignalSource, SimulationSettings, Simulator, es_n0_from_eb_n0_db
from xband_core.simulated_frames import SyntheticFrames
from xband_station.bench.reception import Bytes

Samples = npt.NDArray[np.complex64]
LEVEL = 0.25  # rms of each rail, of full scale, as the simulator sets it
GUARD_SYMBOLS = 24  # a pulse's reach and the memory of the inner code: so far around a frame it can be touched


@dataclass(frozen=True)
class Conditions:
    """What the receiver is not told. lead_in_s: noise before the first frame."""

    eb_n0_db: float
    samples_per_symbol: float = 2.2
    offset_hz: float = 75e3
    ramp_hz_s: float = 1.6e3
    clock_ppm: float = 20.0
    linewidth_hz: float = 100.0
    phase_rad: float = 0.0
    iq_swap: bool = False
    spectral_inversion: bool = False
    g2_inverted: bool = False
    lead_in_s: float = 0.0
    fades: tuple[Fade, ...] = ()
    seed: int = 1


@dataclass(frozen=True)
class Scene:
    """frame_bounds: sample positions at which the frames begin, and at which the last one ends."""

    mission: Mission
    samples: Samples
    sample_rate_hz: float
    sent: Bytes
    frame_bounds: npt.NDArray[np.float64]
    signal_power: float  # without the noise

    def with_samples(self, samples: Samples) -> Scene:
        return replace(self, samples=samples)

    def touched(self, events: list[tuple[float, float]]) -> npt.NDArray[np.bool_]:
        """Frames of which a symbol lies within one of these stretches of samples."""
        guard = GUARD_SYMBOLS * self.sample_rate_hz / self.mission.modulation.symbol_rate_hz
        touched = np.zeros(len(self.sent), np.bool_)
        for begin, end in events:
            touched |= (self.frame_bounds[:-1] < end + guard) & (self.frame_bounds[1:] > begin - guard)
        return touched


class _InvertedG2(SignalSource):
    """The other sense of the inner code's second generator, as some spacecraft send it."""

    def channel_bits(self, n_frames: int) -> npt.NDArray[np.uint8]:
        bits = super().channel_bits(n_frames)
        bits[1::2] ^= 1
        return bits


def make_scene(mission: Mission, frames: int, conditions: Conditions) -> Scene:
    """So many whole frames and the noise around them."""
    c = conditions
    settings = SimulationSettings(
        sample_rate_hz=c.samples_per_symbol * mission.modulation.symbol_rate_hz,
        seconds=(frames + 0.5) / mission.frame_rate_hz,
        iq_format="cf32",
        es_n0_db=((0.0, es_n0_from_eb_n0_db(mission, c.eb_n0_db)),),
        frequency_offset_hz=c.offset_hz,
        frequency_ramp_hz_s=c.ramp_hz_s,
        clock_error_ppm=c.clock_ppm,
        linewidth_hz=c.linewidth_hz,
        iq_swap=c.iq_swap,
        spectral_inversion=c.spectral_inversion,
        fades=c.fades,
        seed=c.seed,
    )
    source_type = _InvertedG2 if c.g2_inverted else SignalSource
    source = source_type(mission, SyntheticFrames(mission, c.seed))
    simulator = Simulator(source, settings)
    assert simulator.n_samples is not None
    signal = simulator.read(simulator.n_samples).view(np.complex64)
    es_n0_db = settings.es_n0_db[0][1]
    noise_to_signal = c.samples_per_symbol * 10 ** (-es_n0_db / 10)
    signal_power = 2 * LEVEL**2 / (1 + noise_to_signal)
    n_lead = round(c.lead_in_s * settings.sample_rate_hz)
    rng = np.random.default_rng([c.seed, 3])
    lead = complex_noise(rng, n_lead, signal_power * noise_to_signal)
    samples = np.concatenate([lead, signal * np.complex64(np.exp(1j * c.phase_rad))])
    sent = SyntheticFrames(mission, c.seed).take(simulator.frames_sent())
    before_first = -0.5 - simulator.symbol_time(0)  # symbols
    per_sample = (simulator.symbol_time(1 << 20) - simulator.symbol_time(0)) / (1 << 20)
    bounds = n_lead + (np.arange(len(sent) + 1) * source.symbols_per_frame + before_first) / per_sample
    return Scene(mission, samples, settings.sample_rate_hz, sent, bounds, signal_power)


def complex_noise(rng: np.random.Generator, n: int, power: float) -> Samples:
    """White noise of this mean power."""
    pairs = rng.standard_normal(2 * n, np.float32) * np.float32(math.sqrt(power / 2))
    return pairs.view(np.complex64)
