# SPDX-License-Identifier: GPL-3.0-or-later
"""The expected Es/N0 along a pass: a link budget with four terms, each a field or a line below.

Es/N0 = EIRP - free-space loss - gas loss - pointing loss + G/T - 10 log10(k) - 10 log10(symbol rate)

No rain, no receiver loss: it is what an ideal receiver would measure in clear sky.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from xband_core.errors import XbandError
from xband_core.mission import Mission
from xband_station.orbit.frames import FloatArray

_SPEED_OF_LIGHT_M_S = 299792458.0
_BOLTZMANN_DBW_PER_K_HZ = -228.599
# Oxygen and water vapour near 8 GHz, clear sky, as seen at the zenith; 0.55 dB at 5 degrees of elevation
# (link budget of the JPSS high rate data downlink; ITU-R P.676 gives the same order).
_ZENITH_GAS_LOSS_DB = 0.048
# Below this elevation the cosecant law of a flat atmosphere gives too much.
_MIN_GAS_ELEVATION_DEG = 2.0


@dataclass(frozen=True)
class Antenna:
    """Receiving antenna. efficiency: of the aperture; system_temperature_k: sky, LNA and losses together."""

    diameter_m: float = 2.4
    efficiency: float = 0.6
    system_temperature_k: float = 180.0
    pointing_loss_db: float = 1.0

    def gain_over_temperature_db_k(self, frequency_hz: float) -> float:
        """G/T: aperture gain over system temperature, 21.5 dB/K for the defaults at 8.2 GHz."""
        wavelength_m = _SPEED_OF_LIGHT_M_S / frequency_hz
        gain = self.efficiency * (math.pi * self.diameter_m / wavelength_m) ** 2
        return 10.0 * math.log10(gain / self.system_temperature_k)


def es_n0_db(mission: Mission, antenna: Antenna, elevation_deg: FloatArray, range_km: FloatArray) -> FloatArray:
    """Expected Es/N0 in dB at each elevation and slant range (same shapes).

    Raises XbandError: the mission has no link section.
    """
    if mission.link is None:
        raise XbandError(f"mission {mission.name}: link.eirp_dbw is needed for the expected Es/N0 and is not given")
    wavelength_m = _SPEED_OF_LIGHT_M_S / mission.centre_frequency_hz
    free_space_loss_db = 20.0 * np.log10(4.0 * np.pi * range_km * 1e3 / wavelength_m)
    clipped_rad = np.radians(np.maximum(elevation_deg, _MIN_GAS_ELEVATION_DEG))
    gas_loss_db = _ZENITH_GAS_LOSS_DB / np.sin(clipped_rad)
    carrier_to_noise_db_hz = (
        mission.link.eirp_dbw
        - free_space_loss_db
        - gas_loss_db
        - antenna.pointing_loss_db
        + antenna.gain_over_temperature_db_k(mission.centre_frequency_hz)
        - _BOLTZMANN_DBW_PER_K_HZ
    )
    return np.asarray(carrier_to_noise_db_hz - 10.0 * math.log10(mission.modulation.symbol_rate_hz))
