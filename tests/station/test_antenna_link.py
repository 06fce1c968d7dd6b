# SPDX-License-Identifier: GPL-3.0-or-later
"""Controllers that die, freeze, dawdle, talk nonsense or refuse: nobody waits for them, and they are taken up again."""

import shutil
import signal
import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta

import pytest
from controllers import FakeRotctld, ProgramTrackController
from patience import until

from xband_station.antenna.drivers import ProgramTrackDriver, RotctldDriver, TimedPose
from xband_station.antenna.line_socket import CommandRefusedError, DriverError
from xband_station.antenna.link import DriverLink
from xband_station.antenna.mount import Pose


def point(first_deg=10.0, second_deg=20.0):
    return TimedPose(datetime.now(UTC), Pose(first_deg, second_deg))


@pytest.fixture
def rotctld():
    server = FakeRotctld()
    yield server
    server.close()


@pytest.fixture
def link(rotctld):
    link = DriverLink(RotctldDriver("127.0.0.1", rotctld.port, timeout_s=0.3))
    yield link
    link.close()


def test_commands_arrive_and_the_pose_comes_back(rotctld, link):
    link.send([point(1.0, 2.0), point(123.4567, 45.0)])
    assert until(lambda: link.reading() and link.reading().pose == Pose(123.46, 45.0))
    assert "+P 123.4567 45.0000" in rotctld.received
    assert not [line for line in rotctld.received if line.startswith("+P 1.0")]  # of several the last one counts
    assert link.state.is_connected
    assert link.state.complaints == ()


@pytest.mark.parametrize("mood", ["silent", "garbage", "refuse", "endless"])
def test_a_bad_controller_is_noticed_and_taken_up_again(rotctld, link, mood):
    assert until(lambda: link.reading())
    rotctld.mood = mood
    assert until(lambda: link.state.complaints)
    if mood == "refuse":
        assert until(lambda: link.state.refused >= 3)
        assert "RPRT -6" in link.state.complaints[0]
    rotctld.mood = "good"
    since = link.reading().time
    link.send([point()])
    assert until(lambda: link.state.is_connected and link.reading().time > since and rotctld.pose == (10.0, 20.0))
    assert link.state.reconnections <= 3


def test_nobody_waits_for_a_silent_controller(rotctld):
    """The link's own thread hangs in a read until the timeout; a caller that shared its lock would hang as long."""
    timeout_s = 2.0
    link = DriverLink(RotctldDriver("127.0.0.1", rotctld.port, timeout_s=timeout_s))
    waits_s = []

    def use():
        started_s = time.monotonic()
        link.send([point()])
        link.stop_motion()
        link.reading()
        waits_s.append(time.monotonic() - started_s)
        return link.state.complaints

    try:
        assert until(link.reading)
        rotctld.mood = "silent"
        assert until(use)
    finally:
        link.close()
    assert max(waits_s) < timeout_s / 2


def test_a_controller_that_dies_and_comes_back(rotctld, link):
    assert until(lambda: link.reading())
    rotctld.close()
    assert until(lambda: not link.state.is_connected)
    link.send([point()])
    link.stop_motion()
    assert link.reading() is not None
    again = FakeRotctld(rotctld.port)
    try:
        assert until(lambda: link.state.is_connected)
        assert until(lambda: "+S" in again.received)
        assert link.state.reconnections == 1
        assert link.state.outages_s[0] < 10.0
    finally:
        again.close()


def test_nobody_there_is_a_complaint_and_no_more():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    link = DriverLink(RotctldDriver("127.0.0.1", port))
    assert until(lambda: link.state.complaints)
    assert "cannot connect" in link.state.complaints[0]
    link.close()


def test_without_read_back_nothing_is_read(rotctld):
    driver = RotctldDriver("127.0.0.1", rotctld.port, has_read_back=False)
    driver.connect()
    driver.command([point()])
    assert driver.read_pose() is None
    assert rotctld.received == ["+P 10.0000 20.0000"]
    driver.close()


def test_program_tracks_are_uploaded_with_their_times():
    controller = ProgramTrackController()
    driver = ProgramTrackDriver("127.0.0.1", controller.port)
    driver.connect()
    now = datetime.now(UTC).replace(microsecond=0)
    points = [TimedPose(now + timedelta(seconds=0.1 * k), Pose(float(k), 30.0)) for k in range(100)]
    driver.command(points)
    assert controller.table == {p.time: (p.pose.first_deg, p.pose.second_deg) for p in points}
    assert driver.read_pose().second_deg == 30.0
    controller.mood = "refuse"
    with pytest.raises(CommandRefusedError, match="local mode"):
        driver.stop()
    controller.mood = "garbage"
    with pytest.raises(DriverError):
        driver.read_pose()
    driver.close()
    controller.close()


@pytest.fixture
def real_rotctld():
    if shutil.which("rotctld") is None:
        pytest.skip("Hamlib's rotctld is not installed (libhamlib-utils)")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    processes = []

    def start():
        command = ["rotctld", "-m", "1", "-T", "127.0.0.1", "-t", str(port)]
        processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return processes[-1]

    yield start, port
    for process in processes:
        process.kill()
        process.wait()


def test_the_real_rotctld_moves_freezes_and_dies(real_rotctld):
    start, port = real_rotctld
    process = start()
    link = DriverLink(RotctldDriver("127.0.0.1", port, timeout_s=0.5))
    try:
        link.send([point(3.0, 2.0)])
        assert until(lambda: link.reading() and link.reading().pose.first_deg > 2.9)
        process.send_signal(signal.SIGSTOP)
        assert until(lambda: not link.state.is_connected)
        assert "no answer within 0.5 s" in " ".join(link.state.complaints)
        process.send_signal(signal.SIGCONT)
        assert until(lambda: link.state.is_connected)
        process.kill()
        assert until(lambda: not link.state.is_connected)
        start()
        assert until(lambda: link.state.is_connected)
        assert max(link.state.outages_s) < 10.0
        link.send([point(1.0, 1.0)])
        assert until(lambda: abs(link.reading().pose.first_deg - 1.0) < 0.1)
    finally:
        link.close()
