# SPDX-License-Identifier: GPL-3.0-or-later
"""The mission loader: shipped files are right, wrong files are refused with line, field and allowed values."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xband_core import _core
from xband_core.errors import MissionError
from xband_core.mission import Mission, load_mission, mission_names
from xband_core.mission_loader import SHIPPED_DIR

EXAMPLE = (SHIPPED_DIR / "suomi-npp.yml").read_text()


def load_text(tmp_path: Path, text: str | bytes) -> Mission:
    file = tmp_path / "mine.yml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_mission(file)


def line_of(text: str, needle: str) -> int:
    return text[: text.index(needle)].count("\n") + 1


@pytest.mark.parametrize("name", mission_names())
def test_shipped_mission_is_named_after_its_file(name: str) -> None:
    mission = load_mission(name)
    assert mission.name == name
    assert mission.file.stem == name
    assert mission.sources["modulation.symbol_rate_hz"].title


def test_norad_numbers_are_unique() -> None:
    numbers = [load_mission(name).norad_cat_id for name in mission_names()]
    assert len(set(numbers)) == len(numbers)


# symbol rate, modulation, inner code, differential, interleave, frame, SCID, insert zone, OCF
FACTS = {
    "suomi-npp": (15e6, "qpsk", "conv_k7_r12", "nrz_m", 4, 892, 157, 0, False),
    "noaa-20": (15e6, "qpsk", "conv_k7_r12", "nrz_m", 4, 892, 159, 0, False),
    "noaa-21": (25e6, "oqpsk", "conv_k7_r12", "nrz_m", 5, 1115, 177, 9, True),
    "aqua": (7.5e6, "oqpsk", "none", "nrz_m_per_rail", 4, 892, 154, 0, False),
    "metop-ahrpt-class": (2.333333e6, "qpsk", "conv_k7_r34", "none", 4, 892, 13, 2, False),
    "metop-sg-a1": (93.3e6, "qpsk", "conv_k7_r12", "none", 4, 892, 3, 0, False),
    "fy-3d": (30e6, "qpsk", "conv_k7_r34", "four_phase", 4, 892, 52, 2, False),
    "fy-3e": (38.4e6, "qpsk", "conv_k7_r34", "four_phase", 4, 892, 56, 2, False),
    "fy-3f": (38.4e6, "qpsk", "conv_k7_r34", "four_phase", 4, 892, 60, 2, False),
    "fy-3g": (6e6, "qpsk", "conv_k7_r34", "four_phase", 4, 892, 64, 2, False),
    "fy-3h": (38.4e6, "qpsk", "conv_k7_r34", "four_phase", 4, 892, None, 2, False),
}


@pytest.mark.parametrize("name", FACTS)
def test_facts(name: str) -> None:
    m = load_mission(name)
    assert m.coding.rs is not None
    assert (m.coding.rs.parity, m.coding.rs.basis, m.coding.randomizer) == (32, "dual", "ccsds")
    assert FACTS[name] == (
        m.modulation.symbol_rate_hz,
        m.modulation.kind,
        m.coding.inner,
        m.modulation.differential,
        m.coding.rs.interleave,
        m.framing.frame_len_bytes,
        m.framing.scid,
        m.framing.insert_zone_len_bytes,
        m.framing.has_ocf,
    )


def test_derived_rates() -> None:
    mission = load_mission("suomi-npp")
    assert mission.cadu_len_bytes == 1024
    assert mission.information_bit_rate_hz == 15e6
    assert mission.frame_rate_hz == pytest.approx(15e6 / 8192)


@pytest.mark.parametrize(
    ("modulation", "inner", "mapping", "allowed"),
    [
        ("qpsk", "conv_k7_r23", "c1_c2", "serial, per_rail"),
        ("qpsk", "conv_k7_r78", "c1_c2", "serial, per_rail"),
        ("bpsk", "conv_k7_r34", "c1_c2", "serial"),
        ("oqpsk", "conv_k7_r34", "per_rail", "serial, c1_c2"),
        ("qpsk", "none", "c1_c2", "leave the key out"),
    ],
)
def test_rail_mappings_that_do_not_go(tmp_path: Path, modulation: str, inner: str, mapping: str, allowed: str) -> None:
    text = EXAMPLE.replace("kind: qpsk ", f"kind: {modulation} ").replace("inner: conv_k7_r12 ", f"inner: {inner} ")
    text = text.replace("rail_mapping: serial ", f"rail_mapping: {mapping} ")
    with pytest.raises(MissionError) as caught:
        load_text(tmp_path, text)
    assert caught.value.field == "coding.rail_mapping"
    assert caught.value.line == line_of(text, f"rail_mapping: {mapping}")
    assert allowed in (caught.value.allowed or "")
    config = load_mission("suomi-npp").decoder_config()
    with pytest.raises(ValueError, match="rail_mapping"):
        _core.FrameDecoder(**config | {"modulation": modulation, "inner_code": inner, "rail_mapping": mapping})


@pytest.mark.parametrize(
    ("name", "mapping", "bit_rate_hz"),
    [("metop-ahrpt-class", "c1_c2", 3.4999995e6), ("fy-3e", "per_rail", 57.6e6), ("metop-sg-a1", "serial", 93.3e6)],
)
def test_code_rates_and_mappings(name: str, mapping: str, bit_rate_hz: float) -> None:
    mission = load_mission(name)
    assert mission.decoder_config()["rail_mapping"] == mapping
    assert mission.information_bit_rate_hz == pytest.approx(bit_rate_hz)


def test_unknown_name_suggests_the_near_one() -> None:
    with pytest.raises(MissionError, match="did you mean suomi-npp") as caught:
        load_mission("suomi-nnp")
    assert "noaa-20" in (caught.value.allowed or "")


def test_own_mission_by_path(tmp_path: Path) -> None:
    text = EXAMPLE.replace("name: suomi-npp", "name: my-sat").replace("scid: 157", "scid: 42")
    mission = load_text(tmp_path, text)
    assert (mission.name, mission.framing.scid) == ("my-sat", 42)


def test_corrections_can_be_switched_off(tmp_path: Path) -> None:
    text = EXAMPLE.replace("equaliser: auto", "equaliser: off").replace("conditioner: auto", "conditioner: off")
    config = load_text(tmp_path, text).demodulator_config(33e6, "cs8")
    assert (config["equaliser"], config["conditioner"]) == ("off", "off")
    with pytest.raises(MissionError, match=r"corrections\.equaliser") as caught:
        load_text(tmp_path, EXAMPLE.replace("equaliser: auto", "equaliser: maybe"))
    assert caught.value.allowed == "off, auto, on"


def test_frames_one_by_one_need_a_check(tmp_path: Path) -> None:
    """is_contiguous reaches the decoder; false is refused where nothing proves a single frame."""
    assert load_mission("suomi-npp").decoder_config()["is_contiguous"] is True
    text = EXAMPLE.replace("is_contiguous: true ", "is_contiguous: false ")
    assert load_text(tmp_path, text).decoder_config()["is_contiguous"] is False
    unchecked = re.sub(r"rs: \{parity.*\}", "rs: null", text)
    with pytest.raises(MissionError, match="nothing proves") as caught:
        load_text(tmp_path, unchecked)
    assert caught.value.field == "framing.is_contiguous"
    assert caught.value.line == line_of(unchecked, "is_contiguous: false")
    with_fecf = unchecked.replace("has_fecf: false", "has_fecf: true")
    assert load_text(tmp_path, with_fecf).decoder_config()["has_rs"] is False


def test_bad_example_files_name_line_field_and_allowed_values(tmp_path: Path) -> None:
    """Each: text to replace, replacement, text on the line the error must name, field, fragment of what is allowed."""
    cases = [
        ("rolloff: 0.5", "rolloff: 1.5", "rolloff: 1.5", "modulation.rolloff", "number 0.05 to 1"),
        ("inner: conv_k7_r12 ", "inner: conv_k7_r45 ", "inner: conv", "coding.inner", "conv_k7_r56, conv_k7_r78"),
        ("rail_mapping: serial ", "rail_mapping: both ", "rail_mapping", "coding.rail_mapping", "c1_c2, per_rail"),
        ("differential: nrz_m ", "differential: nrz_m_per_rail ", "inner:", "coding.inner", "rail_mapping: per_rail"),
        ("differential: nrz_m ", "differential: four_phase ", "inner:", "coding.inner", "rail_mapping: per_rail"),
        ("rolloff: 0.5", "rolloff: .nan", "rolloff: .nan", "modulation.rolloff", "number 0.05 to 1"),
        ("rolloff: 0.5", "roloff: 0.5", "roloff", "modulation.rolloff", "number"),
        ("scid: 157", "scid: 256", "scid: 256", "framing.scid", "0 to 255"),
        ("scid: 157", "scid: '157'", "scid: '157'", "framing.scid", "whole number"),
        ("scid: 157", "scid: 157.0", "scid: 157.0", "framing.scid", "whole number"),
        ("kind: qpsk ", "kind: 8psk ", "kind: 8psk", "modulation.kind", "bpsk, qpsk, oqpsk"),
        ("has_ocf: false", "has_ocf: no", "has_ocf: no", "framing.has_ocf", "true, false"),
        ("interleave: 4", "interleave: 9", "interleave: 9", "coding.rs.interleave", "1 to 8"),
        ("interleave: 4", "interleave: 5", "frame_len_bytes: 892", "framing.frame_len_bytes", "= 1115"),
        ("parity: 32", "parity: 20", "parity: 20", "coding.rs.parity", "32, 16"),
        ("symbol_rate_hz: 15.0e6", "symbol_rate_hz: fast", "fast", "modulation.symbol_rate_hz", "number 100"),
        ("symbol_rate_hz: 15.0e6", "symbol_rate_hz: [1]", "[1]", "modulation.symbol_rate_hz", "number 100"),
        ("randomizer: ccsds ", "randomizer: lfsr ", "randomizer: lfsr", "coding.randomizer", "none, ccsds"),
        ("schema: 1", "schema: 2", "schema: 2", "schema", "1"),
        ("name: suomi-npp", "name: Suomi NPP", "name: Suomi", "name", "lower-case"),
        ("norad_cat_id: 37849", "norad_cat_id: -1", "norad_cat_id: -1", "norad_cat_id", "1 to"),
        ("polarisation: rhcp", "polarisation: up", "polarisation: up", "polarisation", "rhcp, lhcp"),
        ("polarisation: rhcp", "polarisation: rhcp\ncolour: red", "colour", "colour", "polarisation"),
        ("polarisation: rhcp", "polarisation: rhcp\npolarisation: lhcp", "polarisation: lhcp", "polarisation", None),
        ("    0: {name: Spa", "    64: {name: Spa", "64: {", "framing.virtual_channels.64", "0 to 63"),
        ("{name: ATMS}", "{name: ATMS, color: red}", "color", "framing.virtual_channels.1.color", "name, packets"),
        ("{default: noaasis, ", "{default: nobody, ", "nobody", "source.default", "noaasis, hrd2008"),
        ("{default: noaasis, ", "{", "{norad_cat_id", "source.default", "noaasis, hrd2008"),
        ("{default: noaasis, ", "{default: noaasis, colour: omm, ", "colour", "source.colour", "norad_cat_id"),
        ("sources:\n", "sources:\n  lonely: {kind: estimate, title: x}\n", "lonely", "sources.lonely", None),
        ("kind: aos ", "kind: tm ", "scid: 157", None, None),
        ("modulation:\n", "modulation: 3\nmod:\n", "modulation: 3", "modulation", None),
    ]
    for old, new, marker, field, allowed in cases:
        assert old in EXAMPLE, old
        text = EXAMPLE.replace(old, new, 1)
        with pytest.raises(MissionError) as caught:
            load_text(tmp_path, text)
        error = caught.value
        assert str(error.file).endswith("mine.yml")
        if field is not None:
            assert error.field == field, str(error)
            assert error.line == line_of(text, marker), (str(error), marker)
        if allowed is not None:
            assert allowed in (error.allowed or ""), str(error)
        assert re.search(r"mine\.yml:\d+: ", str(error))


def test_every_key_is_needed_or_has_a_default(tmp_path: Path) -> None:
    """Without any one line the file is either refused with a MissionError or still a Mission."""
    lines = EXAMPLE.splitlines(keepends=True)
    refused: list[MissionError] = []
    for index in range(len(lines)):
        try:
            load_text(tmp_path, "".join(lines[:index] + lines[index + 1 :]))
        except MissionError as error:
            refused.append(error)
    assert len(refused) > 25
    assert all(error.line is not None for error in refused)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"- a\n", "mapping"),
        (b"a: [1\nb: 2\n", "is not YAML"),
        (b"name: \xff\n", "UTF-8"),
        (b"\x00", "is not YAML"),
        (b"[" * 5000, "nested too deeply|is not YAML"),
        (b"a: !!python/object/apply:os.system [x]\n", "schema"),
        (b"? [a]\n: 1\n", "plain word"),
        (b"#" * (2 << 20), "too large"),
    ],
)
def test_no_mission_at_all(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(MissionError, match=message):
        load_text(tmp_path, content)


def test_unreadable_paths(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.yml"):
        with pytest.raises(MissionError, match="cannot be read"):
            load_mission(path)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_damaged_file_gives_a_mission_or_a_mission_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    raw = bytearray(EXAMPLE.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(raw) - 1))
        end = position + data.draw(st.integers(0, 12))
        raw[position:end] = data.draw(st.binary(max_size=6))
    with contextlib.suppress(MissionError):  # anything else fails the test
        load_text(tmp_path_factory.getbasetemp(), bytes(raw))
