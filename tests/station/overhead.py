# SPDX-License-Identifier: GPL-3.0-or-later
"""Circular orbits past the zenith over an Earth at rest: passes of any highest elevation and direction."""

import numpy as np

from xband_station.antenna.mount import vector_direction

EARTH_KM = 6371.0
MU_KM3_S2 = 398600.4


def overhead_pass(max_elevation_deg, altitude_km=824.0, heading_deg=10.0, floor_deg=5.0, step_s=1.0):
    """Times after culmination in seconds, azimuths and elevations above ``floor_deg``."""
    radius_km = EARTH_KM + altitude_km
    elevation = np.radians(max_elevation_deg)
    # Geocentric angle between station and ground track: law of sines in the triangle station, satellite, centre.
    aside = np.pi / 2.0 - elevation - np.arcsin(EARTH_KM * np.cos(elevation) / radius_km)
    time_s = np.arange(-900.0, 900.0 + step_s, step_s)
    angle = np.sqrt(MU_KM3_S2 / radius_km**3) * time_s
    right = np.full_like(angle, radius_km * np.sin(aside))
    ahead = radius_km * np.cos(aside) * np.sin(angle)
    up = radius_km * np.cos(aside) * np.cos(angle) - EARTH_KM
    heading = np.radians(heading_deg)
    east = right * np.cos(heading) + ahead * np.sin(heading)
    north = ahead * np.cos(heading) - right * np.sin(heading)
    azimuth_deg, elevation_deg = vector_direction(np.stack([east, north, up], axis=-1))
    seen = elevation_deg > floor_deg
    return time_s[seen], azimuth_deg[seen], elevation_deg[seen]
