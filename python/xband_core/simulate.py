# SPDX-License-Identifier: GPL-3.0-or-later
"""The signal simulator: a mission's frames as the samples that a receiver would get, in portions.

``SignalSource`` makes channel bits without end, ``Simulator`` modulates them and sends them through the channel,
``write_recording`` puts the samples into a file. ``xband_core.iq_server`` serves them over TCP instead.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _core
from .channel_response import ChannelResponse
from .errors import OutputError
from .frame_headers import read_headers
from .mission import Mission
from .plan import DopplerSegment
from .simulated_frames import FileFrames, FrameStream, SimulationError, SyntheticFrames

DEFAULT_SAMPLES_PER_SYMBOL = 2.2
SIGMF_DATATYPES = {"cs8": "ci8", "cs16": "ci16_le", "cf32": "cf32_le"}

_FRAMES_PER_BATCH = 16
_SILENT_SYMBOLS = 4096
_SAMPLES_PER_WRITE = 1 << 18


@dataclass(frozen=True)
class Fade:
    """The signal is weaker by depth_db from start_s for length_s; the noise stays."""

    start_s: float
    length_s: float
    depth_db: float


@dataclass(frozen=True)
class SimulationSettings:
    """What happens to the signal.

    es_n0_db: (time_s, dB) points joined by straight lines, empty for no noise; doppler: carrier offset by sample count,
    which stretches the symbol clock too; frequency_offset_hz and frequency_ramp_hz_s come on top and leave the clock
    alone; path: echoes and filters, Es/N0 is that of the signal behind them; clock_error_ppm: of the transmitter's
    symbol clock; first_sample_time_ns: UTC of sample 0 if it has one; seconds: None for an endless signal.
    """

    sample_rate_hz: float
    seconds: float | None = 1.0
    iq_format: str = "cs8"
    es_n0_db: tuple[tuple[float, float], ...] = ()
    frequency_offset_hz: float = 0.0
    frequency_ramp_hz_s: float = 0.0
    clock_error_ppm: float = 0.0
    linewidth_hz: float = 0.0
    iq_swap: bool = False
    spectral_inversion: bool = False
    path: ChannelResponse = field(default_factory=ChannelResponse)
    doppler: tuple[DopplerSegment, ...] = ()
    fades: tuple[Fade, ...] = ()
    first_sample_time_ns: int | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        if self.seconds is not None and not 0.0 < self.seconds <= 1e6:
            raise SimulationError(f"seconds {self.seconds:g} is not above 0 and up to 1000000")
        if not 0.0 < self.sample_rate_hz <= 1e10:
            raise SimulationError(f"sample_rate_hz {self.sample_rate_hz:g} is not above 0 and up to 1e10")
        if not 0 <= self.seed < 1 << 64:
            raise SimulationError(f"seed {self.seed} is not within 0 to 2^64 - 1")


class SignalSource:
    """Endless channel bits of a mission, and a record of the frames in them."""

    def __init__(self, mission: Mission, frames: FrameStream) -> None:
        self.mission = mission
        self._frames = frames
        # CCSDS 131.0-B-5 inverts G2 at rate 1/2 (3.3) and not in the punctured codes (3.4).
        self._encoder = _core.CaduEncoder(**mission.decoder_config(), g2_inverted=mission.coding.inner == "conv_k7_r12")
        self._vcids: list[npt.NDArray[np.uint8]] = []
        self._counts: list[npt.NDArray[np.uint32]] = []

    @property
    def symbols_per_frame(self) -> float:
        """Channel symbols of one CADU; no whole number if a punctured code's period does not end with it."""
        mission = self.mission
        return 8 * mission.cadu_len_bytes * mission.modulation.symbol_rate_hz / mission.information_bit_rate_hz

    def channel_bits(self, n_frames: int) -> npt.NDArray[np.uint8]:
        """The next frames as channel bits, one per byte."""
        frames = self._frames.take(n_frames)
        headers = read_headers(self.mission.framing, frames)
        self._vcids.append(headers.vcid)
        self._counts.append(headers.vc_count)
        bits: npt.NDArray[np.uint8] = self._encoder.encode(frames)
        return bits

    def virtual_channels(self, n_frames: int) -> dict[str, dict[str, int]]:
        """Of the first n frames: how many per virtual channel, and their first and last counter."""
        vcids = np.concatenate([np.empty(0, np.uint8), *self._vcids])[:n_frames]
        counts = np.concatenate([np.empty(0, np.uint32), *self._counts])[:n_frames]
        summary = {}
        for vcid in np.unique(vcids):
            own = counts[vcids == vcid]
            summary[str(vcid)] = {"frames": len(own), "first_count": int(own[0]), "last_count": int(own[-1])}
        return summary


class Simulator:
    """Samples of a mission's signal, portion by portion; the portions' sizes have no influence on the samples.

    A run with an end sends whole frames only and is silent after the last one, so that what was sent is beyond doubt.
    Raises SimulationError: a setting is out of range.
    """

    def __init__(self, source: SignalSource, settings: SimulationSettings) -> None:
        self.mission = source.mission
        self.settings = settings
        self.position = 0  # samples made
        self._source = source
        try:
            self._signal = _core.SignalSimulator(**_kernel_arguments(source.mission, settings))
        except ValueError as error:
            raise SimulationError(str(error)) from error
        self._frames_left = None if self.n_samples is None else self._whole_frames(self.n_samples)
        if self._frames_left == 0:
            raise SimulationError(f"seconds {settings.seconds:g} is shorter than one frame of {self.mission.name}")

    @property
    def n_samples(self) -> int | None:
        """Samples of the whole run; None: without end."""
        seconds = self.settings.seconds
        return None if seconds is None else max(1, round(seconds * self.settings.sample_rate_hz))

    @property
    def sample_len_bytes(self) -> int:
        """Bytes of one complex sample."""
        return int(self._signal.sample_len_bytes)

    def read(self, max_samples: int) -> npt.NDArray[np.uint8]:
        """The next samples as raw bytes; fewer than asked for only at the end, none after it."""
        wanted = max_samples if self.n_samples is None else min(max_samples, self.n_samples - self.position)
        while self._signal.available() < wanted:
            self._push_more()
        samples: npt.NDArray[np.uint8] = self._signal.pull(wanted)
        self.position += wanted
        return samples

    def frames_sent(self) -> int:
        """Frames whose last symbol lies wholly within the samples made so far."""
        return self._whole_frames(self.position)

    def symbol_time(self, sample: int) -> float:
        """Time of a sample in symbols: 0 at the centre of the first symbol, negative before it."""
        return float(self._signal.symbol_time(sample))

    def _push_more(self) -> None:
        n_frames = _FRAMES_PER_BATCH if self._frames_left is None else min(_FRAMES_PER_BATCH, self._frames_left)
        if n_frames == 0:
            self._signal.push_silence(_SILENT_SYMBOLS)
            return
        self._signal.push_bits(self._source.channel_bits(n_frames))
        if self._frames_left is not None:
            self._frames_left -= n_frames

    def _whole_frames(self, n_samples: int) -> int:
        return max(0, int(self.symbol_time(n_samples) / self._source.symbols_per_frame))

    def truth(self) -> dict[str, Any]:
        """What was sent so far and how: the facts that a receiver's results are held against."""
        mission, settings = self.mission, self.settings
        return {
            "mission": mission.name,
            "symbol_rate_hz": mission.modulation.symbol_rate_hz,
            "symbols_per_frame": self._source.symbols_per_frame,
            "samples": self.position,
            "frames_sent": self.frames_sent(),
            "virtual_channels": self._source.virtual_channels(self.frames_sent()),
            **asdict(settings),
        }


def make_simulator(mission: Mission, settings: SimulationSettings, frames_file: Path | None = None) -> Simulator:
    """A simulator of made-up frames, or of those of a file. Raises SimulationError."""
    frames = SyntheticFrames(mission, settings.seed) if frames_file is None else FileFrames(mission, frames_file)
    return Simulator(SignalSource(mission, frames), settings)


def _kernel_arguments(mission: Mission, settings: SimulationSettings) -> dict[str, Any]:
    return {
        "modulation": mission.modulation.kind,
        "sample_rate_hz": settings.sample_rate_hz,
        "symbol_rate_hz": mission.modulation.symbol_rate_hz,
        "rolloff": mission.modulation.rolloff,
        "iq_format": settings.iq_format,
        "clock_error_ppm": settings.clock_error_ppm,
        "centre_frequency_hz": mission.centre_frequency_hz,
        "frequency_plan": [(segment.start_sample, list(segment.coefficients_hz)) for segment in settings.doppler],
        "frequency_offset_hz": settings.frequency_offset_hz,
        "frequency_ramp_hz_s": settings.frequency_ramp_hz_s,
        "linewidth_hz": settings.linewidth_hz,
        "es_n0": list(settings.es_n0_db),
        "fades": [(fade.start_s, fade.length_s, fade.depth_db) for fade in settings.fades],
        "iq_swap": settings.iq_swap,
        "spectral_inversion": settings.spectral_inversion,
        "path": settings.path.taps(
            settings.sample_rate_hz / mission.modulation.symbol_rate_hz, mission.modulation.rolloff
        ).tolist(),
        "seed": settings.seed,
    }


def es_n0_from_eb_n0_db(mission: Mission, eb_n0_db: float) -> float:
    """Es/N0 per channel symbol; Eb counts the bits that enter the inner encoder (channel bits without one)."""
    return eb_n0_db + 10.0 * math.log10(mission.information_bit_rate_hz / mission.modulation.symbol_rate_hz)


def write_recording(path: Path, simulator: Simulator, on_progress: Callable[[int], None] = lambda _: None) -> Path:
    """Writes all samples and their SigMF description; both appear under their names only when they are complete.

    Args: path: ``NAME.sigmf-data``, ``NAME.sigmf-meta`` or ``NAME`` without suffix: a SigMF pair; any other suffix: raw
    samples in that file, described by ``NAME.sigmf-meta`` beside it. on_progress: called with the samples written.
    Returns: the data file.
    Raises OutputError; SimulationError: the signal has no end.
    """
    if simulator.n_samples is None:
        raise SimulationError("seconds: a recording needs an end")
    data = path.with_suffix(".sigmf-data") if path.suffix in ("", ".sigmf-data", ".sigmf-meta") else path
    meta = data.with_suffix(".sigmf-meta")
    data_part, meta_part = (file.with_name(file.name + ".part") for file in (data, meta))
    try:
        with data_part.open("wb") as stream:
            while len(samples := simulator.read(_SAMPLES_PER_WRITE)):
                stream.write(samples.data)
                on_progress(simulator.position)
        meta_part.write_text(json.dumps(_sigmf_meta(simulator, data), indent=1) + "\n", encoding="utf-8")
        os.replace(data_part, data)
        os.replace(meta_part, meta)
    except OSError as error:
        raise OutputError(path, error.strerror or str(error)) from error
    finally:
        data_part.unlink(missing_ok=True)
        meta_part.unlink(missing_ok=True)
    return data


def _sigmf_meta(simulator: Simulator, data: Path) -> dict[str, Any]:
    """SigMF 1.0.0 metadata; the truth stands in one annotation over all samples."""
    mission, settings = simulator.mission, simulator.settings
    capture: dict[str, Any] = {"core:sample_start": 0, "core:frequency": mission.centre_frequency_hz}
    if settings.first_sample_time_ns is not None:
        time = datetime.fromtimestamp(settings.first_sample_time_ns / 1e9, UTC)
        capture["core:datetime"] = time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    occupied_hz = mission.modulation.symbol_rate_hz * (1.0 + mission.modulation.rolloff)
    top = {
        "core:datatype": SIGMF_DATATYPES[settings.iq_format],
        "core:sample_rate": settings.sample_rate_hz,
        "core:version": "1.0.0",
        "core:num_channels": 1,
        "core:recorder": "gr-xband simulator",
        "core:description": f"simulated signal of {mission.title}",
        "core:extensions": [{"name": "xband", "version": "1.0.0", "optional": True}],
    }
    if data.suffix != ".sigmf-data":
        top["core:dataset"] = data.name
    annotation = {
        "core:sample_start": 0,
        "core:sample_count": simulator.position,
        "core:freq_lower_edge": mission.centre_frequency_hz - occupied_hz / 2,
        "core:freq_upper_edge": mission.centre_frequency_hz + occupied_hz / 2,
        "core:label": mission.name,
        "xband:truth": simulator.truth(),
    }
    return {"global": top, "captures": [capture], "annotations": [annotation]}
