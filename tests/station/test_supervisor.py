# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole pass with real processes and sockets: what the station does when the receiver misbehaves."""

import dataclasses
import json
import os
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from controllers import FakeRotctld
from patience import until

from xband_core.wire_types import METADATA
from xband_station.antenna.config import DriverConfig
from xband_station.clock import SimulatedClock
from xband_station.orbit.catalogue import Catalogue, OrbitSource, SourcedOrbit, UnknownSatelliteError
from xband_station.orbit.feeds import FeedKind, OrbitFeed
from xband_station.orbit.geometry import Tracker
from xband_station.pass_record import PassState
from xband_station.planning.schedule import make_schedule
from xband_station.station_config import Watch, load_station
from xband_station.supervisor import SignalBounds, Supervisor
from xband_station.times import parse_time

FAKE_WORKER = Path(__file__).parent / "fake_worker.py"
RATE_HZ = 1e6
PASS_S = 3.0
# Short enough for a test, long enough for a loaded machine to start Python.
WATCH = Watch(silence_s=1.0, stall_s=1.0, start_s=10.0, restarts=3, ladder_s=1.0)
BEFORE_PASS = parse_time("2026-07-22T07:00:00Z")


@pytest.fixture
def station(tmp_path):
    default = load_station()
    return dataclasses.replace(
        default,
        output_dir=tmp_path / "passes",
        publish=f"ipc://{tmp_path}/pub",
        watch=WATCH,
        receiver=dataclasses.replace(default.receiver, sample_rate_hz=RATE_HZ),
    )


class NoticingClock(SimulatedClock):
    """signal_seen: set once the receiver has said that it receives."""

    def __init__(self, start):
        super().__init__(start)
        self.signal_seen = threading.Event()

    def follow(self, signal_time):
        super().follow(signal_time)
        if signal_time is not None:
            self.signal_seen.set()


def receive(station, *arguments, seconds=PASS_S, bounded=True, act=None):
    """Runs the first ``seconds`` of the next pass with a fake worker; returns the record and the report."""
    clock = NoticingClock(BEFORE_PASS)
    with Supervisor(station, clock, [sys.executable, str(FAKE_WORKER), *arguments]) as supervisor:
        planned = supervisor.next_pass()
        planned = dataclasses.replace(planned, los=planned.aos + timedelta(seconds=seconds))
        clock.sleep_until(planned.aos, threading.Event())
        if act:
            threading.Thread(target=act, args=(supervisor, clock), daemon=True).start()
        bounds = SignalBounds(planned.aos, round(seconds * RATE_HZ)) if bounded else None
        record = supervisor.receive(planned, bounds)
    return record, json.loads((Path(record.folder) / "report.json").read_text())


def test_an_undisturbed_pass_is_complete(station):
    record, report = receive(station)
    assert (report["outcome"], report["restarts"], report["lost_s"], report["problems"]) == ("complete", 0, 0, [])
    assert [entry["state"] for entry in report["states"]] == [state.value for state in PassState]
    assert report["frames_decoded"]["good"] == report["frames_published"]["good_and_corrected"] == 6000
    folder = Path(record.folder)
    assert (folder / "frames.bin").stat().st_size == 6000 * 892
    assert (folder / "frames.meta").stat().st_size == 6000 * METADATA.itemsize
    assert json.loads((folder / "plan.json").read_text())["doppler"]
    page = (folder / "report.html").read_text()
    assert page.count("<svg") == 8
    assert "no measurements" not in page
    assert report["measured"][-1]["evm_percent"] == 33.5
    assert report["orbit_data"]["reason"].startswith("suomi-npp.tle, priority 0, ")
    assert report["orbit_data"]["age_level"] == "nominal"
    assert report["measured"][-1]["channel_ber"] == pytest.approx(20 / 16384)
    assert "1 of the carrier phase, 0 of bits" in page
    assert "DC of -21 dBc removed, 1 % of the samples silenced in pulses" in page
    assert report["corrections"]["equaliser_gain_db"] == 0.0


def test_an_unbounded_source_is_stopped_at_los(station):
    record, report = receive(station, bounded=False, seconds=1.0)
    assert report["outcome"] == "complete"
    assert record.instances[0].end == "stopped: exit 0"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("exit@1", "exit 0"),
        ("crash@1", "exit 1"),
        ("kill@1", "SIGKILL"),
        ("freeze@1", "no heartbeat for 1 s"),
        ("stall@1", "no new samples for 1 s"),
    ],
)
def test_a_broken_receiver_is_replaced_and_the_loss_stated(station, fault, words):
    record, report = receive(station, "--fault", fault)
    assert report["outcome"] == "degraded"
    assert report["restarts"] == 1
    assert words in report["problems"][0]
    (gap,) = report["gaps"]
    assert words in gap["reason"]
    assert report["lost_s"] == pytest.approx(gap["lost_s"])
    assert 0.0 < gap["lost_s"] < 8.0
    assert json.loads((Path(record.folder) / "plan-1.json").read_text())["instance"] == 1
    if fault.startswith("crash"):
        assert "told to crash" in (Path(record.folder) / "worker-0.log").read_text()


def test_a_deaf_receiver_is_killed_at_los(station):
    record, report = receive(station, "--fault", "deaf", bounded=False, seconds=1.0)
    assert record.instances[0].end == "stopped: killed by SIGKILL"
    assert report["outcome"] == "complete"
    with pytest.raises(ProcessLookupError):
        os.kill(record.instances[0].pid, 0)


def test_a_receiver_that_always_dies_is_given_up_and_reported(station):
    # Long beside what starting Python four times takes on a loaded machine: the pass must not end before the patience.
    seconds = 600.0
    record, report = receive(station, "--fault", "crash", "--instances", "99", seconds=seconds)
    assert report["outcome"] == "failed"
    assert len(record.instances) == WATCH.restarts + 1
    assert report["problems"][-1] == "the receiver was not started again"
    assert report["lost_s"] == pytest.approx(seconds, rel=0.1)
    assert "failed" in (Path(record.folder) / "report.html").read_text()


def test_a_refused_flowgraph_is_not_tried_again(station):
    record, report = receive(station, "--fault", "refuse", "--instances", "99")
    assert (report["outcome"], len(record.instances)) == ("failed", 1)
    assert "the flowgraph was refused" in report["problems"][0]


def test_a_silent_receiver_is_found(station):
    station = dataclasses.replace(station, watch=dataclasses.replace(WATCH, start_s=1.0, restarts=0))
    _, report = receive(station, "--fault", "silent")
    assert "no heartbeat within 1 s of its start" in report["problems"][0]
    assert report["outcome"] == "failed"


def test_a_worker_that_cannot_be_started_is_reported(station):
    clock = SimulatedClock(BEFORE_PASS)
    with Supervisor(station, clock, ["/nowhere/python"]) as supervisor:
        record = supervisor.receive(supervisor.next_pass())
    assert record.outcome == "failed"
    assert "/nowhere/python" in json.loads((Path(record.folder) / "report.json").read_text())["problems"][0]


@pytest.mark.parametrize("fault", ["flood@0.5", "garbage@0.5"])
def test_nonsense_does_not_disturb_the_pass(station, fault):
    record, report = receive(station, "--fault", fault)
    assert report["restarts"] == 0
    assert report["frames_published"]["good_and_corrected"] == 6000
    assert (Path(record.folder) / "worker-0.log").stat().st_size < 5 << 20
    assert report["messages_rejected"] == (2 if "garbage" in fault else 0)


def test_a_full_disk_stops_the_archive_not_the_publishing(station, monkeypatch):
    from xband_core.errors import OutputError
    from xband_station.archive import FrameArchive

    def full(self, message):
        raise OutputError("frames.bin", "No space left on device")

    monkeypatch.setattr(FrameArchive, "write", full)
    _, report = receive(station)
    assert report["frames_published"]["good_and_corrected"] == 6000
    assert "No space left" in report["archive_error"]
    assert report["outcome"] == "degraded"


def test_stop_ends_the_pass_at_once_with_a_report(station):
    def act(supervisor, clock):
        clock.signal_seen.wait()
        supervisor.stop()

    record, report = receive(station, seconds=600.0, act=act)
    assert record.instances[0].end == "stopped: exit 0"
    assert 0 < report["frames_decoded"]["good"] < 600 * 2000
    assert report["states"][-1]["state"] == "reported"


def test_the_loop_survives_a_failing_pass(station, monkeypatch, caplog):
    monkeypatch.setattr("xband_station.supervisor._ERROR_PAUSE_S", 0.0)
    with Supervisor(station, SimulatedClock(BEFORE_PASS)) as supervisor:
        calls = []

        def broken(planned):
            calls.append(planned.pass_id)
            if len(calls) == 3:
                supervisor.stop()
            raise ZeroDivisionError("a bug")

        monkeypatch.setattr(supervisor, "receive", broken)
        supervisor.run()
    assert len(set(calls)) == 3
    assert "ZeroDivisionError" in caplog.text


def test_a_pass_taken_up_again_gets_its_own_folder(station):
    first, _ = receive(station, seconds=0.5)
    second, _ = receive(station, seconds=0.5)
    assert Path(second.folder).name == Path(first.folder).name + "-2"


def angle_feed(station, folder):
    """A table of azimuth and elevation for the next pass, without ranges, as the preferred feed."""
    planned = make_schedule(station, station.catalogue(), BEFORE_PASS, 6.0).accepted[0]
    offsets_s = [10.0 * k for k in range(70)]
    look = Tracker(planned.elements, station.site).look(planned.aos, offsets_s)
    angles = zip(offsets_s, look.azimuth_deg.tolist(), look.elevation_deg.tolist(), strict=True)
    segment = {
        "referenceEpoch": planned.aos.isoformat().replace("+00:00", "Z"),
        "validTimeRange": {
            "startTime": planned.aos.isoformat().replace("+00:00", "Z"),
            "endTime": (planned.aos + timedelta(seconds=600)).isoformat().replace("+00:00", "Z"),
        },
        "azElList": [{"dt": dt, "az": azimuth, "el": elevation} for dt, azimuth, elevation in angles],
    }
    table = {"norad_cat_id": "37849", "angleUnit": "DEGREE_ANGLE", "azElSegmentList": [segment]}
    (folder / "table.json").write_text(json.dumps(table))
    return OrbitFeed(OrbitSource("operator", priority=20), FeedKind.FILE, str(folder / "table.json"))


def test_a_table_of_angles_points_and_elements_tell_doppler(station, tmp_path):
    feed = angle_feed(station, tmp_path)
    both = dataclasses.replace(station, orbit_feeds=(*station.orbit_feeds, feed))
    _, report = receive(both)
    assert (report["outcome"], report["problems"]) == ("complete", [])
    assert report["orbit_data"]["reason"].startswith("operator, priority 20")
    _, report = receive(dataclasses.replace(station, orbit_feeds=(feed,)))
    assert report["outcome"] == "failed"
    assert "tells no Doppler shift" in report["problems"][0]


def test_old_elements_are_told_of_before_the_pass(station, caplog):
    elements = station.catalogue().find("37849")
    catalogue = Catalogue([SourcedOrbit(elements, OrbitSource("old"))])
    late = BEFORE_PASS + timedelta(days=20)
    planned = make_schedule(station, catalogue, late, 24.0).accepted[0]
    with Supervisor(station, SimulatedClock(late), ["false"]) as supervisor:
        supervisor.stop()
        supervisor.receive(planned)
    (warning,) = [record.getMessage() for record in caplog.records if "orbit data are" in record.getMessage()]
    assert "alarm" in warning
    assert "beamwidths" in warning


def with_antenna(station, **driver):
    antenna = dataclasses.replace(station.main_antenna, driver=DriverConfig(**driver))
    return dataclasses.replace(station, antennas=(antenna,))


def test_a_simulated_antenna_is_followed_and_reported(station):
    record, report = receive(with_antenna(station, kind="simulator"))
    assert report["outcome"] == "complete"
    assert report["antenna"]["predicted_lost_s"] == 0.0
    assert report["antenna"]["faults"] == 0
    heading, *rows = (Path(record.folder) / "antenna.csv").read_text().splitlines()
    assert heading.startswith("time,state,commanded_first_deg")
    assert len(rows) > 10


@pytest.mark.parametrize("mood", ["silent", "dead"])
def test_the_recording_goes_on_whatever_the_controller_does(station, mood):
    controller = FakeRotctld()

    def spoil(*_):
        assert until(lambda: [line for line in controller.received if line.startswith("+P")])
        if mood == "dead":
            controller.close()
        controller.mood = mood

    try:
        address = f"127.0.0.1:{controller.port}"
        record, report = receive(with_antenna(station, kind="rotctld", address=address), act=spoil)
    finally:
        controller.close()
    assert report["frames_decoded"]["good"] == report["frames_published"]["good_and_corrected"] == 6000
    assert (report["outcome"], report["lost_s"]) == ("degraded", 0)
    assert "antenna controller" in report["problems"][0]
    assert record.antenna.link.complaints
    assert [line for line in controller.received if line.startswith("+P")]


def test_an_antenna_that_cannot_be_reached_costs_no_frame(station):
    nowhere = with_antenna(station, kind="rotctld", address="127.0.0.1:1")
    record, report = receive(nowhere)
    assert report["frames_decoded"]["good"] == 6000
    assert "cannot connect to 127.0.0.1:1" in record.problems[0]


class StoppingClock(SimulatedClock):
    """Stops whoever waits."""

    def sleep_until(self, time, stop):
        stop.set()
        return False


def test_missing_orbit_data_do_not_end_a_station_with_feeds(station, tmp_path, caplog):
    (tmp_path / "drop").mkdir()
    feed = OrbitFeed(OrbitSource("drop"), FeedKind.FOLDER, str(tmp_path / "drop"))
    empty = dataclasses.replace(station, orbit_feeds=(feed,), orbit_cache=tmp_path / "cache")
    with Supervisor(empty, StoppingClock(BEFORE_PASS)) as supervisor:
        assert supervisor.run() is None
        assert "'37849' is not among the 0" in caplog.text
    with Supervisor(empty, StoppingClock(BEFORE_PASS)) as supervisor, pytest.raises(UnknownSatelliteError):
        supervisor.run(once=True)
