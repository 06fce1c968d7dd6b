# SPDX-License-Identifier: GPL-3.0-or-later
"""The demodulator's stages as blocks: each does its part, in portions of any size, to the last item of a stream."""

import numpy as np
import pytest
from flow import CHUNKS, random_octets, run
from gnuradio import xband

from xband_core import _core

SAMPLES_PER_SYMBOL = 2.3
ES_N0_DB = 12.0
N_SYMBOLS = 40_000


def make_signal(modulation: str, frequency_offset_hz: float = 900.0) -> tuple[np.ndarray, np.ndarray]:
    """Channel bits and their samples: 1 Msym/s, noise, and a level far from 1."""
    bits = random_octets(N_SYMBOLS * (1 if modulation == "bpsk" else 2)) & 1
    simulator = _core.SignalSimulator(
        modulation=modulation,
        sample_rate_hz=SAMPLES_PER_SYMBOL * 1e6,
        symbol_rate_hz=1e6,
        rolloff=0.5,
        iq_format="cf32",
        es_n0=[(0.0, ES_N0_DB)],
        frequency_offset_hz=frequency_offset_hz,
    )
    simulator.push_bits(bits)
    simulator.flush()
    samples = np.frombuffer(simulator.pull(1 << 30).tobytes(), np.complex64)
    return bits, np.float32(0.07) * samples


def best_agreement(soft: np.ndarray, bits: np.ndarray) -> float:
    """Share of equal bits in the likeliest upright position and symbol shift."""
    rails = 1 if bits.size == N_SYMBOLS else 2
    hard = (soft < 0).astype(np.uint8).reshape(-1, rails)
    sent = bits.reshape(-1, rails)
    turned = [hard, 1 - hard]
    if rails == 2:
        swapped = hard[:, ::-1]
        turned += [swapped ^ np.array([1, 0], np.uint8), swapped ^ np.array([0, 1], np.uint8)]
    core = slice(1000, -1000)
    return max(
        float(np.mean(np.roll(one, shift, axis=0)[: len(sent)][core] == sent[: len(one)][core]))
        for one in turned
        for shift in range(-20, 21)
    )


@pytest.mark.parametrize("max_items", CHUNKS)
@pytest.mark.parametrize("modulation", ["bpsk", "qpsk"])
def test_stages_in_a_row_are_a_demodulator(modulation, max_items):
    bits, samples = make_signal(modulation)
    timing = xband.symbol_timing_cc(modulation, SAMPLES_PER_SYMBOL)
    carrier, demapper = xband.carrier_recovery_cc(modulation), xband.soft_demapper_cb(modulation)
    soft = run([xband.agc_cc(), timing, carrier, demapper], samples, np.int8, max_items)
    assert soft.size == pytest.approx(bits.size, abs=100)
    assert best_agreement(soft, bits) > 0.999
    assert timing.is_locked()
    assert carrier.coherence() > 0.9
    assert demapper.es_n0_db() == pytest.approx(ES_N0_DB, abs=1.0)


def test_portions_do_not_matter():
    _, samples = make_signal("qpsk")
    outputs = [
        run(
            [
                xband.agc_cc(),
                xband.symbol_timing_cc("qpsk", SAMPLES_PER_SYMBOL),
                xband.carrier_recovery_cc("qpsk"),
                xband.soft_demapper_cb("qpsk"),
            ],
            samples,
            np.int8,
            max_items,
        )
        for max_items in CHUNKS
    ]
    assert all(np.array_equal(one, outputs[0]) for one in outputs)


@pytest.mark.parametrize("max_items", CHUNKS)
def test_agc_levels_one_for_one(max_items):
    _, samples = make_signal("qpsk")
    step = 11 * 4096  # where a block of constant gain begins
    steps = np.concatenate([samples[:step], np.float32(30.0) * samples[step:]])
    out = run([xband.agc_cc()], steps, np.complex64, max_items)
    assert out.size == samples.size
    for part in (out[4096:step], out[step:-4096]):
        assert np.mean(np.abs(part) ** 2) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("max_items", CHUNKS)
def test_matched_filter_has_no_delay_and_keeps_the_length(max_items):
    """Behind it QPSK without offset is a raised cosine: at two samples a symbol every second one is a clean symbol."""
    bits = random_octets(20_000) & 1
    wave = run([xband.psk_modulator("qpsk", 2.0)], bits, np.complex64)
    out = run([xband.matched_filter_cc(2.0)], wave, np.complex64, max_items)
    assert out.size == wave.size
    levels = [np.abs(out[start::2][200:-200].real) for start in (0, 1)]
    spread = sorted(np.std(one) / np.mean(one) for one in levels)
    assert spread[0] < 0.02
    assert spread[1] > 0.2


def test_noise_alone_gives_no_symbols():
    noise = np.random.default_rng(3).standard_normal(400_000).astype(np.float32).view(np.complex64)
    timing = xband.symbol_timing_cc("qpsk", SAMPLES_PER_SYMBOL)
    assert run([xband.agc_cc(), timing], noise, np.complex64).size == 0
    assert not timing.is_locked()


@pytest.mark.parametrize(
    ("make", "arguments", "named"),
    [
        (xband.symbol_timing_cc, ("8psk", 2.2), "8psk.*bpsk, qpsk, oqpsk"),
        (xband.symbol_timing_cc, ("oqpsk", 2.2), "oqpsk is not one of bpsk, qpsk"),
        (xband.matched_filter_cc, (2.2, 7.0), "7"),
        (xband.carrier_recovery_cc, ("am",), "am.*bpsk, qpsk, oqpsk"),
        (xband.soft_demapper_cb, ("am",), "am.*bpsk, qpsk, oqpsk"),
    ],
)
def test_bad_configuration_is_named(make, arguments, named):
    with pytest.raises(ValueError, match=named):
        make(*arguments)
