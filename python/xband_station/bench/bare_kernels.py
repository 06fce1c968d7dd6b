# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernels alone on a recording, in one thread: what the programs around them are compared with.

``python3 -m xband_station.bench.bare_kernels FILE FORMAT RATE MISSION`` prints the number of frames.
"""

from __future__ import annotations

import sys
from pathlib import Path

from xband_core import _core
from xband_core.mission import load_mission

# Octets at a time: in the second-level cache from reading to decoding.
CHUNK = 1 << 17


def count_frames(file: Path, iq_format: str, sample_rate_hz: float, mission_name: str) -> int:
    """Every frame record of the file, looked at by nobody."""
    mission = load_mission(mission_name)
    demodulator = _core.PskDemodulator(**mission.demodulator_config(sample_rate_hz, iq_format))
    decoder = _core.FrameDecoder(**mission.decoder_config())
    chunk = memoryview(bytearray(CHUNK))
    frames = 0
    with file.open("rb", buffering=0) as samples:
        while n := samples.readinto(chunk):
            demodulator.push(chunk[:n])
            decoder.push(demodulator.pull())
            frames += len(decoder.pull())
    demodulator.flush()
    decoder.push(demodulator.pull())
    decoder.flush()
    return frames + len(decoder.pull())


if __name__ == "__main__":
    print(count_frames(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), sys.argv[4]))
