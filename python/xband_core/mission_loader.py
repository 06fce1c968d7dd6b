# SPDX-License-Identifier: GPL-3.0-or-later
"""Mission files to :class:`~xband_core.mission.Mission`. Every key must be known, typed, in range and have a source."""

from __future__ import annotations

import difflib
from pathlib import Path
from types import MappingProxyType

from .errors import MissionError
from .mission import (
    CODE_RATES,
    Coding,
    Corrections,
    Framing,
    Link,
    Mission,
    Modulation,
    ReedSolomon,
    Source,
    VirtualChannel,
)
from .yaml_section import Section, read_section

SCHEMA = 1
SHIPPED_DIR = Path(__file__).parent / "missions"
SOURCE_KINDS = ("operator", "decoder", "recording", "catalogue", "estimate")
NAME_PATTERN = r"[a-z0-9]+(-[a-z0-9]+)*"  # a ZeroMQ topic and a file name are made of it
# Largest identifiers: AOS 8-bit SCID (CCSDS 732.0-B-4, 4.1.2.2), TM 10-bit SCID and 3-bit VCID (132.0-B-3, 4.1.2).
MAX_SCID = {"aos": 255, "tm": 1023, "raw": 0}
MAX_VCID = {"aos": 63, "tm": 7, "raw": 0}


def shipped_files() -> dict[str, Path]:
    """Name -> file of the missions that come with the package."""
    return {file.stem: file for file in SHIPPED_DIR.glob("*.yml")}


def load(name_or_path: str | Path) -> Mission:
    """See :func:`xband_core.mission.load_mission`."""
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or "/" in text or text.endswith((".yml", ".yaml")):
        return _read_mission(Path(name_or_path))
    files = shipped_files()
    if text not in files:
        near = difflib.get_close_matches(text, files, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        allowed = ", ".join(sorted(files)) + ", or the path of a .yml file"
        raise MissionError(f"no such mission{hint}", field="mission", value=repr(text), allowed=allowed)
    return _read_mission(files[text])


def _read_mission(file: Path) -> Mission:
    top = read_section(file)
    if top.integer("schema", 1, 1_000_000) != SCHEMA:
        top.fail("schema", "this version of gr-xband reads another schema", str(SCHEMA))
    declared = _read_sources(top.section("sources"))
    origins = _Origins(declared)
    name = top.text("name", pattern=NAME_PATTERN, allowed="lower-case words and digits joined by '-'")
    modulation = _read_modulation(top.section("modulation"), origins)
    coding = _read_coding(top.section("coding"), modulation, origins)
    framing = _read_framing(top.section("framing"), coding, origins)
    mission = Mission(
        name=name,
        title=top.text("title"),
        norad_cat_id=_read_identifier(top),
        centre_frequency_hz=top.number("centre_frequency_hz", 1e6, 1e11),
        polarisation=top.choice("polarisation", ("rhcp", "lhcp")),
        modulation=modulation,
        coding=coding,
        framing=framing,
        link=_read_link(top.section("link"), origins) if top.has("link") else None,
        flowgraph=top.text("flowgraph", "receiver.grc", pattern=r".+\.grc", allowed="name of a .grc file"),
        sources=origins.by_field,
        file=file,
        corrections=_read_corrections(top.section("corrections")) if top.has("corrections") else Corrections(),
    )
    origins.read(top, ("norad_cat_id", "centre_frequency_hz", "polarisation"))
    top.finish()
    origins.refuse_unused(top.section("sources"))
    return mission


class _Origins:
    """Collects the source of every fact, and refuses facts without one and sources without a fact."""

    def __init__(self, declared: dict[str, Source]) -> None:
        self._declared = declared
        self._used: set[str] = set()
        self._by_field: dict[str, Source] = {}

    @property
    def by_field(self) -> MappingProxyType[str, Source]:
        """Read-only view: dotted field -> source."""
        return MappingProxyType(self._by_field)

    def read(self, section: Section, fields: tuple[str, ...]) -> None:
        """Reads ``source`` of a section: ``default`` holds for all its facts, other keys for one each."""
        source = section.section("source")
        for key in source:
            if key != "default" and key not in fields:
                source.fail(key, "no fact of this name here", ", ".join(("default", *fields)))
        for field in fields:
            if field not in section:
                continue  # an optional fact left out
            key = field if source.has(field) else "default"
            identifier = source.choice(key, tuple(self._declared))
            self._by_field[section.name(field)] = self._declared[identifier]
        self._used.update(source.choice(key, tuple(self._declared)) for key in source)

    def refuse_unused(self, sources: Section) -> None:
        """A declared source that no fact names is a leftover."""
        for identifier in self._declared:
            if identifier not in self._used:
                sources.fail(identifier, "no fact names this source")


def _read_identifier(top: Section) -> str:
    """A catalogue number without leading zeros, or another catalogue's word."""
    allowed = "number 1 to 999999999, or capital letters, digits and hyphens"
    text = top.text("norad_cat_id", pattern=r"0*[1-9][0-9]{0,8}|(?=.*[A-Z])[A-Z0-9][A-Z0-9-]{0,23}", allowed=allowed)
    return text.lstrip("0") if text.isdigit() else text


def _read_sources(section: Section) -> dict[str, Source]:
    sources = {}
    for identifier, entry in section.sections():
        sources[identifier] = Source(title=entry.text("title"), kind=entry.choice("kind", SOURCE_KINDS))
        entry.finish()
    if not sources:
        section.fail(None, "no source given", "at least one")
    return sources


def _read_modulation(section: Section, origins: _Origins) -> Modulation:
    kind = section.choice("kind", ("bpsk", "qpsk", "oqpsk"))
    modulation = Modulation(
        kind=kind,
        symbol_rate_hz=section.number("symbol_rate_hz", 100.0, 2e9),
        rolloff=section.number("rolloff", 0.05, 1.0),
        differential=section.choice("differential", ("none", "nrz_m", "nrz_m_per_rail", "four_phase"), "none"),
    )
    allowed = {"bpsk": ("none", "nrz_m"), "oqpsk": ("none", "nrz_m", "nrz_m_per_rail")}.get(kind)
    if allowed is not None and modulation.differential not in allowed:
        section.fail("differential", f"not on {kind}", ", ".join(allowed))
    origins.read(section, ("kind", "symbol_rate_hz", "rolloff", "differential"))
    section.finish()
    return modulation


def _read_corrections(section: Section) -> Corrections:
    """Choices of the operator, which have no source."""
    corrections = Corrections(
        equaliser=section.choice("equaliser", ("off", "auto", "on"), "auto"),
        conditioner=section.choice("conditioner", ("off", "auto"), "auto"),
    )
    section.finish()
    return corrections


def _read_coding(section: Section, modulation: Modulation, origins: _Origins) -> Coding:
    inner = section.choice("inner", ("none", *CODE_RATES))
    rail_mapping = _read_rail_mapping(section, inner, modulation)
    coding = Coding(
        inner=inner,
        rs=_read_reed_solomon(section.section("rs")) if section.has("rs") else None,
        randomizer=section.choice("randomizer", ("none", "ccsds")),
        sync_marker=section.integer("sync_marker", 1, 0xFFFFFFFF, default=0x1ACFFC1D),
        rail_mapping=rail_mapping,
    )
    origins.read(section, ("inner", "rail_mapping", "rs", "randomizer", "sync_marker"))
    section.finish()
    return coding


def _read_rail_mapping(section: Section, inner: str, modulation: Modulation) -> str:
    """What goes together is what the kernels accept: lib/core/framing/framing_config.cc."""
    mapping = section.choice("rail_mapping", ("serial", "c1_c2", "per_rail"), "serial")
    if mapping != "serial" and inner == "none":
        section.fail("rail_mapping", "there is no inner code to map", "nothing: leave the key out")
    if mapping != "serial" and modulation.kind == "bpsk":
        section.fail("rail_mapping", "bpsk has one rail", "serial")
    if mapping == "c1_c2" and inner in ("conv_k7_r23", "conv_k7_r78"):
        section.fail("rail_mapping", f"{inner} keeps unlike numbers of c1 and c2", "serial, per_rail")
    if mapping == "per_rail" and modulation.kind == "oqpsk":
        section.fail("rail_mapping", "a code on each rail of oqpsk is not supported", "serial, c1_c2")
    if modulation.differential == "nrz_m_per_rail" and inner != "none" and mapping != "per_rail":
        section.fail("inner", "nrz_m_per_rail needs rails coded apart", "none, or rail_mapping: per_rail")
    if modulation.differential == "four_phase" and mapping != "per_rail":
        section.fail("inner", "four_phase needs rails coded apart", "a code with rail_mapping: per_rail")
    return mapping


def _read_reed_solomon(section: Section) -> ReedSolomon:
    parity = int(section.choice("parity", ("32", "16")))
    rs = ReedSolomon(
        parity=parity,
        basis=section.choice("basis", ("dual", "conventional")),
        interleave=section.integer("interleave", 1, 8),
        virtual_fill=section.integer("virtual_fill", 0, 254 - parity, default=0),
    )
    section.finish()
    return rs


def _read_framing(section: Section, coding: Coding, origins: _Origins) -> Framing:
    kind = section.choice("kind", ("aos", "tm", "raw"))
    # CCSDS 132.0-B-3, 4.1.1: at most 2048 octets; the upper bound here is that of the frame record's length field.
    frame_len_bytes = section.integer("frame_len_bytes", 16, 60_000)
    if coding.rs is not None and frame_len_bytes != coding.rs.data_len_bytes:
        rs = coding.rs
        section.fail(
            "frame_len_bytes",
            "does not fill the Reed-Solomon code block",
            f"{rs.interleave} x (255 - {rs.parity} - {rs.virtual_fill}) = {rs.data_len_bytes}",
        )
    framing = Framing(
        kind=kind,
        frame_len_bytes=frame_len_bytes,
        scid=section.integer("scid", 0, MAX_SCID[kind]) if section.has("scid") else None,
        insert_zone_len_bytes=section.integer("insert_zone_len_bytes", 0, frame_len_bytes - 14, default=0),
        has_ocf=section.flag("has_ocf", False),
        has_fecf=section.flag("has_fecf", False),
        virtual_channels=_read_virtual_channels(section, kind),
        is_contiguous=section.flag("is_contiguous", True),
    )
    if not framing.is_contiguous and coding.rs is None and not framing.has_fecf:
        section.fail("is_contiguous", "nothing proves a frame that comes alone", "true without coding.rs or has_fecf")
    if kind != "aos":
        for key in ("insert_zone_len_bytes", "has_ocf"):
            if key in section:
                section.fail(key, "only AOS frames have this by configuration", "nothing: leave the key out")
    if kind == "raw" and framing.scid is not None:
        section.fail("scid", "raw frames have no header", "nothing: leave the key out")
    facts = (
        *("kind", "frame_len_bytes", "scid", "insert_zone_len_bytes", "has_ocf", "has_fecf", "is_contiguous"),
        "virtual_channels",
    )
    origins.read(section, facts)
    section.finish()
    return framing


def _read_virtual_channels(framing: Section, kind: str) -> MappingProxyType[int, VirtualChannel]:
    channels: dict[int, VirtualChannel] = {}
    if framing.has("virtual_channels"):
        table = framing.section("virtual_channels")
        allowed = f"virtual channel identifier 0 to {MAX_VCID[kind]}"
        for key, entry in table.sections():
            if not (key.isascii() and key.isdecimal() and len(key) <= 2 and int(key) <= MAX_VCID[kind]):
                table.fail(key, "not a virtual channel", allowed)
            channels[int(key)] = VirtualChannel(name=entry.text("name"), packets=entry.flag("packets", True))
            entry.finish()
    return MappingProxyType(channels)


def _read_link(section: Section, origins: _Origins) -> Link:
    link = Link(eirp_dbw=section.number("eirp_dbw", -60.0, 90.0))
    origins.read(section, ("eirp_dbw",))
    section.finish()
    return link
