# SPDX-License-Identifier: GPL-3.0-or-later
"""The pointing model of an antenna from measurements: where the encoders stood at a peak, and where the source was."""

from __future__ import annotations

import csv
import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

from xband_core.errors import XbandError
from xband_station.antenna.mount import BoolArray, FloatArray, Mount
from xband_station.antenna.pointing import Pointing, PointingModel

COLUMNS = ("first_deg", "second_deg", "azimuth_deg", "elevation_deg")
# Terms that a few measurements cannot tell apart stay near 0: nothing on a dish is bent by more, offsets apart.
_PRIOR_DEG = {"first_offset_deg": 1e3, "second_offset_deg": 1e3, "refraction_deg": 0.01}
_OTHER_PRIOR_DEG = 1.0
# Huber's loss: beyond this many deviations a measurement pulls with constant force.
_SOFT = 1.5
_OUTLIER = 4.0
_MIN_NOISE_DEG = 1e-4
_ROUNDS = 5


@dataclass(frozen=True)
class Measurements:
    """axes_deg (n, 2): encoders at the peak; azimuth_deg, elevation_deg (n,): apparent direction of the source then."""

    axes_deg: FloatArray
    azimuth_deg: FloatArray
    elevation_deg: FloatArray


@dataclass(frozen=True)
class PointingFit:
    """model; sigma: standard deviation of each term; covariance (8, 8) in the order of PointingModel.names(); rms_deg:
    on the sky, of those that count, before_deg: without a model; is_outlier (n,): not counted."""

    model: PointingModel
    sigma: PointingModel
    covariance: FloatArray
    rms_deg: float
    before_deg: float
    is_outlier: BoolArray


def load_measurements(file: Path) -> Measurements:
    """A CSV file with a heading that names the four columns (others are ignored). Raises XbandError with the line."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise XbandError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise XbandError(f"{file}: is not text (octet {error.start} is not UTF-8)") from None
    rows = csv.DictReader(line for line in text.splitlines() if line.strip())
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise XbandError(f"{file}:1: no column {', '.join(missing)}; needed: {', '.join(COLUMNS)}")
    values = []
    for row in rows:
        values.append([_number(file, rows.line_num, name, row[name]) for name in COLUMNS])
    if len(values) < 4:
        raise XbandError(f"{file}: {len(values)} measurements are too few; at least 4")
    array = np.array(values)
    return Measurements(array[:, :2], array[:, 2], array[:, 3])


def _number(file: Path, line: int, name: str, text: str | None) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    limit = 90.0 if name == "elevation_deg" else 720.0
    if not abs(value) <= limit:
        raise XbandError(f"{file}:{line}: {name}: found {text!r}; allowed: number -{limit:g} to {limit:g}")
    return value


def fit_pointing(mount: Mount, measured: Measurements) -> PointingFit:
    """Robust least squares of the errors on the sky, with weak priors; outliers are left out and named."""
    names = PointingModel.names()
    priors = np.array([_PRIOR_DEG.get(name, _OTHER_PRIOR_DEG) for name in names])
    is_good = np.ones(len(measured.axes_deg), dtype=np.bool_)
    terms, noise_deg = np.zeros(len(names)), 0.1

    def residuals(terms: FloatArray) -> FloatArray:
        errors = _errors_deg(mount, PointingModel(*terms.tolist()), measured)[is_good] / noise_deg
        # Huber for the measurements alone: the priors are meant as they are.
        size = np.linalg.norm(errors, axis=1, keepdims=True)
        softened = np.where(
            size <= _SOFT, 1.0, np.sqrt(np.maximum(2.0 * _SOFT * size - _SOFT**2, 0.0)) / np.maximum(size, 1e-9)
        )
        return np.concatenate([(errors * softened).ravel(), terms / priors])

    # An offset of many degrees is no small correction: begin at the median of the differences.
    terms[:2] = _rough_offsets_deg(mount, measured)
    for _ in range(_ROUNDS):
        solution = least_squares(residuals, terms)
        terms = solution.x
        errors_deg = np.linalg.norm(_errors_deg(mount, PointingModel(*terms.tolist()), measured), axis=1)
        # The median of a Rayleigh distribution is 1.18 deviations of one coordinate.
        noise_deg = max(float(np.median(errors_deg)) / 1.1774, _MIN_NOISE_DEG)
        is_good = errors_deg <= _OUTLIER * noise_deg
    covariance = np.linalg.inv(solution.jac.T @ solution.jac)
    without = np.linalg.norm(_errors_deg(mount, PointingModel(), measured), axis=1)
    return PointingFit(
        model=PointingModel(*terms.tolist()),
        sigma=PointingModel(*np.sqrt(np.diag(covariance)).tolist()),
        covariance=covariance,
        rms_deg=float(np.sqrt(np.mean(errors_deg[is_good] ** 2))),
        before_deg=float(np.sqrt(np.mean(without[is_good] ** 2))),
        is_outlier=~is_good,
    )


def _errors_deg(mount: Mount, model: PointingModel, measured: Measurements) -> FloatArray:
    """Where the beam looked beside the source, on the sky across and along elevation, shape (n, 2)."""
    azimuth_deg, elevation_deg = Pointing(mount, model).to_sky(measured.axes_deg)
    aside_deg = (azimuth_deg - measured.azimuth_deg + 180.0) % 360.0 - 180.0
    across_deg = aside_deg * np.cos(np.radians(measured.elevation_deg))
    return np.stack([across_deg, elevation_deg - measured.elevation_deg], axis=1)


def _rough_offsets_deg(mount: Mount, measured: Measurements) -> FloatArray:
    nominal = mount.to_axes(measured.azimuth_deg, measured.elevation_deg)
    apart = measured.axes_deg - nominal
    apart[:, 0] = (apart[:, 0] + 180.0) % 360.0 - 180.0
    return np.asarray(np.median(apart, axis=0))


def as_rows(fit: PointingFit) -> list[list[str]]:
    """Term, value and deviation, for a table."""
    pairs = zip(dataclasses.asdict(fit.model).items(), dataclasses.asdict(fit.sigma).values(), strict=True)
    return [[name, f"{value:+.4f}", f"{sigma:.4f}"] for (name, value), sigma in pairs]
