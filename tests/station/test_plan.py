# SPDX-License-Identifier: GPL-3.0-or-later
"""The pass plan: what is saved is what is loaded; what is wrong is named."""

import json

import pytest

from xband_core.plan import DopplerSegment, PassPlan, PlanError, PlanSource, load_plan

PLAN = PassPlan(
    pass_id="p1",
    station="almaty",
    mission="suomi-npp",
    satellite="SUOMI NPP",
    flowgraph="receiver.grc",
    parameters={"gain_db": 20.5},
    source=PlanSource("tcp://127.0.0.1:5000", "cs8", 33e6),
    start_time_ns=1_000,
    stop_time_ns=2_000,
    stop_sample=None,
    first_sample_time_ns=1_000,
    clock_quality="ntp",
    doppler=(DopplerSegment(0, (1.5, -2.0)), DopplerSegment(100, (0.0,))),
    frames_endpoint="ipc:///tmp/frames",
    events_endpoint="ipc:///tmp/events",
)


def test_round_trip(tmp_path):
    PLAN.save(tmp_path / "plan.json")
    assert load_plan(tmp_path / "plan.json") == PLAN
    assert [file.name for file in tmp_path.iterdir()] == ["plan.json"]


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("plan_version", 2, "plan_version"),
        ("mission", 5, "mission"),
        ("station", "", "station"),
        ("stop_time_ns", 1_000, "stop_time_ns"),
        ("stop_sample", -1, "stop_sample"),
        ("instance", True, "instance"),
        ("heartbeat_s", 0, "heartbeat_s"),
        ("frames_endpoint", "udp://x", "frames_endpoint"),
        ("parameters", {"a": []}, "parameters.a"),
        ("source", {"uri": "tcp://a:1", "format": "cs12", "sample_rate_hz": 1.0}, "source.format"),
        ("source", {"uri": "tcp://a:1", "format": "cs8"}, "sample_rate_hz"),
        ("doppler", [{"start_sample": 5, "coefficients_hz": [1.0] * 7}], "coefficients_hz"),
        ("doppler", [{"start_sample": 5, "coefficients_hz": [1.0]}] * 2, r"doppler\[1\].start_sample"),
        ("surprise", 1, "surprise"),
    ],
)
def test_mistakes_are_named(tmp_path, key, value, expected):
    file = tmp_path / "plan.json"
    PLAN.save(file)
    file.write_text(json.dumps({**json.loads(file.read_text()), key: value}))
    with pytest.raises(PlanError, match=expected) as caught:
        load_plan(file)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "[" * 5000])
def test_other_files_are_refused(tmp_path, text):
    file = tmp_path / "plan.json"
    file.write_text(text)
    with pytest.raises(PlanError):
        load_plan(file)
