# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan as iCalendar (RFC 5545): an event for each contact, with the same UID whenever the pass is planned again."""

from __future__ import annotations

from datetime import datetime

from xband_station.planning.model import Contact, Plan

_FOLD_LEN_BYTES = 75  # RFC 5545, 3.1, without the line break


def to_icalendar(plan: Plan, station: str, made_at: datetime) -> str:
    """The calendar's text, with CRLF line ends; all times UTC (form 2 of 3.3.5). ``made_at`` becomes DTSTAMP."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//gr-xband//xband schedule//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_escaped(f'{station}: passes')}",
    ]
    seen: dict[str, int] = {}
    for contact in plan.contacts:
        key = f"{contact.opportunity.pass_id}.{contact.opportunity.antenna}"
        seen[key] = seen.get(key, 0) + 1
        lines += _event(contact, f"{key}.{seen[key]}@{station}", made_at)
    lines.append("END:VCALENDAR")
    return "".join(folded + "\r\n" for line in lines for folded in _folded(line))


def _event(contact: Contact, uid: str, made_at: datetime) -> list[str]:
    one = contact.opportunity
    trimmed = f"\ntrimmed: the whole pass is {one.aos:%H:%M:%S} to {one.los:%H:%M:%S} UTC" if contact.is_trimmed else ""
    description = (
        f"value {contact.value:.1f}, highest elevation {one.max_elevation_deg:.0f} degrees, pass {one.pass_id}{trimmed}"
    )
    return [
        "BEGIN:VEVENT",
        f"UID:{_escaped(uid)}",
        f"DTSTAMP:{_time(made_at)}",
        f"DTSTART:{_time(contact.start)}",
        f"DTEND:{_time(contact.end)}",
        f"SUMMARY:{_escaped(f'{one.satellite} on {one.antenna}')}",
        f"LOCATION:{_escaped(one.antenna)}",
        f"DESCRIPTION:{_escaped(description)}",
        "STATUS:CONFIRMED",
        "TRANSP:OPAQUE",
        "END:VEVENT",
    ]


def _time(time: datetime) -> str:
    return f"{time:%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    """TEXT of 3.3.11; other control characters may not occur (3.1)."""
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        text = text.replace(plain, escaped)
    return "".join(character for character in text if character >= " " and character != "\x7f")


def _folded(line: str) -> list[str]:
    """At most 75 octets each, never within a character; a continuation begins with a space (3.1)."""
    pieces, piece, room = [], "", _FOLD_LEN_BYTES
    for character in line:
        size = len(character.encode())
        if size > room:
            pieces.append(piece)
            piece, room = " ", _FOLD_LEN_BYTES - 1
        piece += character
        room -= size
    return [*pieces, piece]
