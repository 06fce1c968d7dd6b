# SPDX-License-Identifier: GPL-3.0-or-later
"""How much better than necessary a link is: expected Es/N0, less rain, against what the receiver needs.

Rain: specific attenuation by ITU-R P.838-3, equation 1 and table 5, for circular polarisation; the path through it as
in ITU-R P.618-5, 2.2.1.1: from the station up to the rain's height, shortened because heavy rain is local.
"""

from __future__ import annotations

import math

import numpy as np

from xband_core.mission import CODE_RATES, Mission
from xband_station.link import Antenna, es_n0_db
from xband_station.orbit.frames import FloatArray

# Frequency in GHz, k and alpha for horizontal and for vertical polarisation (ITU-R P.838-3, table 5).
_RAIN = ((6.0, 0.0007056, 1.5900, 0.0004878, 1.5728), (8.0, 0.004115, 1.3905, 0.003450, 1.3797),
         (10.0, 0.01217, 1.2571, 0.01129, 1.2156))  # fmt: skip
# Mean height of the 0 degree isotherm near 43 degrees north and 0.36 km (ITU-R P.839-4).
_RAIN_HEIGHT_KM = 3.2
_MIN_RAIN_ELEVATION_DEG = 5.0  # below it the path is no longer height over sine

# Eb/N0 in dB for 99 % of frames of our own receiver: `xband bench sensitivity`, docs/performance.md; rates that are not
# in that table lie between. Eb counts the bits that enter the inner code.
_NEEDED_WITH_RS_DB = {
    "none": 5.0,
    "conv_k7_r12": 1.5,
    "conv_k7_r23": 2.2,
    "conv_k7_r34": 2.7,
    "conv_k7_r56": 3.4,
    "conv_k7_r78": 4.0,
}
# Without Reed-Solomon a frame is lost by its first wrong bit: a bit error rate of 1e-6 instead of some 1e-3.
_WITHOUT_RS_DB = {"none": 5.5, "conv": 2.8}


def needed_es_n0_db(mission: Mission) -> float:
    """Es/N0 at which 99 % of frames come out."""
    coding = mission.coding
    eb_n0_db = _NEEDED_WITH_RS_DB[coding.inner]
    if coding.rs is None:
        eb_n0_db += _WITHOUT_RS_DB["none" if coding.inner == "none" else "conv"]
    bits_per_symbol = 1.0 if mission.modulation.kind == "bpsk" else 2.0
    return eb_n0_db + 10.0 * math.log10(bits_per_symbol * CODE_RATES.get(coding.inner, 1.0))


def rain_loss_db(
    frequency_hz: float, rain_rate_mm_h: float, elevation_deg: FloatArray, altitude_m: float
) -> FloatArray:
    """Attenuation by rain at each elevation. No rain, no loss; a station above the rain has none."""
    height_km = _RAIN_HEIGHT_KM - altitude_m / 1e3
    if rain_rate_mm_h <= 0.0 or height_km <= 0.0:
        return np.zeros_like(elevation_deg)
    slant_km = height_km / np.sin(np.radians(np.maximum(elevation_deg, _MIN_RAIN_ELEVATION_DEG)))
    along_ground_km = slant_km * np.cos(np.radians(elevation_deg))
    # Mean extent of a cell of rain: ITU-R P.618-5, 2.2.1.1, step 5.
    reduction = 1.0 / (1.0 + along_ground_km / (35.0 * math.exp(-0.015 * min(rain_rate_mm_h, 100.0))))
    return np.asarray(_rain_db_km(frequency_hz, rain_rate_mm_h) * slant_km * reduction)


def _rain_db_km(frequency_hz: float, rain_rate_mm_h: float) -> float:
    """Between the table's frequencies: k and frequency as logarithms, alpha linear."""
    table = np.array(_RAIN)
    place, at = np.log(table[:, 0]), math.log(frequency_hz / 1e9)
    k_h, k_v = (math.exp(np.interp(at, place, np.log(table[:, column]))) for column in (1, 3))
    a_h, a_v = (float(np.interp(at, place, table[:, column])) for column in (2, 4))
    k = (k_h + k_v) / 2.0
    return float(k * rain_rate_mm_h ** ((k_h * a_h + k_v * a_v) / (2.0 * k)))


def margin_db(
    mission: Mission,
    antenna: Antenna,
    elevation_deg: FloatArray,
    range_km: FloatArray,
    rain_rate_mm_h: float,
    altitude_m: float,
) -> FloatArray | None:
    """Margin at each elevation and range, pointing as the station file says; None: the mission tells no EIRP."""
    if mission.link is None:
        return None
    expected_db = es_n0_db(mission, antenna, elevation_deg, range_km)
    rain_db = rain_loss_db(mission.centre_frequency_hz, rain_rate_mm_h, elevation_deg, altitude_m)
    return np.asarray(expected_db - rain_db - needed_es_n0_db(mission))
