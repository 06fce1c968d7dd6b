# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio Companion files as the worker runs them: checked, compiled with grcc, kept by content, imported."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from gnuradio import gr

from xband_core.errors import XbandError

# What a flowgraph must say of itself to run headless under supervision, and why.
REQUIRED_OPTIONS = {
    "output_language": ("python", "the worker imports it"),
    "generate_options": ("no_gui", "there is no screen"),
    "run_options": ("run", "in prompt mode it ends by itself when it has no terminal, with exit status 0"),
    "catch_exceptions": ("False", "a failing block must end the process, not hang it"),
}
REQUIRED_PARAMETERS = ("source_uri", "iq_format", "sample_rate_hz", "frames_endpoint")
PUBLISHER = "xband_frame_publisher"
_COMPILE_TIMEOUT_S = 120.0


class FlowgraphError(XbandError):
    """A flowgraph cannot be run by the worker. Fields: file, reason."""

    def __init__(self, file: Path, reason: str) -> None:
        self.file = file
        super().__init__(f"{file}: {reason}")


def load_flowgraph(file: Path) -> type[gr.top_block]:
    """The class that grcc makes of a .grc file.

    Raises: FlowgraphError: it is no flowgraph, not fit for the worker (see REQUIRED_OPTIONS), or does not compile.
    """
    name = lint(file)
    return _import_class(file, compile_flowgraph(file, name), name)


def lint(file: Path) -> str:
    """Refuses what cannot run headless under supervision. Returns the flowgraph's id.

    Raises: FlowgraphError naming the option, its value and what it must be.
    """
    content = _read(file)
    try:
        options = content["options"]["parameters"]
        blocks = [block for block in content["blocks"] if block["states"].get("state") == "enabled"]
        parameters = {block["name"] for block in blocks if block["id"] == "parameter"}
        name = str(options["id"])
    except (KeyError, TypeError, AttributeError) as error:
        raise FlowgraphError(file, f"is not a GNU Radio Companion file of format 1 ({error!r} is missing)") from error
    for key, (wanted, why) in REQUIRED_OPTIONS.items():
        # GRC leaves out what has its default; for prompt mode and caught exceptions that is the wrong one.
        found = options.get(key, "not set")
        if found != wanted:
            raise FlowgraphError(file, f"option {key} is {found!r}, must be {wanted!r}: {why}")
    if not any(block["id"] == PUBLISHER for block in blocks):
        raise FlowgraphError(file, f"has no enabled block {PUBLISHER}: frames would not reach the station")
    if missing := [name for name in REQUIRED_PARAMETERS if name not in parameters]:
        raise FlowgraphError(file, f"lacks Parameter blocks: {', '.join(missing)}")
    return name


def _read(file: Path) -> Any:
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise FlowgraphError(file, f"cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FlowgraphError(file, "is not YAML, so not a GNU Radio Companion file of format 1") from error


def block_description_dir() -> Path | None:
    """Our block descriptions: those of the checkout, or those that were installed with this package."""
    for parent in Path(__file__).resolve().parents:
        for folder in (parent / "grc", parent / "share" / "gnuradio" / "grc" / "blocks"):
            if (folder / f"{PUBLISHER}.block.yml").is_file():
                return folder
    return None


def cache_dir() -> Path:
    """Where compiled flowgraphs are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "gr-xband" / "flowgraphs"


def compile_flowgraph(file: Path, name: str) -> Path:
    """The Python file that grcc makes of a .grc file, made only if neither it nor our blocks have changed.

    Raises: FlowgraphError: grcc found errors; OSError: the cache cannot be written.
    """
    target = cache_dir() / _content_hash(file)
    result = target / f"{name}.py"
    if result.is_file():
        return result
    cache_dir().mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=cache_dir(), prefix="new-"))
    try:
        _run_grcc(file, work)
        if not (work / f"{name}.py").is_file():
            raise FlowgraphError(file, f"grcc made no {name}.py")
        # Renamed as a whole: another worker sees all of it or nothing. It may have been faster; then its result stays.
        with contextlib.suppress(OSError):
            work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return result


def _content_hash(file: Path) -> str:
    digest = hashlib.sha256()
    digest.update(f"{gr.version()} {sys.version_info[:2]}".encode())
    digest.update(file.read_bytes())
    folder = block_description_dir()
    for description in sorted(folder.glob("xband_*.block.yml")) if folder else []:
        digest.update(description.name.encode() + description.read_bytes())
    return digest.hexdigest()[:32]


def _run_grcc(file: Path, out_dir: Path) -> None:
    # GRC evaluates expressions that use our packages, wherever this interpreter found them.
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    if folder := block_description_dir():
        paths = [str(folder), *filter(None, [environment.get("GRC_BLOCKS_PATH")])]
        environment["GRC_BLOCKS_PATH"] = os.pathsep.join(paths)
    # What the grcc script does, but with this interpreter: the one that holds our modules.
    main = "from gnuradio.grc.compiler import main; raise SystemExit(main())"
    command = [sys.executable, "-c", main, "-o", str(out_dir), str(file)]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_COMPILE_TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise FlowgraphError(file, f"grcc took longer than {_COMPILE_TIMEOUT_S:g} s") from error
    if done.returncode != 0:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise FlowgraphError(file, "does not compile:\n" + "\n".join(said[-20:]))


def _import_class(file: Path, compiled: Path, name: str) -> type[gr.top_block]:
    spec = importlib.util.spec_from_file_location(name, compiled)
    if spec is None or spec.loader is None:
        raise FlowgraphError(file, f"{compiled} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    # grcc puts hierarchical and embedded Python blocks beside the file.
    sys.path.insert(0, str(compiled.parent))
    try:
        spec.loader.exec_module(module)
    except ImportError as error:
        raise FlowgraphError(file, f"needs a module that is not installed: {error}") from error
    finally:
        sys.path.remove(str(compiled.parent))
    made = getattr(module, name, None)
    if not (isinstance(made, type) and issubclass(made, gr.top_block)):
        raise FlowgraphError(file, f"{compiled} holds no flowgraph {name}")
    return made


def shift_plan(
    segments: list[tuple[int, list[float]]], first_sample: int, sample_rate_hz: float
) -> list[tuple[int, list[float]]]:
    """A frequency plan as seen by a receiver that begins at ``first_sample`` and counts from zero.

    Segments that are over are left out; the one in force is developed anew around the first sample.
    """
    shifted: list[tuple[int, list[float]]] = []
    for start_sample, coefficients in segments:
        if start_sample >= first_sample:
            shifted.append((start_sample - first_sample, list(coefficients)))
        else:
            shifted = [(0, _developed_at(coefficients, (first_sample - start_sample) / sample_rate_hz))]
    return shifted


def _developed_at(coefficients: list[float], t_s: float) -> list[float]:
    """Coefficients of p(t + t_s), by repeated synthetic division (Taylor shift)."""
    result = list(coefficients)
    for i in range(len(result)):
        for k in range(len(result) - 2, i - 1, -1):
            result[k] += t_s * result[k + 1]
    return result


def find_blocks(top: Any, kind: type) -> Mapping[str, Any]:
    """Blocks of a class in a flowgraph and in its Python hierarchical blocks, by attribute name."""
    found: dict[str, Any] = {}
    for name, value in vars(top).items():
        if isinstance(value, kind):
            found[name] = value
        elif isinstance(value, gr.hier_block2):
            found.update({f"{name}.{inner}": block for inner, block in find_blocks(value, kind).items()})
    return found
