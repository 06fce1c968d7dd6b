# SPDX-License-Identifier: GPL-3.0-or-later
"""The peer modulator against theory: what the receiver is judged with must itself be right."""

import math

import numpy as np
import pytest
from genie import genie_symbols
from modulator import encode_cadus, modulate, nrz_m

SAMPLE_RATE_HZ = 33e6


@pytest.mark.parametrize(
    ("modulation", "samples_per_symbol", "es_n0_db", "quantise"),
    [
        ("bpsk", math.pi, 4.0, "cf32"),
        ("qpsk", 33 / 15, 6.0, "cf32"),
        ("qpsk", 2 * math.sqrt(2), 9.0, "cs16"),
        ("oqpsk", 2.0, 7.0, "cs8"),
    ],
)
def test_symbol_errors_behind_a_genie_match_theory(modulation, samples_per_symbol, es_n0_db, quantise):
    n_symbols = 60_000
    rails = 1 if modulation == "bpsk" else 2
    bits = np.random.default_rng(5).integers(0, 2, rails * n_symbols, dtype=np.uint8)
    samples = modulate(
        bits,
        modulation,
        samples_per_symbol,
        sample_rate_hz=SAMPLE_RATE_HZ,
        clock_ppm=40.0,
        es_n0_db=es_n0_db,
        quantise=quantise,
        seed=7,
    )
    if quantise != "cf32":
        samples = samples[0::2] + 1j * samples[1::2]
    delay = 0.5 if modulation == "oqpsk" else 0.0
    decided = [genie_symbols(samples, n_symbols, samples_per_symbol, clock_ppm=40.0).real < 0]
    if rails == 2:
        decided.append(genie_symbols(samples, n_symbols, samples_per_symbol, clock_ppm=40.0, delay=delay).imag < 0)
    errors = np.count_nonzero(np.stack(decided, 1).ravel() != bits)
    ebit_n0 = 10 ** (es_n0_db / 10) / rails
    expected = 0.5 * math.erfc(math.sqrt(ebit_n0)) * len(bits)
    assert expected > 80
    assert abs(errors - expected) < 4 * math.sqrt(expected)


def test_noise_free_symbols_come_back_without_isi():
    bits = np.random.default_rng(1).integers(0, 2, 4000, dtype=np.uint8)
    samples = modulate(bits, "qpsk", 2.37, sample_rate_hz=SAMPLE_RATE_HZ, level=None)
    symbols = genie_symbols(samples, 2000, 2.37)
    wanted = ((1.0 - 2 * bits[0::2]) + 1j * (1.0 - 2 * bits[1::2])) / math.sqrt(2)
    assert np.sqrt(np.mean(np.abs(symbols - wanted) ** 2)) < 2e-3


def test_convolutional_code_answers_an_impulse_with_its_generators():
    coded = encode_cadus(b"\x80\x00", differential="none")
    assert [int("".join(map(str, coded[rail:14:2])), 2) for rail in (0, 1)] == [0o171, 0o133]
    inverted = encode_cadus(b"\x80\x00", differential="none", g2_inverted=True)
    assert np.array_equal(inverted[1::2], 1 - coded[1::2])


def test_nrz_m_changes_level_for_a_one():
    assert nrz_m(np.array([1, 0, 1, 1, 0], np.uint8)).tolist() == [1, 1, 0, 1, 1]


def test_carrier_stands_where_it_was_put_and_mirrors():
    bits = np.zeros(8000, np.uint8)  # a constant symbol is a bare carrier
    for mirrored in (False, True):
        samples = modulate(
            bits, "bpsk", 2.5, sample_rate_hz=10e6, offset_hz=123e3, ramp_hz_s=2e6, iq_swap=mirrored, level=None
        )[1000:-1000]
        turns = np.angle(samples[1:] * samples[:-1].conj()) / (2 * math.pi) * 10e6
        middle_s = (1000 + len(samples) / 2) / 10e6
        assert np.mean(turns) == pytest.approx((-1 if mirrored else 1) * (123e3 + 2e6 * middle_s), abs=20)


def test_wiener_phase_grows_by_two_pi_linewidth_per_second():
    samples = modulate(
        np.zeros(400_000, np.uint8), "bpsk", 2.0, sample_rate_hz=1e6, linewidth_hz=500.0, seed=3, level=None
    )[100:-100]
    steps = np.diff(np.unwrap(np.angle(samples))[::100])
    assert np.var(steps) == pytest.approx(2 * math.pi * 500 * 100 / 1e6, rel=0.06)
