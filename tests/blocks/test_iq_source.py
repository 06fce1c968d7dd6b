# SPDX-License-Identifier: GPL-3.0-or-later
"""iq_source, the gate behind software radios, and a Doppler plan for a receiver that starts in the middle of a pass."""

import os

import numpy as np
import pytest
from flow import memory_file, random_octets, run
from gnuradio import blocks, gr, xband
from gnuradio.xband.flowgraph import shift_plan
from gnuradio.xband.iq_input import SourceError


@pytest.mark.parametrize(("iq_format", "item_size_bytes"), [("cs8", 2), ("cs16", 4), ("cf32", 8)])
def test_file(tmp_path, iq_format, item_size_bytes):
    content = random_octets(100_003).tobytes()
    path = tmp_path / "recording"
    path.write_bytes(content)
    for uri in (f"file:{path}", str(path)):
        source = xband.iq_source(uri, iq_format, 33e6, stop_sample=10_000)
        sink = blocks.vector_sink_b(item_size_bytes)
        top = gr.top_block("file", catch_exceptions=False)
        top.connect(source, sink)
        top.run()
        assert bytes(sink.data()) == content[: 10_000 * item_size_bytes]
        assert source.samples_delivered() == 10_000
        assert source.is_finished()
        assert source.error() == ""


def test_request_stop_ends_an_idle_source():
    read_end, write_end = os.pipe()
    source = xband.iq_source(f"fd:{read_end}", "cs8", 1e6)
    top = gr.top_block("idle", catch_exceptions=False)
    top.connect(source, blocks.null_sink(2))
    top.start()
    source.request_stop()
    top.wait()
    assert source.samples_delivered() == 0
    os.close(write_end)


def test_gate_closes_at_its_item():
    data = random_octets(50_000)
    gate = xband.stream_gate(item_size_bytes=1, stop_item=12_345)
    assert np.array_equal(run([gate], data, np.uint8, 1000), data[:12_345])
    assert gate.items_delivered() == 12_345
    assert gate.is_finished()


def test_gate_closes_when_asked():
    gate = xband.stream_gate(item_size_bytes=1)
    endless = blocks.null_source(1)
    top = gr.top_block("gate", catch_exceptions=False)
    top.connect(endless, gate, blocks.null_sink(1))
    top.start()
    gate.request_stop()
    top.wait()  # would never end otherwise
    assert gate.is_finished()


@pytest.mark.parametrize(
    ("uri", "named"),
    [
        ("file:/nonexistent", "/nonexistent: No such file"),
        ("file:/", "directory"),
        ("tcp://127.0.0.1:1", "refused"),
        ("tcp:127.0.0.1", "expected tcp://host:port"),
        ("fd:x", "expected fd:N"),
    ],
)
def test_source_that_cannot_be_opened(uri, named):
    with pytest.raises(SourceError, match=named):
        xband.iq_source(uri, "cs8", 1e6)


@pytest.mark.parametrize(("arguments", "named"), [(("cu8", 1e6), "cu8"), (("cs8", 0.0), "sample_rate_hz 0")])
def test_bad_configuration_is_named(arguments, named):
    with pytest.raises(ValueError, match=named):
        xband.iq_source(f"fd:{memory_file(b'')}", *arguments)


def frequency_hz(plan: list[tuple[int, list[float]]], sample: int, rate_hz: float) -> float:
    start, coefficients = [segment for segment in plan if segment[0] <= sample][-1]
    return float(np.polynomial.polynomial.polyval((sample - start) / rate_hz, coefficients))


@pytest.mark.parametrize("first_sample", [0, 700, 1000, 2600, 9000])
def test_plan_of_a_receiver_that_starts_later(first_sample):
    rate_hz = 100.0
    plan = [(0, [5.0, -2.0, 0.5, 0.1]), (1000, [7.0, 1.0]), (2000, [3.0, -1.0, 0.25])]
    shifted = shift_plan(plan, first_sample, rate_hz)
    for sample in (first_sample, first_sample + 400, first_sample + 5000):
        assert frequency_hz(shifted, sample - first_sample, rate_hz) == pytest.approx(
            frequency_hz(plan, sample, rate_hz)
        )


def test_plan_that_has_not_begun():
    assert shift_plan([(500, [1.0])], 200, 1.0) == [(300, [1.0])]
    assert shift_plan([], 200, 1.0) == []
