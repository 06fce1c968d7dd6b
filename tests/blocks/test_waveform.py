# SPDX-License-Identifier: GPL-3.0-or-later
"""Modulator, Doppler corrector and demodulator as blocks: the same samples and soft bits as their kernels give."""

import os
import subprocess
import sys

import numpy as np
import pmt
import pytest
from flow import CHUNKS, memory_file, random_octets, run
from gnuradio import blocks, gr, xband

from xband_core import _core

SIGNAL = {"modulation": "qpsk", "sample_rate_hz": 2.3e6, "symbol_rate_hz": 1.0e6, "rolloff": 0.5}
N_SYMBOLS = 60_000


def make_signal(iq_format: str) -> np.ndarray:
    """Some tens of thousands of QPSK symbols at 12 dB, as raw bytes."""
    simulator = _core.SignalSimulator(**SIGNAL, iq_format=iq_format, es_n0=[(0.0, 12.0)], frequency_offset_hz=900.0)
    simulator.push_bits(random_octets(2 * N_SYMBOLS) & 1)
    simulator.flush()
    return simulator.pull(10 * N_SYMBOLS)


def kernel_output(samples: np.ndarray, iq_format: str) -> tuple[np.ndarray, list[tuple]]:
    kernel = _core.PskDemodulator(**SIGNAL, iq_format=iq_format)
    kernel.push(samples)
    kernel.flush()
    return kernel.pull(), kernel.pull_marks().tolist()


@pytest.mark.parametrize("max_items", CHUNKS)
@pytest.mark.parametrize("iq_format", ["cs8", "cs16", "cf32"])
def test_demodulator_gives_the_kernels_soft_bits(iq_format, max_items):
    samples = make_signal(iq_format)
    expected, _ = kernel_output(samples, iq_format)
    block = xband.psk_demod(**SIGNAL, iq_format=iq_format)
    assert np.array_equal(run([block], samples, np.int8, max_items), expected)
    status = block.status()
    assert status.is_locked
    assert status.samples == samples.nbytes // {"cs8": 2, "cs16": 4, "cf32": 8}[iq_format]
    assert 2 * status.symbols == expected.size > 2 * (N_SYMBOLS - 100)
    assert status.es_n0_db == pytest.approx(12.0, abs=1.0)
    assert status.carrier_offset_hz == pytest.approx(900.0, abs=50.0)
    assert block.recent_symbols().size > 0
    assert block.recent_samples().dtype == np.complex64


@pytest.mark.parametrize("mode", ["off", "auto", "on"])
def test_the_equaliser_is_seen_at_work(mode):
    path = [0.0] * 7 + [1.0, 0.0, 0.0, 0.3 + 0.3j, 0.0, 0.0, 0.0, 0.0]  # an echo of -7.5 dB, 1.3 symbols late
    simulator = _core.SignalSimulator(**SIGNAL, iq_format="cs8", es_n0=[(0.0, 12.0)], path=path)
    simulator.push_bits(random_octets(2 * N_SYMBOLS) & 1)
    simulator.flush()
    block = xband.psk_demod(**SIGNAL, iq_format="cs8", equaliser=mode)
    run([block], simulator.pull(10 * N_SYMBOLS), np.int8, CHUNKS[0])
    status = block.status()
    assert status.is_equaliser_active == (mode != "off")
    assert block.recent_taps().size == (25 if mode != "off" else 0)
    assert (status.equaliser_gain_db > 2.0) == (mode != "off")
    assert np.isnan(status.isi_db) if mode == "off" else status.isi_db == pytest.approx(-7.5, abs=1.5)


@pytest.mark.parametrize("mode", ["off", "auto"])
def test_the_conditioner_is_seen_at_work(mode):
    values = make_signal("cs8").view(np.int8).reshape(-1, 2).astype(int)
    values[:, 0] += 30
    values[50_000:50_100] = 127
    block = xband.psk_demod(**SIGNAL, iq_format="cs8", conditioner=mode)
    run([block], np.clip(values, -128, 127).astype(np.int8).ravel(), np.int8, CHUNKS[0])
    status = block.status()
    assert status.dc_dbc > -20.0
    assert status.is_dc_removed == (mode == "auto")
    assert not status.is_iq_corrected
    assert status.iq_image_dbc < -30.0
    assert (status.blanked_samples > 0) == (mode == "auto")
    assert status.saturated_share < 0.05


def test_an_unknown_equaliser_is_refused():
    with pytest.raises(ValueError, match="equaliser 'maybe' is not one of off, auto, on"):
        xband.psk_demod(**SIGNAL, equaliser="maybe")


def test_clock_marks_are_tags_at_their_symbol():
    samples = make_signal("cs8")
    _, marks = kernel_output(samples, "cs8")
    sink = blocks.vector_sink_b()
    top = gr.top_block("tags", catch_exceptions=False)
    top.connect(xband.fd_source(fd=memory_file(samples.tobytes()), item_size_bytes=2), xband.psk_demod(**SIGNAL), sink)
    top.run()
    tags = sorted(sink.tags(), key=lambda tag: tag.offset)
    assert len(tags) == len(marks) > 10
    for tag, (first_symbol, *fields) in zip(tags, marks, strict=True):
        assert pmt.symbol_to_string(tag.key) == "xband_mark"
        assert tag.offset == 2 * first_symbol
        assert np.array_equal(pmt.f64vector_elements(tag.value), np.array(fields, float), equal_nan=True)


def quality_messages(max_items: int) -> tuple[list[dict], list[dict]]:
    """What demodulator and decoder say of a signal that begins in the middle and ends before the samples do."""
    signal = make_signal("cs8")
    silence = np.random.default_rng(2).integers(-20, 21, signal.size // 2).astype(np.int8).view(signal.dtype)
    samples = np.concatenate([silence, *[signal] * 4, silence])
    logs = [blocks.message_debug(), blocks.message_debug()]
    demod, decoder = xband.psk_demod(**SIGNAL), xband.frame_decoder()
    top = gr.top_block("quality", catch_exceptions=False)
    source = xband.fd_source(fd=memory_file(samples.tobytes()), item_size_bytes=2)
    top.connect(source, demod, decoder, blocks.null_sink(decoder.record_stride()))
    top.msg_connect(demod, "quality", logs[0], "store")
    top.msg_connect(decoder, "quality", logs[1], "store")
    top.run(max_items) if max_items else top.run()
    return tuple([pmt.to_python(log.get_message(i)) for i in range(log.num_messages())] for log in logs)


@pytest.mark.parametrize("max_items", CHUNKS)
def test_quality_comes_ten_times_a_second_of_signal_the_same_in_every_run(max_items):
    of_signal, of_frames = quality_messages(max_items)
    interval_samples = round(SIGNAL["sample_rate_hz"] / 10)
    counts = [report["samples"] for report in of_signal]
    assert [count // interval_samples for count in counts[:-1]] == list(range(1, len(counts)))
    assert len(counts) > 3
    assert set(of_signal[0]) >= {"evm_percent", "coherence", "phase_memory_symbols", "level_dbfs", "isi_db"}
    found = [report for report in of_signal if report["is_locked"]]
    assert found
    assert found[-1]["es_n0_db"] == pytest.approx(12.0, abs=0.5)
    assert found[-1]["evm_percent"] == pytest.approx(25.1, abs=1.5)
    assert len(of_frames) >= 2
    assert of_frames[-1]["soft_bits_in"] == 2 * of_signal[-1]["symbols"]
    assert {"frames_good", "ambiguity_changes", "channel_ber", "rs_margin", "frames_by_erasures"} <= set(of_frames[0])
    assert repr((of_signal, of_frames)) == repr(quality_messages(0))


def test_frequency_plan_is_taken_out():
    plan = [(0, [40e3, -3e3]), (70_000, [39e3, 0.0, 500.0])]
    simulator = _core.SignalSimulator(**SIGNAL, frequency_plan=plan, centre_frequency_hz=8e9, es_n0=[(0.0, 12.0)])
    simulator.push_bits(random_octets(2 * N_SYMBOLS) & 1)
    simulator.flush()
    samples = simulator.pull(10 * N_SYMBOLS)
    kernel = _core.PskDemodulator(**SIGNAL, frequency_plan=plan)
    kernel.push(samples)
    kernel.flush()
    block = xband.psk_demod(**SIGNAL, frequency_plan=plan)
    assert np.array_equal(run([block], samples, np.int8), kernel.pull())
    assert block.status().carrier_offset_hz == pytest.approx(39e3, abs=100.0)


@pytest.mark.parametrize("max_items", CHUNKS)
def test_doppler_corrector_stops_a_moving_tone(max_items):
    """A tone that follows the plan comes out as a constant: nothing turns, and no phase jumps where segments meet."""
    rate_hz = 1e6
    t = np.arange(100_000) / rate_hz
    border = 40_000
    # Integral of 1 kHz + 5 kHz/s t; from the border on of 1.2 kHz, where the first segment has come to.
    first = 1e3 * t + 2.5e3 * t**2
    cycles = np.where(np.arange(t.size) < border, first, first[border] + 1.2e3 * (t - t[border]))
    tone = np.exp(2j * np.pi * cycles).astype(np.complex64)
    block = xband.doppler_corrector(
        sample_rate_hz=rate_hz, iq_format="cf32", frequency_plan=[(0, [1e3, 5e3]), (border, [1.2e3])]
    )
    out = run([block], tone, np.complex64, max_items)
    assert out.size == tone.size
    assert np.abs(out / out[0] - 1).max() < 2e-3


@pytest.mark.parametrize("max_items", CHUNKS)
@pytest.mark.parametrize(("modulation", "samples_per_symbol"), [("bpsk", 2.0), ("oqpsk", 3.1415926)])
def test_modulator_is_heard_by_the_demodulator(modulation, samples_per_symbol, max_items):
    """The demodulator locks and is sure of its bits; which of the phases it is only a sync marker could tell."""
    bits = random_octets(40_000) & 1
    samples = run([xband.psk_modulator(modulation, samples_per_symbol)], bits, np.complex64, max_items)
    n_symbols = bits.size // (1 if modulation == "bpsk" else 2)
    assert samples.size == pytest.approx((n_symbols + 32) * samples_per_symbol, abs=40)
    assert np.mean(np.abs(samples[500:-500]) ** 2) == pytest.approx(1.0, abs=0.05)
    demod = xband.psk_demod(modulation, sample_rate_hz=samples_per_symbol, symbol_rate_hz=1.0, iq_format="cf32")
    out = run([demod], samples, np.int8, max_items)
    assert demod.status().is_locked
    assert np.mean(np.abs(out[2000:-200].astype(int)) > 20) > 0.99


def test_without_volk_simd():
    """GNU Radio's own GR_ADD_TEST sets VOLK_GENERIC=1 and so never tests VOLK's SIMD: this suite runs both ways."""
    if os.environ.get("VOLK_GENERIC"):
        pytest.skip("this is the run without")
    only = "test_demodulator_gives_the_kernels_soft_bits or test_doppler"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", only, __file__]
    done = subprocess.run(command, env=os.environ | {"VOLK_GENERIC": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"modulation": "8psk"}, "8psk.*bpsk, qpsk, oqpsk"),
        ({"iq_format": "cu8"}, "cu8.*cs8, cs16, cf32"),
        ({"sample_rate_hz": 1e6, "symbol_rate_hz": 0.9e6}, "samples"),
        ({"rolloff": 7.0}, "7"),
        ({"frequency_plan": [(0, [0.0] * 7)]}, "7 coefficients"),
    ],
)
def test_bad_configuration_is_named(changed, named):
    with pytest.raises(ValueError, match=named):
        xband.psk_demod(**(SIGNAL | changed))
