# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths that are not flat: their impulse response, and the samples behind it."""

from __future__ import annotations

import numpy as np
import pytest
from simulations import simulator

from xband_core.channel_response import ChannelResponse, Echo
from xband_core.simulated_frames import SimulationError

ROLLOFF = 0.5
PATHS = {
    "echo": ChannelResponse(echoes=(Echo(1.3, -6.0, 60.0), Echo(-4.7, -12.0, 200.0))),
    "tilt": ChannelResponse(tilt_db=-3.0),
    "ripple": ChannelResponse(ripple_db=1.0, ripple_period_norm=0.2),
    "filter": ChannelResponse(filter_width_norm=1.1, filter_order=6),
}


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("samples_per_symbol", [1.8, 2.2, 4.0])
def test_the_taps_make_the_response(name: str, samples_per_symbol: float) -> None:
    path = PATHS[name]
    taps = path.taps(samples_per_symbol, ROLLOFF)
    frequency = np.linspace(-0.74, 0.74, 201)
    index = np.arange(len(taps)) - len(taps) // 2
    made = np.exp(-2j * np.pi * np.outer(frequency / samples_per_symbol, index)) @ taps
    wanted = path.at(frequency, ROLLOFF) / np.sqrt(path.mean_power(ROLLOFF))
    assert np.abs(made - wanted).max() < 0.005


def test_levels_are_what_they_are_called() -> None:
    edges = np.array([-0.75, 0.75])
    tilt_db = 20 * np.log10(np.abs(ChannelResponse(tilt_db=3.0).at(edges, ROLLOFF)))
    assert tilt_db[1] - tilt_db[0] == pytest.approx(3.0)
    ripple_db = 20 * np.log10(np.abs(ChannelResponse(ripple_db=1.0).at(np.linspace(-0.5, 0.5, 1001), ROLLOFF)))
    assert np.ptp(ripple_db) == pytest.approx(1.0, abs=0.01)
    filtered = ChannelResponse(filter_width_norm=1.2, filter_order=4).at(np.array([0.0, 0.6]), ROLLOFF)
    assert 20 * np.log10(np.abs(filtered)) == pytest.approx([0.0, -3.0], abs=0.02)
    echo = ChannelResponse(echoes=(Echo(1.0, -20.0, 0.0),)).at(np.array([0.0, 0.5]), ROLLOFF)
    assert np.abs(echo) == pytest.approx([1.1, 0.9])


@pytest.mark.parametrize("name", PATHS)
def test_the_signal_keeps_power_and_place_in_any_portions(name: str) -> None:
    flat = simulator(seconds=0.002, iq_format="cf32").read(10**9).view(np.complex64)
    made = simulator(seconds=0.002, iq_format="cf32", path=PATHS[name])
    whole = made.read(10**9).view(np.complex64)
    middle = slice(5000, 50000)
    assert np.mean(np.abs(whole[middle]) ** 2) == pytest.approx(np.mean(np.abs(flat[middle]) ** 2), rel=0.02)
    lags = range(-6, 7)
    likeness = [abs(np.vdot(flat[middle], np.roll(whole, -lag)[middle])) for lag in lags]
    assert abs(lags[int(np.argmax(likeness))]) <= 1
    cut = simulator(seconds=0.002, iq_format="cf32", path=PATHS[name])
    portions = [cut.read(n) for n in (1, 7, 4096, 1000, 30001, 10**9)]
    assert np.array_equal(np.concatenate(portions).view(np.complex64), whole)


def test_no_path_is_the_very_same_signal() -> None:
    assert ChannelResponse().taps(2.2, ROLLOFF).size == 0
    plain, flat = simulator(seconds=0.002), simulator(seconds=0.002, path=ChannelResponse())
    assert np.array_equal(plain.read(10**9), flat.read(10**9))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"echoes": (Echo(13.0, -6.0, 0.0),)}, "multipath delay_symbols 13 is not within -12 to 12"),
        ({"echoes": (Echo(1.0, 30.0, 0.0),)}, "multipath level_db 30"),
        ({"tilt_db": 50.0}, "tilt_db 50"),
        ({"ripple_db": 1.0, "ripple_period_norm": 0.01}, "ripple period 0.01"),
        ({"filter_width_norm": 0.1}, "band filter width 0.1"),
        ({"filter_width_norm": 1.0, "filter_order": 20}, "band filter order 20"),
    ],
)
def test_what_cannot_be_is_named(settings: dict, message: str) -> None:
    with pytest.raises(SimulationError, match=message):
        ChannelResponse(**settings)
