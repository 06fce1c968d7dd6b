# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as one HTML page: a timeline of each antenna for each day, sky plots, and the reasons.

No script and no other file. Hovering over a pass tells its times, its value, and why it is not taken or is trimmed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape

from xband_station.planning.model import Contact, Rejected
from xband_station.planning.opportunities import Outlook
from xband_station.planning.picture_text import contact_tip, rejected_tip
from xband_station.planning.schedule import Schedule
from xband_station.svg import plain_number as px

# Colours that the eye keeps apart also if it sees no red or green (Okabe and Ito, 2008).
_PALETTE = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#d55e00",
    "#8c6d1f",
    "#6a3d9a",
    "#4d4d4d",
    "#b2a800",
)
_DAY = timedelta(days=1)
_LEFT, _WIDTH, _RIGHT = 110.0, 1080.0, 10.0
_BAR, _THIN, _GAP, _HEAD = 20.0, 7.0, 2.0, 24.0
_SKY_RADIUS = 92.0

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 1240px; margin: 1.5em auto; padding: 0 1em; }
h1 { font-size: 1.5em; margin-bottom: 0.1em; } h2 { font-size: 1.1em; margin: 1.5em 0 0.3em; }
.facts { color: #444; } svg { display: block; font: 11px system-ui, sans-serif; }
svg text { fill: #333; } svg .grid { stroke: #e2e2e2; } svg .quiet { fill: #f6f7f9; } svg .rule { stroke: #bbb; }
svg .label { fill: #fff; font-size: 10px; pointer-events: none; } svg .hour { fill: #777; }
svg .lost:hover, svg .contact:hover { stroke: #000; stroke-width: 1.5; }
.key span { display: inline-block; margin-right: 1.2em; white-space: nowrap; }
.key i { display: inline-block; width: 1.1em; height: 0.8em; margin-right: 0.35em; border-radius: 2px; }
.skies { display: flex; flex-wrap: wrap; gap: 10px 24px; } figure { margin: 0; } figcaption { font-size: 0.85em; }
table { border-collapse: collapse; font-size: 0.9em; } td, th { padding: 0.1em 0.9em 0.1em 0; text-align: left;
vertical-align: top; } td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
"""


def draw_plan(schedule: Schedule, station: str) -> str:
    """The whole page."""
    plan = schedule.plan
    colours = _colours(schedule)
    taken_s = sum(contact.duration_s for contact in plan.contacts)
    proof = "proven optimal" if plan.gap < 1e-6 else f"at most {plan.gap:.2%} below the optimum"
    facts = (
        f"{schedule.start:%Y-%m-%d %H:%M} to {schedule.end:%Y-%m-%d %H:%M} UTC. {len(plan.contacts)} contacts, "
        f"{taken_s / 3600.0:.1f} h; {len(plan.rejected)} passes not taken. Value {plan.objective:.0f}, {proof} "
        f"({plan.solve_s:.2f} s)."
    )
    missed = "".join(
        f"<p><b>Quota missed:</b> {escape(partner)} by {seconds / 60.0:.0f} min</p>"
        for partner, seconds in plan.shortfalls
    )
    title = f"{station}: plan from {schedule.start:%Y-%m-%d}"
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="facts">{facts}</p>{missed}',
        _key(colours),
        "<h2>Timeline</h2>",
        *(_day(schedule, day, colours) for day in _days(schedule)),
        "<h2>Sky</h2>",
        f'<div class="skies">{"".join(_sky(schedule, day, colours) for day in _days(schedule))}</div>',
        "<h2>Not taken</h2>",
        _reasons(plan.rejected),
    ]
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>\n{"".join(body)}\n</body></html>\n'


def _colours(schedule: Schedule) -> dict[str, str]:
    names = {one.satellite for one in schedule.outlook.problem.opportunities}
    return {name: _PALETTE[place % len(_PALETTE)] for place, name in enumerate(sorted(names))}


def _key(colours: dict[str, str]) -> str:
    satellites = "".join(f'<span><i style="background:{c}"></i>{escape(n)}</span>' for n, c in colours.items())
    marks = (
        '<span><i style="background:#999"></i>contact</span>'
        '<span><i style="background:#fff;border:1px dashed #777"></i>part of its pass that is cut off</span>'
        '<span><i style="background:#ddd;height:0.35em"></i>pass not taken: hover for the reason</span>'
    )
    return f'<p class="key">{satellites}</p><p class="key">{marks}</p>'


def _days(schedule: Schedule) -> list[datetime]:
    first = schedule.start.replace(hour=0, minute=0, second=0, microsecond=0)
    count = max(1, math.ceil((schedule.end - first) / _DAY))
    return [first + number * _DAY for number in range(count)]


def _day(schedule: Schedule, day: datetime, colours: dict[str, str]) -> str:
    """One day: for each antenna a row of contacts, below it the passes it did not take, stacked."""
    plan = schedule.plan
    antennas = sorted({one.antenna for one in schedule.outlook.problem.opportunities})
    parts: list[str] = []
    top = _HEAD
    for antenna in antennas:
        contacts = [c for c in plan.contacts if c.opportunity.antenna == antenna and _is_in(c.start, c.end, day)]
        refused = [r for r in plan.rejected if r.opportunity.antenna == antenna
                   and _is_in(r.opportunity.aos, r.opportunity.los, day)]  # fmt: skip
        parts.append(f'<text x="{_LEFT - 8:g}" y="{px(top + 14)}" text-anchor="end">{escape(antenna)}</text>')
        parts += [_contact(contact, day, top, colours) for contact in contacts]
        lanes, marks = _stacked(refused, day, top + _BAR + _GAP + 1.0)
        parts += marks
        top += _BAR + _GAP + lanes * (_THIN + _GAP) + 10.0
    height = top + 2.0
    grid = [
        f'<rect x="{_LEFT:g}" y="{_HEAD - 6:g}" width="{_WIDTH:g}" height="{px(height - _HEAD)}" class="quiet"/>',
        f'<text x="4" y="14" font-weight="600">{day:%a %d %b}</text>',
    ]
    for hour in range(0, 25, 2):
        x = _LEFT + _WIDTH * hour / 24.0
        grid.append(f'<line x1="{px(x)}" y1="{_HEAD - 6:g}" x2="{px(x)}" y2="{px(height - 6)}" class="grid"/>')
        grid.append(f'<text x="{px(x)}" y="13" text-anchor="middle" class="hour">{hour:02d}</text>')
    width = _LEFT + _WIDTH + _RIGHT
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {px(height)}" width="100%" role="img" '
        f'aria-label="timeline of {day:%Y-%m-%d}">{"".join([*grid, *parts])}</svg>'
    )


def _is_in(start: datetime, end: datetime, day: datetime) -> bool:
    return start < day + _DAY and end > day


def _x(time: datetime, day: datetime) -> float:
    return _LEFT + _WIDTH * min(max((time - day) / _DAY, 0.0), 1.0)


def _contact(contact: Contact, day: datetime, top: float, colours: dict[str, str]) -> str:
    """A filled bar; around it, dashed, what is cut off of its pass."""
    one = contact.opportunity
    left, right = _x(contact.start, day), _x(contact.end, day)
    whole_left, whole_right = _x(one.aos, day), _x(one.los, day)
    colour, tip = colours[one.satellite], f"<title>{escape(contact_tip(contact))}</title>"
    cut = ""
    if contact.is_trimmed:
        width = px(whole_right - whole_left)
        cut = (
            f'<rect x="{px(whole_left)}" y="{px(top + 4)}" width="{width}" height="{_BAR - 8:g}" fill="none" '
            f'stroke="{colour}" stroke-dasharray="2 2">{tip}</rect>'
        )
    bar = (
        f'<rect x="{px(left)}" y="{px(top)}" width="{px(max(right - left, 1.5))}" height="{_BAR:g}" rx="2" '
        f'fill="{colour}" class="contact">{tip}</rect>'
    )
    room = int((right - left) / 6.2)
    label = one.satellite if len(one.satellite) <= room else ""
    text = f'<text x="{px(left + 3)}" y="{px(top + 14)}" class="label">{escape(label)}</text>' if label else ""
    return cut + bar + text


def _stacked(refused: Sequence[Rejected], day: datetime, top: float) -> tuple[int, list[str]]:
    """Thin bars in as few lanes as keep them apart."""
    ends: list[datetime] = []
    marks = []
    for one in sorted(refused, key=lambda r: r.opportunity.aos):
        aos, los = one.opportunity.aos, one.opportunity.los
        lane = next((number for number, end in enumerate(ends) if end <= aos), len(ends))
        ends[lane : lane + 1] = [los]
        left, width = _x(aos, day), max(_x(los, day) - _x(aos, day), 1.5)
        marks.append(
            f'<rect x="{px(left)}" y="{px(top + lane * (_THIN + _GAP))}" width="{px(width)}" height="{_THIN:g}" rx="1" '
            f'fill="#c9ccd1" class="lost"><title>{escape(rejected_tip(one))}</title></rect>'
        )
    return len(ends), marks


def _sky(schedule: Schedule, day: datetime, colours: dict[str, str]) -> str:
    """The day's contacts over the station: north up, east right, the horizon as the outer ring."""
    size = 2.0 * (_SKY_RADIUS + 16.0)
    middle = size / 2.0
    rings = [
        f'<circle cx="{middle:g}" cy="{middle:g}" r="{px(_SKY_RADIUS * (90 - e) / 90)}" fill="none" class="grid"/>'
        for e in (0, 30, 60)
    ]
    names = [("N", 0), ("E", 90), ("S", 180), ("W", 270)]
    for name, azimuth_deg in names:
        x, y = _on_sky(azimuth_deg, -9.0, middle)
        rings.append(f'<text x="{px(x)}" y="{px(y + 4)}" text-anchor="middle">{name}</text>')
    lines = []
    for contact in schedule.plan.contacts:
        if day <= contact.start < day + _DAY:
            lines.append(_track(contact, schedule.outlook, colours[contact.opportunity.satellite], middle))
    drawing = "".join([*rings, *lines])
    return (
        f'<figure><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size:g} {size:g}" width="{size:g}" '
        f'height="{size:g}" role="img" aria-label="sky of {day:%Y-%m-%d}">{drawing}</svg>'
        f"<figcaption>{day:%a %d %b}: {len(lines)} contacts</figcaption></figure>"
    )


def _track(contact: Contact, outlook: Outlook, colour: str, middle: float) -> str:
    """The satellite's way during the contact, with a dot where it begins."""
    one = contact.opportunity
    prospect = outlook.prospects[one.pass_id, one.antenna]
    base = outlook.passes[one.pass_id, one.antenna].aos
    first_s, last_s = (contact.start - base).total_seconds(), (contact.end - base).total_seconds()
    points = [
        _on_sky(float(azimuth), float(elevation), middle)
        for at_s, azimuth, elevation in zip(
            prospect.offsets_s, prospect.azimuth_deg, prospect.elevation_deg, strict=True
        )
        if first_s - 1.0 <= at_s <= last_s + 1.0
    ]
    if not points:
        return ""
    way = "L".join(f"{px(x)} {px(y)}" for x, y in points)
    tip = f"<title>{escape(contact_tip(contact))}</title>"
    return (
        f'<path d="M{way}" fill="none" stroke="{colour}" stroke-width="1.6">{tip}</path>'
        f'<circle cx="{px(points[0][0])}" cy="{px(points[0][1])}" r="2.6" fill="{colour}">{tip}</circle>'
    )


def _on_sky(azimuth_deg: float, elevation_deg: float, middle: float) -> tuple[float, float]:
    radius = _SKY_RADIUS * (90.0 - elevation_deg) / 90.0
    azimuth = math.radians(azimuth_deg)
    return middle + radius * math.sin(azimuth), middle - radius * math.cos(azimuth)


def _reasons(rejected: Sequence[Rejected]) -> str:
    if not rejected:
        return "<p>Every pass is taken.</p>"
    rows = "".join(
        f'<tr><td class="n">{one.opportunity.aos:%m-%d %H:%M:%S}</td><td>{escape(one.opportunity.satellite)}</td>'
        f'<td class="n">{one.opportunity.max_elevation_deg:.0f}°</td><td class="n">{one.opportunity.value:.1f}</td>'
        f"<td>{escape(one.cause.value)}</td><td>{escape(one.reason)}</td></tr>"
        for one in rejected
    )
    names = ("AOS (UTC)", "satellite", "highest", "value", "cause", "reason")
    head = "".join(f"<th>{name}</th>" for name in names)
    return f"<table><tr>{head}</tr>{rows}</table>"
