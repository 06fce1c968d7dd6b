# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of ``xband doctor``: what this machine has, what is missing or wrong, and how to mend it.

Nothing here imports gnuradio, or anything else that may be missing: it is probed in a process of its own.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from xband_station.checkout import checkout_dir

PROBE_TIMEOUT_S = 60
DISK_FREE_WANTED_GB = 20  # S-NPP in cs8 at 2.2 samples a symbol: 66 MB/s, 40 GB a pass; frames alone: 2 GB a pass
CLOCK_OFFSET_LIMIT_S = 0.01  # 10 ms along the track is 75 m, and a Doppler error of about 1 Hz near the zenith

# Prints one JSON object; each key is there as far as the imports went.
GNURADIO_PROBE = """
import json
found = {}
try:
    from gnuradio import gr
    found["gnuradio"] = gr.version()
    from gnuradio import xband
    found["built_with"] = xband.built_with_gnuradio
except Exception as error:
    found["error"] = f"{type(error).__name__}: {error}"
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Check:
    """One line of the report. ``status``: "ok", "warning" (works, with a limit) or "error"; ``remedy``: how to mend."""

    name: str
    status: str
    found: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def set_up_remedy() -> str:
    return (
        "run `apps/xband demo` in the checkout; it sets up what is missing"
        if checkout_dir()
        else "see README.md, As an out-of-tree module"
    )


def check_interpreter() -> Iterator[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    status = "ok" if sys.version_info >= (3, 11) else "error"
    yield Check(
        "python", status, f"{version} ({sys.executable})", "" if status == "ok" else "Python 3.11 or later is needed"
    )


def check_packages() -> Iterator[Check]:
    """Python packages of the station, without importing them; numpy 2 is an error of its own kind."""
    wanted = {
        "numpy": "apt-get install python3-numpy",
        "PyYAML": "apt-get install python3-yaml",
        "pyzmq": "apt-get install python3-zmq",
        "skyfield": "pip install -c constraints.txt -r requirements.txt, in a venv made with --system-site-packages",
        "matplotlib": "apt-get install python3-matplotlib",
    }
    for name, remedy in wanted.items():
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield Check(name, "error", "not installed", remedy)
            continue
        if name == "numpy" and not version.startswith("1."):
            yield Check(
                name,
                "error",
                f"{version}; Debian's GNU Radio needs 1.x",
                "pip uninstall numpy, and keep constraints.txt",
            )
        else:
            yield Check(name, "ok", version)


def check_gnuradio() -> Iterator[Check]:
    """GNU Radio and our blocks, imported by the interpreter that runs the flowgraphs."""
    try:
        probe = subprocess.run(
            [sys.executable, "-c", GNURADIO_PROBE], capture_output=True, text=True, timeout=PROBE_TIMEOUT_S
        )
        found = json.loads(probe.stdout.splitlines()[-1])
    except (subprocess.TimeoutExpired, IndexError, json.JSONDecodeError) as error:
        yield Check("gnuradio", "error", f"the import died: {error}", "apt-get install --reinstall gnuradio")
        return
    if "gnuradio" not in found:
        yield Check("gnuradio", "error", found["error"], "apt-get install gnuradio gnuradio-dev")
        return
    yield Check("gnuradio", "ok", found["gnuradio"])
    if "error" in found:
        yield Check("blocks", "error", found["error"], set_up_remedy())
    else:
        yield Check("blocks", "ok", f"gnuradio.xband for {found['built_with']} imports")


def check_kernels() -> Iterator[Check]:
    """The compiled kernels and the instruction sets they found."""
    try:
        from xband_core import _core
    except ImportError as error:
        yield Check("kernels", "error", str(error), set_up_remedy())
        return
    targets = _core.simd_targets()
    status = "ok" if len(targets) > 1 else "warning"
    remedy = "" if status == "ok" else "the scalar kernels are some 20 times slower; build with -DXBAND_SIMD=ON"
    yield Check("kernels", status, f"uses {_core.active_simd_target()} of {', '.join(targets)}", remedy)


def block_description_dirs() -> list[Path]:
    """Where GNU Radio Companion will look for our blocks: its environment, then Debian's two standard folders."""
    from_environment = filter(None, os.environ.get("GRC_BLOCKS_PATH", "").split(os.pathsep))
    return [*map(Path, from_environment), *(Path(root, "share/gnuradio/grc/blocks") for root in ("/usr", "/usr/local"))]


def check_companion() -> Iterator[Check]:
    program = shutil.which("gnuradio-companion")
    if program is None:
        yield Check(
            "companion", "error", "gnuradio-companion is not on PATH", "apt-get install gnuradio gir1.2-gtk-3.0"
        )
        return
    where = next((path for path in block_description_dirs() if any(path.glob("xband_*.block.yml"))), None)
    if where is None:
        yield Check(
            "companion",
            "error",
            "finds no description of our blocks",
            "start it by `xband grc`, which sets GRC_BLOCKS_PATH",
        )
        return
    window = subprocess.run(
        ["/usr/bin/python3", "-c", "import gi; gi.require_version('Gtk', '3.0')"], capture_output=True
    )
    if window.returncode:
        yield Check(
            "companion", "warning", f"blocks in {where}; no GTK", "apt-get install gir1.2-gtk-3.0 to open its window"
        )
    else:
        yield Check("companion", "ok", f"blocks in {where}")


def check_disk() -> Iterator[Check]:
    free_gb = shutil.disk_usage(Path.cwd()).free / 1e9
    status = "ok" if free_gb >= DISK_FREE_WANTED_GB else "warning"
    remedy = "" if status == "ok" else f"a recorded pass takes up to 40 GB; have {DISK_FREE_WANTED_GB} GB or more"
    yield Check("disk", status, f"{free_gb:.0f} GB free in {Path.cwd()}", remedy)


def check_clock() -> Iterator[Check]:
    """Offset from UTC as chrony measures it; other services' "synchronised" flags are no evidence of an offset."""
    remedy = 'apt-get install chrony; frames keep clock quality "unknown" until then'
    if shutil.which("chronyc") is None:
        yield Check("clock", "warning", "no chrony, the offset from UTC is not known", remedy)
        return
    finished = subprocess.run(["chronyc", "-c", "tracking"], capture_output=True, text=True, timeout=10)
    fields = finished.stdout.strip().split(",")
    try:
        offset_s = abs(float(fields[4]))  # chronyc(1), "tracking": the fifth field is the system clock's offset
    except (IndexError, ValueError):
        yield Check("clock", "warning", "chrony does not answer", "systemctl enable --now chrony")
        return
    if fields[-1] != "Normal":
        yield Check(
            "clock", "warning", f"chrony: {fields[-1]}", "chronyc sources; is there a network or a GNSS receiver?"
        )
    elif offset_s > CLOCK_OFFSET_LIMIT_S:
        yield Check("clock", "warning", f"{offset_s * 1e3:.1f} ms off UTC", "chronyc makestep")
    else:
        yield Check("clock", "ok", f"{offset_s * 1e3:.3f} ms off UTC by chrony")


def check_processor() -> Iterator[Check]:
    cores = len(os.sched_getaffinity(0))
    governor_file = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    governor = governor_file.read_text().strip() if governor_file.exists() else ""
    found = f"{cores} cores" + (f", governor {governor}" if governor else "")
    if cores < 2:
        yield Check("processor", "warning", found, "a pass in real time wants two cores: demodulator and decoder")
    elif governor == "powersave":
        yield Check("processor", "warning", found, "cpupower frequency-set -g performance, for steady real time")
    else:
        yield Check("processor", "ok", found)


CHECKS: tuple[Callable[[], Iterator[Check]], ...] = (
    check_interpreter,
    check_packages,
    check_gnuradio,
    check_kernels,
    check_companion,
    check_disk,
    check_clock,
    check_processor,
)


def run_checks() -> list[Check]:
    """Every check, in the order of the report."""
    return [result for check in CHECKS for result in check()]
