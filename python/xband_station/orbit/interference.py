# SPDX-License-Identifier: GPL-3.0-or-later
"""Sun and Moon behind a satellite: when they stand in the beam, and what their noise costs.

Source: brightness of the Sun: ITU-R S.1525-1, annex 1, section 3 (quiet Sun, one polarisation); of the Moon: 220 K, the
mean of its surface at centimetre wavelengths (ITU-R P.372-16, section 7). Side lobes: ITU-R S.580-6.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from xband_station.orbit.frames import FloatArray
from xband_station.orbit.geometry import Look, Site, Tracker, Trajectory
from xband_station.orbit.sun_moon import Body, look_at_body

DEFAULT_BEAMWIDTHS = 2.0
_MOON_TEMPERATURE_K = 220.0
# Both discs are half a degree wide, within 6 %.
_DISC_RADIUS_DEG = 0.266
# Faster than any satellite moves through the sky (500 km, overhead: 0.9 degrees a second).
_MAX_SKY_RATE_DEG_S = 1.2
# Encounters shorter than this share of the straight way through the limit's circle may be missed: they only graze it.
_STEP_OF_LIMIT = 0.25
_COARSE_STEP_S = 10.0
_BISECTIONS = 20
_SIDE_LOBE_FLOOR_DBI = -10.0


@dataclass(frozen=True)
class Beam:
    """What the antenna hears: the half-power beamwidth, the gain on axis and its noise without Sun and Moon."""

    beamwidth_deg: float
    gain_dbi: float
    system_temperature_k: float
    frequency_hz: float

    def gain(self, off_axis_deg: FloatArray) -> FloatArray:
        """Gain as a ratio at each angle from the axis: a Gaussian main lobe, then the envelope of the side lobes."""
        main = 10.0 ** (self.gain_dbi / 10.0) * np.exp(-4.0 * math.log(2.0) * (off_axis_deg / self.beamwidth_deg) ** 2)
        # The envelope begins at one degree; nearer to the axis of a small dish it is below the main lobe.
        envelope_dbi = np.maximum(29.0 - 25.0 * np.log10(np.maximum(off_axis_deg, 1.0)), _SIDE_LOBE_FLOOR_DBI)
        return np.asarray(np.maximum(main, 10.0 ** (envelope_dbi / 10.0)))

    def loss_db(self, body: Body, separation_deg: FloatArray) -> FloatArray:
        """By how much G/T falls with the body's centre at each angle from the axis."""
        noise_k = _brightness_k(body, self.frequency_hz) * self._share_of_disc(separation_deg)
        return np.asarray(10.0 * np.log10(1.0 + noise_k / self.system_temperature_k))

    def _share_of_disc(self, separation_deg: FloatArray) -> FloatArray:
        """The disc's part in all that the antenna hears: the gain's mean over the disc, times its solid angle."""
        radius_deg, angle_rad = _disc_points()
        along, across = radius_deg * np.cos(angle_rad), radius_deg * np.sin(angle_rad)
        off_axis_deg = np.hypot(separation_deg[:, None] + along, across)
        solid_angle_sr = math.pi * math.radians(_DISC_RADIUS_DEG) ** 2
        return np.asarray(self.gain(off_axis_deg).mean(axis=1) * solid_angle_sr / (4.0 * math.pi))


@dataclass(frozen=True)
class Interference:
    """Sun or Moon within some beamwidths of the satellite. g_t_loss_db: at its worst, when they are nearest."""

    body: str
    start: datetime
    stop: datetime
    nearest: datetime
    separation_deg: float
    g_t_loss_db: float


def find_interference(
    trajectory: Trajectory,
    site: Site,
    start: datetime,
    stop: datetime,
    beam: Beam,
    within_beamwidths: float = DEFAULT_BEAMWIDTHS,
) -> list[Interference]:
    """Every time between ``start`` and ``stop`` at which a body above the horizon is that near, in order of time."""
    found = []
    for body in Body:
        search = _Search(Tracker(trajectory, site), body, start, within_beamwidths * beam.beamwidth_deg)
        for first_s, nearest_s, last_s in search.run((stop - start).total_seconds()):
            separation_deg = search.separation_deg(np.array([nearest_s]))
            found.append(
                Interference(
                    body=body.value,
                    start=start + timedelta(seconds=first_s),
                    stop=start + timedelta(seconds=last_s),
                    nearest=start + timedelta(seconds=nearest_s),
                    separation_deg=float(separation_deg[0]),
                    g_t_loss_db=float(beam.loss_db(body, separation_deg)[0]),
                )
            )
    return sorted(found, key=lambda one: one.start)


class _Search:
    """Times are seconds after ``start``."""

    def __init__(self, tracker: Tracker, body: Body, start: datetime, limit_deg: float) -> None:
        self._tracker = tracker
        self._body = body
        self._start = start
        self._limit_deg = limit_deg

    def separation_deg(self, offsets_s: FloatArray) -> FloatArray:
        """Angle between satellite and body; 180 where the body is below the horizon or the satellite unknown."""
        body = look_at_body(self._body, self._tracker.site, self._start, offsets_s)
        angle_deg = _separation_deg(self._tracker.look(self._start, offsets_s), body)
        return np.where((body.elevation_deg > 0.0) & np.isfinite(angle_deg), angle_deg, 180.0)

    def run(self, length_s: float) -> Iterator[tuple[float, float, float]]:
        """First, nearest and last time of each encounter."""
        for from_s, to_s in self._candidates(length_s):
            step_s = _STEP_OF_LIMIT * self._limit_deg / _MAX_SKY_RATE_DEG_S
            grid_s = np.linspace(from_s, to_s, max(math.ceil((to_s - from_s) / step_s), 2) + 1)
            is_near = np.concatenate([[False], self.separation_deg(grid_s) <= self._limit_deg, [False]])
            edges = np.flatnonzero(np.diff(is_near.astype(int)))
            for first, last in zip(edges[::2], edges[1::2] - 1, strict=True):
                first_s = self._edge(grid_s, first - 1, first) if first else from_s
                last_s = self._edge(grid_s, last + 1, last) if last + 1 < len(grid_s) else to_s
                fine_s = np.linspace(first_s, last_s, 201)
                yield first_s, float(fine_s[np.argmin(self.separation_deg(fine_s))]), last_s

    def _candidates(self, length_s: float) -> Iterator[tuple[float, float]]:
        """Stretches in which the body can come near at all: most passes have none, so this look is a quick one."""
        grid_s = np.linspace(0.0, length_s, max(math.ceil(length_s / _COARSE_STEP_S), 1) + 1)
        within_deg = self._limit_deg + _MAX_SKY_RATE_DEG_S * _COARSE_STEP_S
        is_candidate = self.separation_deg(grid_s) <= within_deg
        # A cell counts if either of its ends does.
        cells = np.concatenate([[False], is_candidate[:-1] | is_candidate[1:], [False]])
        edges = np.flatnonzero(np.diff(cells.astype(int)))
        for first, last in zip(edges[::2], edges[1::2], strict=True):
            yield float(grid_s[first]), float(grid_s[last])

    def _edge(self, grid_s: FloatArray, outside: int, inside: int) -> float:
        """Where the separation crosses the limit between two grid points."""
        far_s, near_s = float(grid_s[outside]), float(grid_s[inside])
        for _ in range(_BISECTIONS):
            middle_s = (far_s + near_s) / 2.0
            if self.separation_deg(np.array([middle_s]))[0] <= self._limit_deg:
                near_s = middle_s
            else:
                far_s = middle_s
        return near_s


def _separation_deg(one: Look, other: Look) -> FloatArray:
    """Angle between two directions, exact for small ones too (haversine)."""
    elevation, other_elevation = np.radians(one.elevation_deg), np.radians(other.elevation_deg)
    half_azimuth = np.radians(one.azimuth_deg - other.azimuth_deg) / 2.0
    haversine = np.sin((elevation - other_elevation) / 2.0) ** 2
    haversine += np.cos(elevation) * np.cos(other_elevation) * np.sin(half_azimuth) ** 2
    return np.asarray(np.degrees(2.0 * np.arcsin(np.sqrt(np.minimum(haversine, 1.0)))))


def _brightness_k(body: Body, frequency_hz: float) -> float:
    if body is Body.MOON:
        return _MOON_TEMPERATURE_K
    # 120000 f^-0.75 (f in GHz) for both polarisations together; a feed hears one.
    return float(0.5 * 120000.0 * (frequency_hz / 1e9) ** -0.75)


def _disc_points() -> tuple[FloatArray, FloatArray]:
    """Points that share the disc's area evenly, in polar coordinates around its centre."""
    rings, spokes = 6, 12
    radius_deg = _DISC_RADIUS_DEG * np.sqrt((np.arange(rings) + 0.5) / rings)
    angle_rad = 2.0 * math.pi * np.arange(spokes) / spokes
    radius, angle = np.meshgrid(radius_deg, angle_rad)
    return radius.ravel(), angle.ravel()
