# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a pass: ``report.json`` for programs, ``report.html`` for people. Every pass gets one."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from xband_core.errors import XbandError
from xband_core.output_files import replace_file
from xband_core.records import RS_MARGIN_UNKNOWN
from xband_core.wire_types import METADATA
from xband_station import __version__
from xband_station.antenna.mount import beamwidth_deg
from xband_station.link import Antenna, es_n0_db
from xband_station.orbit.age import assess
from xband_station.orbit.geometry import Tracker
from xband_station.orbit.identifiers import catalogue_number
from xband_station.pass_record import PassRecord
from xband_station.planning.planned_pass import PlannedPass
from xband_station.report_page import render_page
from xband_station.times import format_time

REPORT_VERSION = 1
# Points of the predicted curves.
_CURVE_POINTS = 120


def write_report(record: PassRecord, tracker: Tracker, antenna: Antenna) -> Path:
    """Writes both files into the pass's folder and returns the page's path. Raises OutputError."""
    report = make_report(record, tracker, antenna)
    folder = Path(record.folder)
    replace_file(folder / "report.json", json.dumps(report, indent=1, allow_nan=False) + "\n")
    page = folder / "report.html"
    replace_file(page, render_page(report))
    return page


def make_report(record: PassRecord, tracker: Tracker, antenna: Antenna) -> dict[str, Any]:
    """The report as JSON values. Times are ISO 8601 UTC; what is not known is null."""
    planned = record.planned
    mission = planned.choice.mission
    totals = record.totals
    return {
        "report_version": REPORT_VERSION,
        "software": f"gr-xband {__version__}",
        "pass_id": planned.pass_id,
        "station": record.station,
        "satellite": planned.geometry.satellite,
        "norad_cat_id": catalogue_number(planned.geometry.norad_cat_id),
        "mission": mission.name,
        "outcome": record.outcome,
        "problems": record.problems,
        "states": [{"state": state.value, "time": format_time(time)} for state, time in record.states],
        "aos": format_time(planned.aos),
        "tca": format_time(planned.geometry.tca),
        "los": format_time(planned.los),
        "duration_s": round((planned.los - planned.aos).total_seconds(), 3),
        "max_elevation_deg": round(planned.geometry.max_elevation_deg, 3),
        "element_age_days": round(planned.geometry.element_age_s / 86400.0, 3),
        "orbit_data": _orbit_data(planned, antenna),
        "clock_quality": record.clock_quality,
        "centre_frequency_hz": mission.centre_frequency_hz,
        "sample_rate_hz": record.sample_rate_hz,
        "frames_decoded": {
            name: record.decoded(f"frames_{name}") for name in ("good", "corrected", "uncorrectable", "not_checked")
        },
        "frames_published": {
            "good_and_corrected": totals.frames("frames.") if totals else 0,
            "uncorrectable": totals.frames("bad.") if totals else 0,
            "by_topic": {topic: total.frames for topic, total in totals.topics.items()} if totals else {},
        },
        "virtual_channels": {
            f"frames.{mission.name}.{vcid}": channel.name for vcid, channel in mission.framing.virtual_channels.items()
        },
        "phase_slips": record.decoded("phase_slips"),
        "bit_slips": record.decoded("bit_slips"),
        "channel_bits": record.decoded("channel_bits"),
        "channel_bit_errors": record.decoded("channel_bit_errors"),
        "frames_by_rs_margin": _frames_by_rs_margin(Path(record.folder)),
        "messages_dropped": record.decoded("messages_dropped"),
        "messages_rejected": totals.rejected if totals else 0,
        "archive_error": totals.archive_error if totals else None,
        "restarts": record.restarts,
        "lost_s": round(record.lost_s, 3),
        "gaps": [
            {
                "reason": gap.reason,
                "start": format_time(gap.start),
                "stop": format_time(gap.stop),
                "lost_s": round(gap.lost_s, 3),
                "basis": gap.basis,
            }
            for gap in record.gaps
        ],
        "receivers": [
            {
                "instance": instance.number,
                "started": format_time(instance.started),
                "end": instance.end,
                "log": instance.log,
                "bad_events": instance.bad_events,
                "last_heartbeat": dataclasses.asdict(instance.last) if instance.last else None,
            }
            for instance in record.instances
        ],
        "corrections": {name: _rounded(value, 5) for name, value in record.corrections().items()},
        "antenna": dataclasses.asdict(record.antenna) if record.antenna else None,
        "measured": _measured(record, tracker),
        "predicted": _predicted(record, tracker, antenna),
        "spectrum_db": [round(value, 2) for value in record.snapshot.spectrum_db] if record.snapshot else [],
        "spectrum_width_hz": record.snapshot.spectrum_width_hz if record.snapshot else None,
        "constellation": [[round(i, 4), round(q, 4)] for i, q in record.snapshot.constellation]
        if record.snapshot
        else [],
    }


def _orbit_data(planned: PlannedPass, antenna: Antenna) -> dict[str, Any]:
    """Which orbit data the pass was taken with, and what their age was expected to cost."""
    beam_deg = beamwidth_deg(antenna.diameter_m, planned.choice.mission.centre_frequency_hz)
    age = assess(planned.elements, planned.geometry.tca, beam_deg)
    return {
        "source": planned.elements.source,
        "epoch": format_time(planned.elements.epoch_utc),
        "reason": planned.orbit_reason,
        "age_level": age.level.value,
        "expected_time_error_s": _rounded(age.time_error_s, 3),
        "expected_beamwidths": _rounded(age.beamwidth_share, 3),
    }


def _measured(record: PassRecord, tracker: Tracker) -> list[dict[str, Any]]:
    """Measurements with the elevation at their time; seconds count from AOS."""
    if not record.measurements:
        return []
    aos = record.planned.aos
    offsets_s = [(measurement.time - aos).total_seconds() for measurement in record.measurements]
    elevations_deg = tracker.look(aos, offsets_s).elevation_deg
    return [
        {
            "seconds": round(offset_s, 3),
            "elevation_deg": _rounded(float(elevation_deg), 3),
            "locked": measurement.is_locked,
            "es_n0_db": _rounded(measurement.es_n0_db, 2),
            "carrier_offset_hz": _rounded(measurement.carrier_offset_hz, 1),
            "evm_percent": _rounded(measurement.evm_percent, 2),
            "channel_ber": measurement.channel_ber,
            "equaliser_gain_db": _rounded(measurement.corrections.equaliser_gain_db, 2),
        }
        for offset_s, elevation_deg, measurement in zip(offsets_s, elevations_deg, record.measurements, strict=True)
    ]


def _frames_by_rs_margin(folder: Path) -> dict[str, int]:
    """How many archived frames had which Reed-Solomon margin left; -1: beyond repair. Empty without the code."""
    counts: dict[str, int] = {}
    for name in ("frames_bad.meta", "frames.meta"):
        file = folder / name
        if not file.is_file() or file.stat().st_size < METADATA.itemsize:
            continue
        margins, frames = np.unique(np.memmap(file, METADATA, "r")["rs_margin"], return_counts=True)
        for margin, count in zip(margins.tolist(), frames.tolist(), strict=True):
            if margin != RS_MARGIN_UNKNOWN:
                counts[str(margin)] = counts.get(str(margin), 0) + count
    return counts


def _predicted(record: PassRecord, tracker: Tracker, antenna: Antenna) -> list[dict[str, Any]]:
    """Elevation and the link budget's Es/N0 (null without link data) over the whole pass above the horizon mask.

    The part that was to be received has points of its own: it may be a short one.
    """
    planned = record.planned
    ends_s = [(end - planned.aos).total_seconds() for end in (planned.los, planned.geometry.los or planned.los)]
    offsets_s = np.unique(np.concatenate([np.linspace(0.0, end_s, _CURVE_POINTS) for end_s in ends_s]))
    look = tracker.look(planned.aos, offsets_s)
    try:
        expected: list[float | None] = es_n0_db(
            planned.choice.mission, antenna, look.elevation_deg, look.range_km
        ).tolist()
    except XbandError:
        expected = [None] * len(offsets_s)  # the mission has no link data: the page shows the measurements alone
    return [
        {"seconds": round(t, 1), "elevation_deg": _rounded(elevation, 3), "es_n0_db": _rounded(value, 2)}
        for t, elevation, value in zip(offsets_s.tolist(), look.elevation_deg.tolist(), expected, strict=True)
    ]


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None or not np.isfinite(value) else round(value, digits)
