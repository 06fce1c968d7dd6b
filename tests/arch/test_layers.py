# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers of docs/architecture.md. The compiler does not guard them: GNU Radio's headers are on its default path."""

from __future__ import annotations

import os
import pkgutil
import subprocess
import sys

import pytest
from project import TOP, files_below, imported, included

CPP = (".h", ".cc")
STANDARD = sys.stdlib_module_names

# Folder of lib/core -> folders whose headers it may include.
CORE_LAYERS = {
    "base": {"base"},
    "dsp": {"base", "dsp"},
    "fec": {"base", "fec"},
    "framing": {"base", "fec", "framing"},
}
# Kernels do no input or output, start no thread and log nothing. (A mutex is allowed: FFTW's planner needs one.)
NOT_IN_KERNELS = {"iostream", "fstream", "ostream", "istream", "filesystem", "cstdio", "stdio.h", "thread",
                  "future", "condition_variable"}  # fmt: skip

# Python package -> modules it may import beside the standard library.
PYTHON_LAYERS = {
    "xband_core": {"numpy", "yaml", "xband_core"},
    "xband": {"numpy", "yaml", "zmq", "gnuradio", "pmt", "xband_core", "xband"},
    "xband_station": {"numpy", "yaml", "zmq", "scipy", "skyfield", "sgp4", "matplotlib", "xband_core", "xband_station"},
}


def is_standard(header: str) -> bool:
    """A header of the C++ or C library: no folder and no suffix but .h."""
    return "/" not in header and header.split(".")[0].islower() and header.count(".") <= 1


@pytest.mark.parametrize("layer", CORE_LAYERS)
def test_kernels_include_lower_layers_only(layer: str) -> None:
    wrong = []
    for path in files_below(f"lib/core/{layer}", *CPP):
        for header in included(path):
            folder = header.split("/")[0]
            same_folder = (TOP / path).parent.joinpath(header).is_file()
            ours = same_folder or (folder in CORE_LAYERS[layer] and (TOP / "lib/core" / header).is_file())
            # Highway compiles a *_simd.cc once per target by including it again.
            simd = folder == "hwy" and (path.stem.endswith("_simd") or path.stem == "simd_target")
            outside = header == "fftw3.h" or folder == "volk" or (is_standard(header) and header not in NOT_IN_KERNELS)
            if not (ours or simd or outside or header == str(path.relative_to("lib/core"))):
                wrong.append(f"{path}: {header}")
    assert not wrong


def test_every_kernel_folder_has_a_layer() -> None:
    folders = {path.relative_to("lib/core").parts[0] for path in files_below("lib/core", *CPP)}
    assert folders <= set(CORE_LAYERS)


def test_public_block_headers_show_no_kernel() -> None:
    headers = files_below("include/gnuradio/xband", ".h")
    assert headers
    wrong = [f"{path}: {header}" for path in headers for header in included(path)
             if not (header.startswith(("gnuradio/", "pmt/")) or is_standard(header))]  # fmt: skip
    assert not wrong


def test_block_bindings_see_public_headers_only() -> None:
    wrong = [f"{path}: {header}" for path in files_below("python/xband/bindings", *CPP) for header in included(path)
             if header.endswith("_impl.h") or header.split("/")[0] in CORE_LAYERS]  # fmt: skip
    assert not wrong


def test_blocks_leave_files_and_python_alone() -> None:
    blocks = [path for path in files_below("lib", *CPP) if not path.is_relative_to("lib/core")]
    assert blocks
    wrong = [f"{path}: {header}" for path in blocks for header in included(path)
             if header in {"Python.h", "fstream", "filesystem"} or header.startswith("pybind11/")]  # fmt: skip
    assert not wrong


def test_kernel_bindings_know_no_gnuradio() -> None:
    wrong = [f"{path}: {header}" for path in files_below("python/xband_core/bindings", *CPP)
             for header in included(path) if header.startswith(("gnuradio/", "pmt/"))]  # fmt: skip
    assert not wrong


@pytest.mark.parametrize("package", PYTHON_LAYERS)
def test_python_packages_import_lower_layers_only(package: str) -> None:
    files = files_below(f"python/{package}", ".py")
    assert files
    allowed = PYTHON_LAYERS[package]
    wrong = [f"{path}: {name}" for path in files for name in sorted(imported(path))
             if name.split(".")[0] not in allowed and name.split(".")[0] not in STANDARD]  # fmt: skip
    assert not wrong


@pytest.mark.parametrize(("package", "higher"), [
    ("orbit", ("antenna", "planning", "commands", "bench", "supervisor")),
    ("antenna", ("planning", "commands", "bench", "supervisor")),
    ("planning", ("commands", "bench", "supervisor")),
])  # fmt: skip
def test_the_station_has_floors(package: str, higher: tuple[str, ...]) -> None:
    """Orbits do not know antennas, antennas no plans, plans not who carries them out."""
    wrong = [f"{path}: {name}" for path in files_below(f"python/xband_station/{package}", ".py")
             for name in imported(path) for floor in higher
             if name.startswith(f"xband_station.{floor}.")]  # fmt: skip
    assert not wrong


def test_peers_share_no_code_with_the_product() -> None:
    peers = [path for path in files_below("tests/peer", ".py") if not path.name.startswith("test_")]
    assert peers
    wrong = [f"{path}: {name}" for path in peers for name in imported(path)
             if name.split(".")[0] in ("xband_core", "xband_station") or name.startswith("gnuradio.xband")]  # fmt: skip
    assert not wrong


def in_fresh_process(code: str) -> str:
    """Standard output of a new interpreter that sees what this one sees."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("package", ["xband_core", "xband_station"])
def test_importing_everything_loads_no_gnuradio(package: str) -> None:
    folder = TOP / "python" / package
    names = sorted(info.name for info in pkgutil.walk_packages([str(folder)], f"{package}."))
    modules = [name for name in names if not name.endswith("__main__")]
    assert len(modules) > 2
    loaded = in_fresh_process(
        f"import importlib, sys\nfor name in {modules!r}: importlib.import_module(name)\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    ).split()
    assert package in loaded
    assert not {"gnuradio", "pmt"} & set(loaded)


def test_core_loads_nothing_of_the_station() -> None:
    loaded = in_fresh_process("import sys, xband_core.mission; print(*{n.split('.')[0] for n in sys.modules})").split()
    assert not {"zmq", "skyfield", "xband_station"} & set(loaded)
