# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the cycles go: the stages of the receiver by themselves, beside the whole they make and the bound for it.

Cycles are CPU time of one thread times the clock of the core, which is measured in the same run: best of several.
"""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from xband_core import _core
from xband_station.tables import format_table

from . import signals
from .measure import best_rate
from .speed_kernels import Chain, decoder_rates

# Cycles that the operations need on a core of 512-bit vectors if nothing waits (docs/kernels.md).
BOUND_DEMODULATOR, BOUND_VITERBI, BOUND_REED_SOLOMON = 10.0, 2.44, 0.07
# A core that has just been idle, or shares with others, is slower for moments.
CLOCK_ROUNDS = 5
# Of the 255 symbols of a codeword these carry information.
INFORMATION_SHARE = 223 / 255


@dataclass(frozen=True)
class Bar:
    """One part of the receiver. stages: (name, cycles); the last, "the rest", is what the whole takes beyond them.

    unit: what the cycles are per; bound: None where none is known.
    """

    what: str
    unit: str
    stages: tuple[tuple[str, float], ...]
    bound: float | None

    @property
    def total(self) -> float:
        """Cycles of all stages."""
        return sum(cycles for _, cycles in self.stages)

    def as_dict(self) -> dict[str, object]:
        return asdict(self) | {"total": self.total}


def run() -> list[Bar]:
    """All bars; half a minute."""
    clock_hz = max(float(_core.core_clock_hz()) for _ in range(CLOCK_ROUNDS))
    demodulators = [waveform for waveform in signals.WAVEFORMS if waveform in (signals.SNPP, signals.NOAA_21)]
    with tempfile.TemporaryDirectory(prefix="xband-bench-") as name:
        folder = Path(name)
        for waveform in demodulators:
            signals.write_recording(waveform, signals.SYMBOLS, waveform.file(folder))
        bars = [_demodulator(waveform, folder, clock_hz) for waveform in demodulators]
        decoder = _decoder(folder, clock_hz)
    chain = Bar(
        "IQ to frames, QPSK r=1/2",
        "information bit",
        (("demodulator", bars[0].total), ("decoder", decoder.total)),
        BOUND_DEMODULATOR + BOUND_VITERBI + BOUND_REED_SOLOMON,
    )
    return [*bars, decoder, chain]


def _with_rest(stages: list[tuple[str, float]], total: float) -> tuple[tuple[str, float], ...]:
    """Stages measured alone find their data in the nearest cache and may add up to more than the whole."""
    return (*stages, ("the rest", max(0.0, total - sum(cycles for _, cycles in stages))))


def _demodulator(waveform: signals.Waveform, folder: Path, clock_hz: float) -> Bar:
    kind = waveform.loaded().modulation.kind
    chain = Chain(waveform, folder)
    megasymbols = (signals.SYMBOLS - signals.SYMBOLS_BEFORE) / 1e6
    rate = best_rate(megasymbols, chain.work_off, seconds=1.0, prepare=chain.locked)
    stages = [
        (name, clock_hz * seconds) for name, seconds in _core.demodulator_stages(kind, waveform.samples_per_symbol)
    ]
    what = f"IQ to soft bits, {kind.upper()}, {waveform.samples_per_symbol:g} samples a symbol"
    return Bar(
        what, "symbol", _with_rest(stages, 1e-6 * clock_hz / rate), BOUND_DEMODULATOR if kind == "qpsk" else None
    )


def _decoder(folder: Path, clock_hz: float) -> Bar:
    """Noise is added: the bench's signal has so few errors that most of the decoding would be skipped."""
    rates = decoder_rates()
    chain = Chain(signals.SNPP, folder)
    soft = chain.noisy_soft()
    megabits = sum(len(piece) for piece in soft) / 2 / 1e6
    whole = best_rate(megabits, lambda decoder: chain.decode(decoder, soft), seconds=1.0, prepare=chain.decoder)
    stages = [
        ("Viterbi", 1e-6 * clock_hz / rates["viterbi_noisy"]),
        ("Reed-Solomon", 1e-6 * clock_hz * INFORMATION_SHARE / rates["rs_0"]),
    ]
    bound = BOUND_VITERBI + BOUND_REED_SOLOMON
    return Bar(
        "soft bits to frames, r=1/2, noisy", "information bit", _with_rest(stages, 1e-6 * clock_hz / whole), bound
    )


def table(bars: list[Bar]) -> str:
    """For people."""
    rows = []
    for bar in bars:
        rows += [(bar.what if i == 0 else "", name, f"{cycles:.2f}") for i, (name, cycles) in enumerate(bar.stages)]
        bound = "" if bar.bound is None else f", bound {bar.bound:g}"
        rows.append(("", f"all, per {bar.unit}{bound}", f"{bar.total:.2f}"))
    return format_table(("part", "stage", "cycles"), rows)


def plot(file: Path, bars: list[Bar]) -> None:
    """Stacked bars with their bounds."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(9, 4.2), constrained_layout=True)
    for row, bar in enumerate(bars):
        left = 0.0
        for name, cycles in bar.stages:
            axes.barh(row, cycles, left=left, height=0.62, edgecolor="white", color=_colour(name))
            if cycles > 0.035 * max(other.total for other in bars):
                axes.text(left + cycles / 2, row, f"{name}\n{cycles:.1f}", ha="center", va="center", fontsize=6.5)
            left += cycles
        if bar.bound is not None:
            axes.plot([bar.bound] * 2, [row - 0.42, row + 0.42], color="black", linewidth=2)
    axes.plot([], [], color="black", linewidth=2, label="bound by operations")
    axes.set_yticks(range(len(bars)), [f"{bar.what}\nper {bar.unit}: {bar.total:.1f}" for bar in bars], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("cycles of one core")
    axes.legend(loc="lower right", fontsize=8)
    figure.savefig(file, dpi=130)


def _colour(name: str) -> str:
    colours = ["#9ecae1", "#c6dbef", "#fdae6b", "#a1d99b", "#dadaeb", "#fdd0a2", "#d9d9d9", "#9ecae1", "#c7e9c0"]
    names = ["front end", "level", "filter and timing", "carrier phase", "quality", "soft bits", "the rest", "Viterbi"]
    special = {"Reed-Solomon": "#fdae6b", "demodulator": "#9ecae1", "decoder": "#a1d99b"}
    return special.get(name) or colours[names.index(name)]
