# SPDX-License-Identifier: GPL-3.0-or-later
"""What a receiver found wrong with its samples and symbols, and what it did about it: figures of docs/quality.md."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_MUCH_SATURATED = 0.01  # of the values: a converter that clips so often costs 0.1 dB


@dataclass(frozen=True)
class Corrections:
    """At one time. None: not known.

    dc_dbc, iq_image_dbc: constant part and mirror image; blanked_samples: in pulses, since the receiver began;
    saturated_share: of the values, those at the converter's limit; equaliser_gain_db: 0 while inactive."""

    dc_dbc: float | None = None
    is_dc_removed: bool = False
    iq_image_dbc: float | None = None
    is_iq_corrected: bool = False
    blanked_samples: int = 0
    saturated_share: float = 0.0
    is_equaliser_active: bool = False
    equaliser_gain_db: float = 0.0

    @staticmethod
    def read(content: Mapping[str, Any]) -> Corrections:
        """From a heartbeat or the summary of a recording. What is missing or not finite is not known.

        Raises: TypeError, ValueError: no number where one should be."""

        def number(key: str) -> float | None:
            value = content.get(key)
            return None if value is None or not math.isfinite(value) else float(value)

        return Corrections(
            dc_dbc=number("dc_dbc"),
            is_dc_removed=bool(content.get("is_dc_removed")),
            iq_image_dbc=number("iq_image_dbc"),
            is_iq_corrected=bool(content.get("is_iq_corrected")),
            blanked_samples=int(number("blanked_samples") or 0),
            saturated_share=number("saturated_share") or 0.0,
            is_equaliser_active=bool(content.get("is_equaliser_active")),
            equaliser_gain_db=number("equaliser_gain_db") or 0.0,
        )


def summarise(course: Iterable[Corrections], blanked_share: float) -> dict[str, float | None]:
    """Of a pass. *_share: of the time something was done (blanked: of the samples); others: the worst."""
    rows = list(course)

    def worst(values: Iterable[float | None]) -> float | None:
        return max((value for value in values if value is not None), default=None)

    def share(flags: Iterable[bool]) -> float:
        return round(sum(flags) / len(rows), 3) if rows else 0.0

    return {
        "dc_dbc": worst(row.dc_dbc for row in rows),
        "dc_removed_share": share(row.is_dc_removed for row in rows),
        "iq_image_dbc": worst(row.iq_image_dbc for row in rows),
        "iq_corrected_share": share(row.is_iq_corrected for row in rows),
        "blanked_share": blanked_share,
        "saturated_share": worst(row.saturated_share for row in rows) or 0.0,
        "equaliser_share": share(row.is_equaliser_active for row in rows),
        "equaliser_gain_db": worst(row.equaliser_gain_db for row in rows) or 0.0,
    }


def describe(summary: Mapping[str, float | None]) -> str:
    """One line for people."""
    parts = [
        f"{name} {level}{_when(summary[share])}"
        for name, level, share in (
            ("DC of", _level(summary["dc_dbc"]) + " removed", "dc_removed_share"),
            ("I/Q image of", _level(summary["iq_image_dbc"]) + " corrected", "iq_corrected_share"),
            ("equaliser gained", f"{summary['equaliser_gain_db']:.1f} dB", "equaliser_share"),
        )
        if summary[share]
    ]
    if summary["blanked_share"]:
        parts.append(f"{100 * summary['blanked_share']:.2g} % of the samples silenced in pulses")
    saturated = summary["saturated_share"] or 0.0
    if saturated > _MUCH_SATURATED:
        parts.append(f"{100 * saturated:.2g} % of the values at the converter's limit: lower the gain")
    return ", ".join(parts) or "nothing to mend"


def _level(dbc: float | None) -> str:
    return "unknown level" if dbc is None else f"{dbc:.0f} dBc"


def _when(share: float | None) -> str:
    return "" if share is None or share >= 1.0 else f" ({100 * share:.0f} % of the time)"
