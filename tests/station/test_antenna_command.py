# SPDX-License-Identifier: GPL-3.0-or-later
"""`xband antenna` as its user meets it."""

import json

import numpy as np
import pytest
from controllers import FakeRotctld, SlowRotctld

from xband_station.antenna.pointing import Pointing, PointingModel
from xband_station.cli import main
from xband_station.station_config import DATA_DIR, DEFAULT_STATION_FILE, load_station


@pytest.fixture
def controller():
    server = FakeRotctld()
    yield server
    server.close()


@pytest.fixture
def slow_controller():
    server = SlowRotctld()
    yield server
    server.close()


@pytest.fixture
def station_file(tmp_path, controller):
    return station_file_for(tmp_path, controller)


def station_file_for(tmp_path, controller):
    driver = f"driver: {{kind: rotctld, address: '127.0.0.1:{controller.port}'}}, pointing: {{first_offset_deg: 1.5}}"
    text = DEFAULT_STATION_FILE.read_text().replace("pointing_loss_db: 1.0}", f"pointing_loss_db: 1.0, {driver}}}")
    (tmp_path / "suomi-npp.tle").write_bytes((DATA_DIR / "suomi-npp.tle").read_bytes())
    file = tmp_path / "station.yml"
    file.write_text(text)
    return str(file)


def test_status_and_goto(controller, station_file, capsys):
    controller.pose = (99.0, 29.0)
    assert main(["antenna", "goto", "100", "30", "--station", station_file]) == 0
    assert controller.pose == pytest.approx((101.5, 30.0), abs=0.03)  # the encoder's offset is counted
    assert len([line for line in controller.received if line.startswith("+P")]) > 5
    assert "+K" not in controller.received
    capsys.readouterr()
    assert main(["antenna", "status", "--station", station_file, "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert status["looks_to_azimuth_deg"] == pytest.approx(100.0, abs=0.03)
    assert status["azimuth_deg"] == pytest.approx(101.5, abs=0.03)


def test_goto_waits_for_a_slow_dish(slow_controller, tmp_path, capsys):
    slow_controller.step_deg = 0.5
    assert main(["antenna", "goto", "2", "3", "--station", station_file_for(tmp_path, slow_controller)]) == 0
    assert slow_controller.pose == pytest.approx((3.5, 3.0), abs=0.12)
    assert capsys.readouterr().out == "main: azimuth 3.50, elevation 3.00 degrees\n"


def test_goto_tells_of_a_dish_that_does_not_move(slow_controller, tmp_path, capsys):
    assert main(["antenna", "goto", "2", "3", "--station", station_file_for(tmp_path, slow_controller)]) == 2
    output = capsys.readouterr()
    assert "antenna main: azimuth does not move: at 0.00, wanted 3.50 degrees" in output.err
    assert output.out == ""
    assert slow_controller.received[-1] == "+S"


def test_park_goes_there(controller, station_file, capsys):
    controller.pose = (1.0, 89.0)
    assert main(["antenna", "park", "--station", station_file]) == 0
    assert controller.pose == pytest.approx((0.0, 90.0), abs=0.03)


def test_a_track_is_planned_without_moving(controller, station_file, tmp_path, capsys):
    arguments = ["antenna", "track", "--start", "2026-07-22T06:30:00Z", "--station", station_file]
    assert main([*arguments, "--json", "--plot", str(tmp_path / "track.png")]) == 0
    track = json.loads(capsys.readouterr().out)
    assert track["satellite"] == "SUOMI NPP"
    assert track["lost_s"] == 0.0
    assert len(track["track"]) > 1000
    assert (tmp_path / "track.png").stat().st_size > 10000
    assert controller.received == []
    assert main(arguments) == 0
    assert "max_elevation_deg: 52.799" in capsys.readouterr().out


def test_fit_gives_a_section_for_the_station_file(tmp_path, capsys):
    mount = load_station().main_antenna.mount
    random = np.random.default_rng(4)
    azimuth_deg, elevation_deg = random.uniform(0.0, 360.0, 40), random.uniform(10.0, 70.0, 40)
    axes = Pointing(mount, PointingModel(first_offset_deg=0.5)).to_axes(azimuth_deg, elevation_deg)
    rows = np.column_stack([axes, azimuth_deg, elevation_deg]).tolist()
    lines = ["first_deg,second_deg,azimuth_deg,elevation_deg", *(",".join(map(str, row)) for row in rows)]
    (tmp_path / "sun.csv").write_text("\n".join(lines))
    assert main(["antenna", "fit", str(tmp_path / "sun.csv")]) == 0
    assert "first_offset_deg: 0.5000" in capsys.readouterr().out
    assert main(["antenna", "fit", str(tmp_path / "sun.csv"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"]["first_offset_deg"] == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["status"], "driver none cannot be talked to"),
        (["goto", "10"], "1 values given, needed: 2"),
        (["goto", "ten", "20"], "'ten' is not a number"),
        (["goto", "10", "95"], "95 is not within"),
        (["goto", "10", "-5"], "outside the limits or below the horizon"),
        (["fit", "nowhere.csv"], "nowhere.csv: cannot be read"),
        (["track", "--start", "yesterday"], "'yesterday' is not ISO 8601"),
        (["track", "--start", "2026-07-22T06:30:00Z", "--plot", "/nowhere/track.png"], "--plot /nowhere/track.png"),
        (["track", "--satellite", "SPUTNIK 9"], "SPUTNIK 9"),
        (["status", "--antenna", "north"], "--antenna north: the station has main"),
    ],
)
def test_mistakes_get_a_sentence(arguments, words, capsys):
    assert main(["antenna", *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert "Traceback" not in error


def test_a_controller_that_is_not_there(controller, station_file, capsys):
    controller.close()
    assert main(["antenna", "status", "--station", station_file]) == 2
    assert "cannot connect to 127.0.0.1" in capsys.readouterr().err
