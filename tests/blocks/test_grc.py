# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio Companion: every block is described as it is, and the shipped flowgraphs compile and open."""

import inspect
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
import yaml
from gnuradio import gr, xband
from gnuradio.xband.flowgraph import FlowgraphError, compile_flowgraph, lint, load_flowgraph

from xband_core.mission import load_mission, mission_names

TOP = Path(__file__).resolve().parents[2]
DESCRIPTIONS = sorted((TOP / "grc").glob("*.block.yml"))
FLOWGRAPHS = sorted((TOP / "flowgraphs").glob("*.grc"))
# Flowgraphs for people, and why the station must refuse them.
NOT_FOR_THE_STATION = {
    "step-by-step": "no enabled block xband_frame_publisher",
    "suomi-npp-gui": "generate_options is 'qt_gui', must be 'no_gui'",
}
LAUNCHED = [path for path in FLOWGRAPHS if path.stem not in NOT_FOR_THE_STATION]
# Parts of iq_source; in GNU Radio Companion they would ask for an open descriptor.
NOT_DESCRIBED = {"fd_source", "stream_gate"}


def read(path: Path) -> dict:
    return yaml.safe_load(path.read_text())


def block_classes() -> dict[str, type]:
    """C++ blocks derive from gr_python.basic_block, Python ones from the classes of the same names in gr."""
    bases = (gr.gr_python.basic_block, gr.hier_block2, gr.sync_block)
    return {name: value for name, value in vars(xband).items() if isinstance(value, type) and issubclass(value, bases)}


def arguments_of(block: type) -> list[str]:
    """Names of the constructor's arguments; pybind11 tells them in the docstring only."""
    doc = block.__init__.__doc__ or ""
    if signature := re.search(r"__init__\(self: [^,)]+(?:, (.*))?\) -> None", doc):
        return re.findall(r"(\w+): ", re.sub(r"\[[^]]*\]", "", signature.group(1) or ""))
    return [name for name in inspect.signature(block.__init__).parameters if name != "self"]


def test_every_block_is_described_once():
    described = {read(path)["id"].removeprefix("xband_") for path in DESCRIPTIONS}
    assert described == set(block_classes()) - NOT_DESCRIBED
    assert all(path.name == f"{read(path)['id']}.block.yml" for path in DESCRIPTIONS)


@pytest.mark.parametrize("path", DESCRIPTIONS, ids=lambda path: path.name.removesuffix(".block.yml"))
def test_description_agrees_with_the_block(path):
    content = read(path)
    name = content["id"].removeprefix("xband_")
    make = content["templates"]["make"]
    passed = re.findall(r"(\w+)=\$\{(\w+)\}", make)
    assert re.match(rf"xband\.{name}\(", make)
    assert all(argument == parameter for argument, parameter in passed)
    assert [argument for argument, _ in passed] == arguments_of(block_classes()[name])
    assert [parameter["id"] for parameter in content.get("parameters", [])] == [argument for argument, _ in passed]
    assert content["category"].startswith("[X-band]/")
    assert len(content["documentation"]) > 60
    assert content["file_format"] == 1


def default_of(parameter: dict) -> object:
    """As GNU Radio Companion reads it: strings are text, the rest are Python expressions."""
    return parameter["default"] if parameter["dtype"] in ("string", "dir_select") else eval(parameter["default"])


@pytest.mark.parametrize("path", DESCRIPTIONS, ids=lambda path: path.name.removesuffix(".block.yml"))
def test_block_can_be_made_with_the_defaults_shown(path, tmp_path):
    content = read(path)
    values = {parameter["id"]: default_of(parameter) for parameter in content.get("parameters", [])}
    if "uri" in values:
        (tmp_path / "recording.cs8").touch()
        values["uri"] = f"file:{tmp_path}/recording.cs8"
    if "out_dir" in values:
        values["out_dir"] = str(tmp_path / values["out_dir"])
    for condition in content.get("asserts", []):
        assert eval(condition.removeprefix("${").removesuffix("}"), dict(values))
    block = block_classes()[content["id"].removeprefix("xband_")](**values)
    # Item sizes of the ports, so that a connection that the editor allows also works.
    sizes = {"byte": 1, "sc8": 2, "sc16": 4, "fc32": 8, "complex": 8}
    for ports, signature in (("inputs", block.input_signature()), ("outputs", block.output_signature())):
        for port in content.get(ports, []):
            if port["domain"] == "stream":
                dtype, vlen = (evaluated(port.get(key, 1), values) for key in ("dtype", "vlen"))
                assert sizes[dtype] * vlen == signature.sizeof_stream_item(0)


def evaluated(text: object, values: dict) -> object:
    if isinstance(text, str) and text.startswith("${"):
        return eval(text.removeprefix("${").removesuffix("}"), dict(values))
    return text


@pytest.mark.parametrize("path", LAUNCHED, ids=lambda path: path.stem)
def test_flowgraph_compiles_and_is_kept(path, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    made = load_flowgraph(path)
    assert issubclass(made, gr.top_block)
    compiled = list(tmp_path.rglob("*.py"))
    stamp = [file.stat().st_mtime_ns for file in compiled]
    assert len(compiled) == 1
    load_flowgraph(path)
    assert [file.stat().st_mtime_ns for file in tmp_path.rglob("*.py")] == stamp


@pytest.mark.parametrize("stem", NOT_FOR_THE_STATION)
def test_flowgraph_for_people_compiles_but_is_not_launched(stem, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = TOP / "flowgraphs" / f"{stem}.grc"
    with pytest.raises(FlowgraphError, match=NOT_FOR_THE_STATION[stem]):
        lint(path)
    assert compile_flowgraph(path, stem.replace("-", "_")).is_file()


def test_every_missions_flowgraph_is_shipped():
    assert {load_mission(name).flowgraph for name in mission_names()} <= {path.name for path in LAUNCHED}


@pytest.mark.parametrize("name", ["suomi-npp", "noaa-20"])
def test_explicit_flowgraph_says_what_the_mission_says(name):
    """The values stand in the blocks to be seen and edited; the mission's file stays the reference."""
    mission = load_mission(name)
    blocks = {block["name"]: block for block in read(TOP / "flowgraphs" / f"{name}.grc")["blocks"]}
    reference = mission.decoder_config()
    shown = blocks["frame_decoder"]["parameters"]
    for key, value in reference.items():
        assert (shown[key] if isinstance(value, str) else eval(shown[key])) == value, key
    demod = blocks["psk_demod"]["parameters"]
    assert demod["modulation"] == mission.modulation.kind
    assert float(demod["symbol_rate_hz"]) == mission.modulation.symbol_rate_hz
    assert float(demod["rolloff"]) == mission.modulation.rolloff
    assert blocks["frame_publisher"]["parameters"]["mission"] == name
    assert float(blocks["iq_source"]["parameters"]["centre_frequency_hz"]) == mission.centre_frequency_hz


@pytest.mark.skipif(not shutil.which("xvfb-run"), reason="needs xvfb-run (Debian: xvfb)")
@pytest.mark.skipif(not shutil.which("gnuradio-companion"), reason="needs gnuradio-companion")
def test_flowgraphs_open_in_gnu_radio_companion(tmp_path):
    """All at once, each in a tab: loaded, and not a word of an error."""
    # Unbuffered: what it says must reach the file while it runs.
    environment = os.environ | {"GRC_BLOCKS_PATH": str(TOP / "grc"), "HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    command = ["xvfb-run", "-a", "gnuradio-companion", *map(str, FLOWGRAPHS)]
    log = tmp_path / "log"
    with log.open("w") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out, start_new_session=True)
        deadline = time.monotonic() + 60
        try:
            while log.read_text().count(">>> Done") < len(FLOWGRAPHS):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.2)
        finally:
            os.killpg(process.pid, 15)
            process.wait()
    said = log.read_text()
    assert not re.search(r"error|traceback|unknown|invalid", said, re.IGNORECASE), said
