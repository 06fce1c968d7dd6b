# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan in the CCSDS Simple Schedule Format (CCSDS 902.1-B-1, May 2018), as XML.

One scheduledPackage per satellite and partner, one scheduledActivity per contact. Times are CCSDS ASCII time code B
(301.0-B-4, 3.5.1.2: year and day of year). beginningOfTrack and endOfTrack enclose the signal, beginningOfActivity and
endOfActivity also the antenna's preparation.

Names of elements and attributes follow a public implementation (dariol83/drorbiteex); the published schema was not at
hand, so files are not validated against it.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from xml.etree import ElementTree

from xband_station.planning.model import Contact, Plan

NAMESPACE = "urn:ccsds:schema:cssm:1.0.0"


def to_simple_schedule(
    plan: Plan, station: str, start: datetime, end: datetime, made_at: datetime, preparation_s: float
) -> str:
    """The file's text. preparation_s: how long before its start a contact occupies the antenna."""
    root = ElementTree.Element("simpleSchedule", {"xmlns": NAMESPACE})
    ElementTree.SubElement(
        root,
        "simpleScheduleHeader",
        {
            "originatingOrganization": station,
            "generationTime": time_code_b(made_at),
            "status": "OPERATIONAL",
            "inclusionType": "START_INCLUSION",
            "version": "1",
            "startTime": time_code_b(start),
            "endTime": time_code_b(end),
        },
    )
    packages: dict[tuple[str, str], list[Contact]] = defaultdict(list)
    for contact in plan.contacts:
        packages[contact.opportunity.partner, contact.opportunity.satellite].append(contact)
    for (partner, satellite), contacts in sorted(packages.items()):
        attributes = {"user": partner or station, "comment": satellite, "scheduledPackageId": f"{station}:{satellite}"}
        package = ElementTree.SubElement(root, "scheduledPackage", attributes)
        for contact in contacts:
            _add_activity(package, contact, station, preparation_s)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _add_activity(package: ElementTree.Element, contact: Contact, station: str, preparation_s: float) -> None:
    activity = ElementTree.SubElement(
        package,
        "scheduledActivity",
        {
            "scheduledActivityId": contact.contact_id,
            "activityStatus": "COMMITTED",
            "siteRef": station,
            "apertureRef": f"{station}_{contact.opportunity.antenna}",
            "beginningOfTrack": time_code_b(contact.start),
            "endOfTrack": time_code_b(contact.end),
            "beginningOfActivity": time_code_b(contact.start - timedelta(seconds=preparation_s)),
            "endOfActivity": time_code_b(contact.end),
        },
    )
    ElementTree.SubElement(activity, "serviceInfo", {"serviceType": "TELEMETRY", "frequencyBand": "X"})


def time_code_b(time: datetime) -> str:
    """``2026-203T21:17:53.000Z``, cut to milliseconds."""
    return f"{time:%Y-%jT%H:%M:%S}.{time.microsecond // 1000:03d}Z"
