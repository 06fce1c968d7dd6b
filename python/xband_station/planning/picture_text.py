# SPDX-License-Identifier: GPL-3.0-or-later
"""What the picture says where the pointer rests."""

from __future__ import annotations

from xband_station.planning.model import Contact, Rejected


def contact_tip(contact: Contact) -> str:
    """Satellite, times, value, and what is cut off."""
    one = contact.opportunity
    lines = [
        f"{one.satellite} on {one.antenna}",
        f"{contact.start:%H:%M:%S} to {contact.end:%H:%M:%S} UTC, {contact.duration_s / 60.0:.1f} min",
        f"highest elevation {one.max_elevation_deg:.0f} degrees, value {contact.value:.1f}",
    ]
    late_s, early_s = (contact.start - one.aos).total_seconds(), (one.los - contact.end).total_seconds()
    if late_s > 0.0:
        lines.append(f"begins {late_s:.0f} s after AOS: the antenna is needed elsewhere before")
    if early_s > 0.0:
        lines.append(f"ends {early_s:.0f} s before LOS: the antenna is needed elsewhere after")
    if one.partner:
        lines.append(f"for {one.partner}")
    return "\n".join(lines)


def rejected_tip(rejected: Rejected) -> str:
    """Satellite, times and the reason."""
    one = rejected.opportunity
    lines = [
        f"{one.satellite}, not taken",
        f"{one.aos:%H:%M:%S} to {one.los:%H:%M:%S} UTC, highest elevation {one.max_elevation_deg:.0f} degrees",
        f"{rejected.cause.value}: {rejected.reason}",
    ]
    if rejected.cost is not None:
        lines.append(f"taking it would cost {rejected.cost:.1f}")
    return "\n".join(lines)
