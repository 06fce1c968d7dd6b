# SPDX-License-Identifier: GPL-3.0-or-later
"""A wide recording with a stronger signal beside the wanted one: the matched filter alone keeps it out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from xband_core import _core
from xband_core.mission import load_mission
from xband_core.simulate import SimulationSettings, make_simulator

MISSION = load_mission("suomi-npp")
SYMBOL_RATE_HZ = MISSION.modulation.symbol_rate_hz
SAMPLES_PER_SYMBOL = 20 / 3
N_SYMBOLS = 150_000
BURST_SYMBOLS = 9000


def signal(offset_norm: float, es_n0_db: float, seed: int) -> npt.NDArray[np.complex64]:
    settings = SimulationSettings(
        sample_rate_hz=SAMPLES_PER_SYMBOL * SYMBOL_RATE_HZ,
        seconds=N_SYMBOLS / SYMBOL_RATE_HZ,
        iq_format="cf32",
        es_n0_db=((0.0, es_n0_db),),
        frequency_offset_hz=offset_norm * SYMBOL_RATE_HZ,
        seed=seed,
    )
    samples = make_simulator(MISSION, settings, None).read(round(SAMPLES_PER_SYMBOL * N_SYMBOLS))
    return samples.view(np.complex64)


def frames_received(samples: npt.NDArray[np.complex64]) -> int:
    config = MISSION.demodulator_config(SAMPLES_PER_SYMBOL * SYMBOL_RATE_HZ, "cf32")
    demodulator, decoder = _core.PskDemodulator(**config), _core.FrameDecoder(**MISSION.decoder_config())
    demodulator.push(samples.astype(np.complex64))
    demodulator.flush()
    decoder.push(demodulator.pull())
    decoder.flush()
    return int(decoder.stats()["frames_good"] + decoder.stats()["frames_corrected"])


@pytest.mark.parametrize(("stronger_db", "has_bursts"), [(30.0, False), (20.0, True)])
def test_a_strong_neighbour_costs_no_frame(stronger_db: float, has_bursts: bool) -> None:
    """Two symbol rates away, steady or on and off each 0.6 ms: then the gain control follows it."""
    wanted, neighbour = signal(0.02, 5.0, seed=1), signal(2.0, 60.0, seed=2)
    gain = 10 ** (stronger_db / 20)
    if has_bursts:
        neighbour = neighbour * (np.arange(len(neighbour)) // round(BURST_SYMBOLS * SAMPLES_PER_SYMBOL) % 2)
    alone = frames_received(wanted)
    assert alone == N_SYMBOLS // 8192
    assert frames_received(wanted / gain + neighbour) == alone
