# SPDX-License-Identifier: GPL-3.0-or-later
"""A block is whole: header, implementation, binding and GRC description agree.

This stands in for the header hashes of GNU Radio's bindtool, which we do not use (docs/architecture.md).
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from project import TOP, files_below

gnuradio = pytest.importorskip("gnuradio.xband", reason="GNU Radio is not installed", exc_type=ImportError)

BLOCK_CLASS = re.compile(r"^class XBAND_API (\w+)\s*:", re.MULTILINE)
# Blocks that are the inside of another one, and have no place in GNU Radio Companion's list.
INNER_BLOCKS = {
    "fd_source": "iq_source",
    "stream_gate": "iq_source",
}
CATEGORY = "[X-band]"


def cpp_blocks() -> set[str]:
    """Names of the classes that public headers declare as blocks."""
    headers = files_below("include/gnuradio/xband", ".h")
    return {name for path in headers for name in BLOCK_CLASS.findall((TOP / path).read_text(encoding="utf-8"))}


def descriptions() -> dict[str, dict[str, Any]]:
    """GRC descriptions by the block's name in gnuradio.xband."""
    files = [path for path in files_below("grc", ".yml") if path.name.endswith(".block.yml")]
    texts = {path.name: (TOP / path).read_text(encoding="utf-8") for path in files}
    return {
        name.removeprefix("xband_").removesuffix(".block.yml"): yaml.safe_load(text) for name, text in texts.items()
    }


def test_there_are_blocks() -> None:
    assert len(cpp_blocks()) > 5
    assert len(descriptions()) > 5


@pytest.mark.parametrize("name", sorted(cpp_blocks()))
def test_cpp_block_has_header_implementation_and_binding(name: str) -> None:
    assert (TOP / "include/gnuradio/xband" / f"{name}.h").is_file()
    assert (TOP / "lib" / f"{name}_impl.cc").is_file()
    assert hasattr(gnuradio, name), "no binding, or not in gnuradio.xband"
    assert getattr(gnuradio, name).__doc__


def test_every_cpp_block_is_in_the_companion_or_inside_another() -> None:
    assert cpp_blocks() - set(INNER_BLOCKS) <= set(descriptions())
    assert not set(INNER_BLOCKS) & set(descriptions())


@pytest.mark.parametrize("name", sorted(descriptions()))
def test_description_is_whole(name: str) -> None:
    block = descriptions()[name]
    assert block["id"] == f"xband_{name}"
    assert block["file_format"] == 1
    assert block["label"]
    assert block["category"].startswith(CATEGORY)
    assert len(block["documentation"].strip()) > 40
    assert hasattr(gnuradio, name), "the companion would offer a block that does not exist"
    make = block["templates"]["make"]
    assert f"xband.{name}(" in make
    parameters = {parameter["id"] for parameter in block.get("parameters", [])}
    used = set(re.findall(r"\$\{\s*(\w+)", make))
    assert used <= parameters, "make uses a parameter that is not declared"
    hidden = {parameter["id"] for parameter in block.get("parameters", []) if parameter.get("hide") == "all"}
    elsewhere = yaml.safe_dump({key: block.get(key) for key in ("inputs", "outputs", "asserts", "templates")})
    assert not {one for one in parameters - hidden if not re.search(rf"\b{one}\b", elsewhere)}, (
        "parameter without effect"
    )
