# SPDX-License-Identifier: GPL-3.0-or-later
"""A pass with a simulated dish on simulated time: in place early, on the beam, corrected, and faults told."""

import threading
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from patience import until

from xband_core.errors import XbandError
from xband_station.antenna.corrections import StepTrack, TimeOffsetEstimator
from xband_station.antenna.dish import Dish, DishState
from xband_station.antenna.follower import AntennaFollower, Observation, PassFollower
from xband_station.antenna.link import LinkState
from xband_station.antenna.mount import Pose, beamwidth_deg
from xband_station.antenna.pointing import Pointing, PointingModel
from xband_station.antenna.pointing_fit import Measurements, fit_pointing, load_measurements
from xband_station.antenna.recorder import HEADING, Recorder
from xband_station.antenna.safety import SafetyEnvelope
from xband_station.antenna.simulator import SimulatedDish, SimulatedLink
from xband_station.antenna.track import plan_track
from xband_station.bench.antenna import DIAMETER_M, FREQUENCY_HZ, MOUNTS, Overhead, Trouble, simulate

BEAM_DEG = beamwidth_deg(DIAMETER_M, FREQUENCY_HZ)
MOUNT = MOUNTS["az-el, overwind"]


def in_beamwidths(simulation, after_s, before_s=np.inf):
    part = (simulation.times_s > after_s) & (simulation.times_s < before_s)
    return simulation.error_deg[part] / BEAM_DEG


def test_a_pass_is_followed_to_a_tenth_of_the_beam():
    simulation = simulate(Overhead(70.0, 500.0), MOUNT, stop_s=60.0)
    assert simulation.summary.was_in_place_s < -30.0
    assert in_beamwidths(simulation, -0.2, 0.2).max() < 0.1  # it has waited where the satellite rises
    assert in_beamwidths(simulation, 1.0).max() < 0.1
    assert simulation.summary.latency_s == pytest.approx(0.2, abs=0.05)  # that of the simulator: 0.1 s and 1/8 s
    assert simulation.summary.problems == ()


def test_a_misalignment_is_found_and_corrected():
    trouble = Trouble(misaligned=PointingModel(first_offset_deg=0.3))
    simulation = simulate(Overhead(40.0), MOUNT, trouble, corrects_peak=True, stop_s=38.0)
    assert in_beamwidths(simulation, 0.0, 3.0).mean() > 0.3
    assert in_beamwidths(simulation, 25.0).mean() < 0.15  # a tenth is the search's own step
    assert simulation.summary.step_correction_deg == pytest.approx((0.3, 0.0), abs=0.08)


@pytest.mark.parametrize("offset_s", [0.06, -1.2])
@pytest.mark.parametrize("max_elevation_deg", [20.0, 85.0])
def test_a_time_offset_is_found_and_its_uncertainty_is_true(offset_s, max_elevation_deg):
    orbit = Overhead(max_elevation_deg)
    random = np.random.default_rng(5)
    estimator = TimeOffsetEstimator(orbit.doppler_hz, prior_s=2.0, prior_hz=1000.0)
    errors = {}
    for second in range(240):
        measured_hz = orbit.doppler_hz(np.array([second + offset_s]))[0] + 300.0 + random.normal(0.0, 3.0)
        # Now and then the carrier loop slips.
        estimator.add(second, measured_hz + (5000.0 if second % 40 == 7 else 0.0))
        if second in (30, 60, 239):
            found = estimator.estimate()
            errors[second] = abs(found.offset_s - offset_s)
            assert errors[second] < 4.0 * found.sigma_s
    assert errors[30] < 0.4
    assert errors[60] < 0.15
    assert errors[239] < 0.01


def test_without_measurements_the_prior_is_the_answer():
    found = TimeOffsetEstimator(Overhead(30.0).doppler_hz, 2.0, 100.0).estimate()
    assert (found.offset_s, found.sigma_s) == (0.0, pytest.approx(2.0))


def test_old_elements_are_corrected_while_the_pass_goes_on():
    orbit = Overhead(40.0)
    simulation = simulate(orbit, MOUNT, Trouble(time_offset_s=0.8), corrects_time=True, stop_s=70.0)
    assert simulation.summary.time_offset.offset_s == pytest.approx(0.8, abs=0.15)
    assert in_beamwidths(simulation, 50.0).max() < 0.1


def test_a_late_satellite_is_followed_to_the_very_end(tmp_path):
    base = datetime(2026, 1, 1, tzinfo=UTC)
    grid_s = np.arange(0.0, 40.0)
    track = plan_track(grid_s, 100.0 + grid_s / 10.0, np.full(40, 30.0), MOUNT, BEAM_DEG)
    estimator = TimeOffsetEstimator(Overhead(40.0).doppler_hz, 2.0, 1000.0)
    for second in range(120):
        estimator.add(second, Overhead(40.0).doppler_hz(np.array([second + 1.5]))[0])
    machine = SimulatedDish(MOUNT, Pose(100.0, 30.0))
    follower = PassFollower(
        base, track, Dish(SafetyEnvelope(MOUNT), Pose(100.0, 30.0)), SimulatedLink(machine), Recorder(None),
        los_s=35.0, time_offset=estimator,
    )  # fmt: skip
    follower.observe(Observation(base, float(Overhead(40.0).doppler_hz(np.array([1.5]))[0]), None))
    for tick in range(350):
        follower.tick(base + timedelta(seconds=0.1 * tick))
    assert machine.position_deg[0] == pytest.approx(100.0 + 3.5 + 0.15, abs=0.06)


def test_a_stuck_axis_is_told_within_five_seconds_and_taken_up_again():
    told = []
    began_s, ended_s = -50.0, -42.0  # on the way to where the satellite rises

    def act(time_s, machine):
        machine.faults.stuck_axes = {1} if began_s <= time_s < ended_s else set()

    simulation = simulate(
        Overhead(70.0), MOUNT, act=act, stop_s=10.0, told=lambda time_s, text: told.append((time_s, text))
    )
    assert simulation.summary.faults >= 1
    first_s, text = told[0]
    assert "elevation does not move" in text
    assert began_s < first_s < began_s + 5.0
    assert in_beamwidths(simulation, 2.0).max() < 0.1


def test_a_lost_link_and_frozen_readings_do_not_stop_the_follower():
    def act(time_s, machine):
        machine.faults.is_link_down = 20.0 <= time_s < 30.0
        machine.faults.is_reading_frozen = 30.0 <= time_s < 35.0

    simulation = simulate(Overhead(30.0), MOUNT, act=act, stop_s=42.0)
    assert in_beamwidths(simulation, 25.0, 29.0).min() > 0.5
    assert in_beamwidths(simulation, 38.0).max() < 0.1


class BrokenLink:
    ahead_s = 0.0
    tells_pose = False
    state = LinkState()

    def send(self, points):
        raise RuntimeError("no such wire")

    def reading(self):
        return None

    def stop_motion(self):
        pass

    def close(self):
        pass


def follower_of(link, base, recorder):
    grid_s = np.arange(0.0, 60.0)
    track = plan_track(grid_s, 100.0 + grid_s / 10.0, np.full(60, 30.0), MOUNT, BEAM_DEG)
    return PassFollower(base, track, Dish(SafetyEnvelope(MOUNT), Pose(100.0, 30.0)), link, recorder)


def test_an_error_in_the_follower_ends_it_alone(tmp_path):
    base = datetime.now(UTC)
    recorder = Recorder(tmp_path)
    follower = AntennaFollower(
        follower_of(BrokenLink(), base, recorder), BrokenLink(), recorder, lambda: datetime.now(UTC)
    )
    follower.start()
    assert until(lambda: "antenna-follower" not in [thread.name for thread in threading.enumerate()])
    summary = follower.finish()
    follower.close()
    assert "no such wire" in summary.problems[-1]


def test_ten_samples_a_second_are_recorded_and_a_full_disk_is_told(tmp_path):
    base = datetime(2026, 1, 1, tzinfo=UTC)
    recorder = Recorder(tmp_path)
    machine = SimulatedDish(MOUNT, Pose(100.0, 30.0))
    follower = follower_of(SimulatedLink(machine), base, recorder)
    for tick in range(100):
        follower.tick(base + timedelta(seconds=0.1 * tick))
    recorder.close()
    heading, *rows = (tmp_path / "antenna.csv").read_text().splitlines()
    assert heading + "\n" == HEADING
    assert len(rows) == 100
    assert rows[-1].split(",")[1] == "tracking"
    assert float(rows[-1].split(",")[6]) < 0.05
    lost = Recorder(tmp_path / "nowhere")
    assert "antenna.csv is not complete" in lost.problem
    follower_of(SimulatedLink(machine), base, lost).tick(base)


def test_a_storm_stows_during_a_pass_and_is_told(tmp_path):
    base = datetime(2026, 1, 1, tzinfo=UTC)
    machine = SimulatedDish(MOUNT, Pose(100.0, 30.0))
    follower = follower_of(SimulatedLink(machine), base, Recorder(None))
    for tick in range(550):
        follower.storm(tick >= 20)
        follower.tick(base + timedelta(seconds=0.1 * tick))
    np.testing.assert_allclose(machine.position_deg, MOUNT.stow.as_array(), atol=0.1)
    assert follower.summary().problems == ("antenna: stowed for the wind",)
    assert DishState.STOWED.value == "stowed"


def test_es_n0_that_fades_is_not_taken_for_a_direction():
    """The level falls by 3 dB a minute, and nothing is misaligned."""
    search = StepTrack(BEAM_DEG)
    random = np.random.default_rng(2)
    for second in np.arange(0.5, 60.0):
        lead = search.lead_deg(second, 30.0)
        on_sky = lead * np.array([np.cos(np.radians(30.0)), 1.0])
        loss_db = 12.0 * float(on_sky @ on_sky) / BEAM_DEG**2
        search.add(second, 8.0 - 0.05 * second - loss_db + random.normal(0.0, 0.2), lead, 30.0)
    assert np.abs(search.correction_deg).max() < 0.06
    assert search.sigma_deg.max() < 0.05


TRUE = PointingModel(1.4, -0.3, 0.05, -0.08, 0.03, 0.06, 0.04, 0.003)


def measured(seed, outliers):
    random = np.random.default_rng(seed)
    azimuth_deg, elevation_deg = random.uniform(0.0, 360.0, 80), random.uniform(8.0, 80.0, 80)
    axes_deg = Pointing(MOUNT, TRUE).to_axes(azimuth_deg, elevation_deg)
    axes_deg += random.normal(0.0, 0.01, axes_deg.shape)
    axes_deg[:outliers] += random.uniform(0.5, 3.0, (outliers, 2))
    return Measurements(axes_deg, azimuth_deg, elevation_deg)


@pytest.mark.parametrize("seed", range(3))
def test_the_pointing_model_is_fitted_in_spite_of_outliers(seed):
    fit = fit_pointing(MOUNT, measured(seed, outliers=8))
    assert fit.is_outlier[:8].all()
    assert fit.is_outlier.sum() <= 10
    assert fit.rms_deg < 0.02 < fit.before_deg
    for name in PointingModel.names():
        assert abs(getattr(fit.model, name) - getattr(TRUE, name)) < 4.0 * getattr(fit.sigma, name), name
    np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), [getattr(fit.sigma, n) for n in PointingModel.names()])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", "no column first_deg"),
        ("first_deg,second_deg,azimuth_deg,elevation_deg\n1,2,3,4\n1,2,x,4\n", ":3: azimuth_deg: found 'x'"),
        ("first_deg,second_deg,azimuth_deg,elevation_deg\n1,2,3,94\n", ":2: elevation_deg"),
        ("first_deg,second_deg,azimuth_deg,elevation_deg\n1,2,3\n", ":2: elevation_deg: found None"),
        ("first_deg,second_deg,azimuth_deg,elevation_deg\n1,2,3,4\n", "too few"),
        ("", "no column"),
    ],
)
def test_wrong_measurements_are_named(tmp_path, text, words):
    file = tmp_path / "sun.csv"
    file.write_text(text)
    with pytest.raises(XbandError, match=r"sun\.csv") as caught:
        load_measurements(file)
    assert words in str(caught.value)


def test_observations_may_lack_everything():
    base = datetime(2026, 1, 1, tzinfo=UTC)
    follower = follower_of(SimulatedLink(SimulatedDish(MOUNT, Pose(100.0, 30.0))), base, Recorder(None))
    follower.observe(Observation(base, None, None))
    assert follower.summary().time_offset is None
    assert follower.summary().lost_s is None
