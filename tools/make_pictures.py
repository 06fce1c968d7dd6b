#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the README's pictures anew in docs/images: `python3 tools/make_pictures.py`.

grc-*.png: GNU Radio Companion with flowgraphs, on a display without a screen (packages-dev.txt).
report.svg: three plots of the pass report that `xband demo` writes.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
IMAGES = TOP / "docs" / "images"
XBAND = TOP / "apps" / "xband"
FLOWGRAPHS = ("suomi-npp", "step-by-step")
WIDTH, HEIGHT = 1500, 720
SETTLE_S = 15  # the companion reads several hundred block descriptions, then draws
REPORT_PLOTS = ("power in dB", "Q", "Es/N0 in dB")  # their aria-labels: spectrum, constellation, signal to noise

# Without a window manager the window has the size it asks for.
COMPANION_SETTINGS = f"""[main]
main_window_width = {WIDTH}
main_window_height = {HEIGHT}
blocks_window_position = {WIDTH - 220}
console_window_position = {HEIGHT - 20}
"""


def photograph_companion(scratch: Path, flowgraph: str) -> None:
    home = scratch / flowgraph
    (home / ".gnuradio").mkdir(parents=True)
    (home / ".gnuradio" / "grc.conf").write_text(COMPANION_SETTINGS, encoding="utf-8")
    read_end, write_end = os.pipe()
    screen = ["Xvfb", "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-displayfd", str(write_end)]
    with subprocess.Popen(screen, pass_fds=[write_end], stderr=subprocess.DEVNULL) as display:
        try:
            environment = os.environ | {"DISPLAY": f":{os.read(read_end, 16).decode().strip()}", "HOME": str(home)}
            command = [XBAND, "grc", TOP / "flowgraphs" / f"{flowgraph}.grc"]
            with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as companion:
                time.sleep(SETTLE_S)
                picture = IMAGES / f"grc-{flowgraph}.png"
                subprocess.run(["import", "-window", "root", picture], env=environment, check=True)
                subprocess.run(["convert", picture, "-strip", "-colors", "64", picture], check=True)
                companion.send_signal(signal.SIGTERM)
        finally:
            display.terminate()


def plots_of_demo(scratch: Path) -> None:
    subprocess.run([XBAND, "demo", "--out", scratch / "demo"], check=True)
    page = next((scratch / "demo").glob("*/report.html")).read_text(encoding="utf-8")
    rules = "\n".join(line for line in page.splitlines() if line.startswith("svg "))
    plots = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    chosen = [next(plot for plot in plots if f'aria-label="{label}"' in plot) for label in REPORT_PLOTS]
    left = 0
    placed = []
    for plot in chosen:
        width = int(re.search(r'width="(\d+)"', plot)[1])
        placed.append(plot.replace("<svg ", f'<svg x="{left}" ', 1))
        left += width
    header = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left} 300"><style>{rules}</style>'
    background = '<rect width="100%" height="100%" fill="white"/>'
    (IMAGES / "report.svg").write_text(header + background + "\n".join(placed) + "</svg>\n", encoding="utf-8")


def main() -> None:
    missing = [program for program in ("Xvfb", "import", "convert") if shutil.which(program) is None]
    if missing:
        raise SystemExit(f"not installed: {', '.join(missing)} (see packages-dev.txt)")
    subprocess.run([XBAND, "--version"], check=True)  # sets up what is missing, before the clock runs
    with tempfile.TemporaryDirectory() as scratch:
        plots_of_demo(Path(scratch))
        for flowgraph in FLOWGRAPHS:
            photograph_companion(Path(scratch), flowgraph)


if __name__ == "__main__":
    main()
