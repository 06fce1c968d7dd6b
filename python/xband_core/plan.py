# SPDX-License-Identifier: GPL-3.0-or-later
"""The pass plan: what the station tells the receiver process, one JSON file per pass and instance.

The station writes it (:meth:`PassPlan.save`), the worker reads it (:func:`load_plan`). Every key is required; times are
UTC in integer nanoseconds; sample counts begin with the source's first sample.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from xband_core.errors import XbandError

PLAN_VERSION = 1
IQ_FORMATS = ("cs8", "cs16", "cf32")


class PlanError(XbandError):
    """A pass plan is not as documented here; the text names file, key and value."""


@dataclass(frozen=True)
class PlanSource:
    """Where samples come from. uri: ``tcp://host:port`` (xband-iq), ``file:/path`` or ``soapy:arguments``."""

    uri: str
    format: str
    sample_rate_hz: float


@dataclass(frozen=True)
class DopplerSegment:
    """Carrier offset in Hz: c0 + c1 t + c2 t^2 ... over t seconds since ``start_sample``, until the next one."""

    start_sample: int
    coefficients_hz: tuple[float, ...]


@dataclass(frozen=True)
class PassPlan:
    """One launch of the receiver.

    mission: name of a shipped mission or path of a mission file; flowgraph: path of the .grc file; parameters: set on
    the flowgraph beside the ones the worker knows. start_time_ns, stop_time_ns: when samples are wanted; stop_sample:
    the sample count that ends the pass, or None. first_sample_time_ns: time of sample 0 when the station dictates it
    (simulation), None when the source says. doppler: counts samples from first_sample_time_ns, or if that is None from
    start_time_ns: a source that began at another time is for the worker to allow for. frames_endpoint, events_endpoint:
    ZeroMQ addresses that the worker connects PUSH sockets to. instance: how often the receiver was started in this pass
    before.
    """

    pass_id: str
    station: str
    mission: str
    satellite: str
    flowgraph: str
    parameters: Mapping[str, str | int | float | bool]
    source: PlanSource
    start_time_ns: int
    stop_time_ns: int
    stop_sample: int | None
    first_sample_time_ns: int | None
    clock_quality: str
    doppler: tuple[DopplerSegment, ...]
    frames_endpoint: str
    events_endpoint: str
    instance: int = 0
    heartbeat_s: float = 0.5

    def save(self, file: Path) -> None:
        """Writes the plan so that a reader sees either nothing or all of it. Raises OSError."""
        content = {"plan_version": PLAN_VERSION, **dataclasses.asdict(self)}
        part = file.with_name(file.name + ".part")
        part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        os.replace(part, file)


def load_plan(file: Path) -> PassPlan:
    """Reads and checks a plan. Raises PlanError: unreadable, unknown or missing key, wrong type or value."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise PlanError(f"{file}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise PlanError(f"{file}: not JSON: {error}") from error
    return _Reader(file, content).plan()


class _Reader:
    """Checks one plan key by key."""

    def __init__(self, file: Path, content: object) -> None:
        self._file = file
        self._content = self._mapping("plan", content)

    def plan(self) -> PassPlan:
        version = self._content.pop("plan_version", None)
        if version != PLAN_VERSION:
            raise self._error("plan_version", version, f"{PLAN_VERSION}")
        self._exact_keys("plan", self._content, PassPlan)
        content = self._content
        for key in ("pass_id", "station", "mission", "satellite", "flowgraph", "clock_quality"):
            self._expect(key, content[key], isinstance(content[key], str) and content[key] != "", "a text")
        for key in ("frames_endpoint", "events_endpoint"):
            is_endpoint = isinstance(content[key], str) and content[key].startswith(("ipc://", "tcp://"))
            self._expect(key, content[key], is_endpoint, "ipc://... or tcp://...")
        for key in ("start_time_ns", "stop_time_ns", "instance"):
            self._expect(key, content[key], _is_count(content[key]), "a whole number, not negative")
        for key in ("stop_sample", "first_sample_time_ns"):
            is_valid = content[key] is None or _is_count(content[key])
            self._expect(key, content[key], is_valid, "a whole number or null")
        self._expect("heartbeat_s", content["heartbeat_s"], _is_positive(content["heartbeat_s"]), "seconds above 0")
        self._expect(
            "stop_time_ns",
            content["stop_time_ns"],
            content["stop_time_ns"] > content["start_time_ns"],
            "after the start",
        )
        parameters = self._mapping("parameters", content["parameters"])
        for key, value in parameters.items():
            self._expect(
                f"parameters.{key}", value, isinstance(value, (str, int, float)), "text, number or truth value"
            )
        return PassPlan(**{**content, "source": self._source(), "doppler": self._doppler(), "parameters": parameters})

    def _source(self) -> PlanSource:
        source = self._mapping("source", self._content["source"])
        self._exact_keys("source", source, PlanSource)
        is_uri = isinstance(source["uri"], str) and ":" in source["uri"]
        self._expect("source.uri", source["uri"], is_uri, "tcp://host:port, file:/path or soapy:arguments")
        self._expect("source.format", source["format"], source["format"] in IQ_FORMATS, ", ".join(IQ_FORMATS))
        rate = source["sample_rate_hz"]
        self._expect("source.sample_rate_hz", rate, _is_positive(rate), "hertz above 0")
        return PlanSource(source["uri"], source["format"], float(rate))

    def _doppler(self) -> tuple[DopplerSegment, ...]:
        raw = self._content["doppler"]
        self._expect("doppler", raw, isinstance(raw, list), "a list of segments")
        segments: list[DopplerSegment] = []
        for number, entry in enumerate(raw):
            name = f"doppler[{number}]"
            segment = self._mapping(name, entry)
            self._exact_keys(name, segment, DopplerSegment)
            start, coefficients = segment["start_sample"], segment["coefficients_hz"]
            is_later = _is_count(start) and (not segments or start > segments[-1].start_sample)
            self._expect(f"{name}.start_sample", start, is_later, "a sample count above the segment's before")
            are_numbers = isinstance(coefficients, list) and all(_is_number(value) for value in coefficients)
            is_valid = are_numbers and 1 <= len(coefficients) <= 6
            self._expect(f"{name}.coefficients_hz", coefficients, is_valid, "1 to 6 numbers")
            segments.append(DopplerSegment(start, tuple(float(value) for value in coefficients)))
        return tuple(segments)

    def _mapping(self, name: str, value: object) -> dict[str, Any]:
        self._expect(name, value, isinstance(value, dict), "an object")
        return dict(cast("dict[str, Any]", value))

    def _exact_keys(self, name: str, found: Mapping[str, Any], record: type[Any]) -> None:
        wanted = {field.name for field in dataclasses.fields(record)}
        for key in sorted(wanted - found.keys()):
            raise PlanError(f"{self._file}: {name}: key {key!r} is missing")
        for key in sorted(found.keys() - wanted):
            raise PlanError(f"{self._file}: {name}: unknown key {key!r}; known: {', '.join(sorted(wanted))}")

    def _expect(self, name: str, value: object, is_valid: bool, allowed: str) -> None:
        if not is_valid:
            raise self._error(name, value, allowed)

    def _error(self, name: str, value: object, allowed: str) -> PlanError:
        return PlanError(f"{self._file}: {name}: {str(value)[:80]!r} found, allowed: {allowed}")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_positive(value: object) -> bool:
    return _is_number(value) and cast("float", value) > 0


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
