# SPDX-License-Identifier: GPL-3.0-or-later
"""The ``planning:`` section of a station file: what a plan has to keep. ``data/almaty.yml`` explains every key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xband_core.yaml_section import Section
from xband_station.planning.model import Quota, Resource

_MINUTES_PER_DAY = 1440.0
_MAX_COUNT = 1000.0


@dataclass(frozen=True)
class PartnerConfig:
    """A partner, its missions, and its part in the plan. min_minutes, max_minutes: of reception a day."""

    name: str
    missions: tuple[str, ...]
    min_minutes: float = 0.0
    max_minutes: float = _MINUTES_PER_DAY
    min_share: float = 0.0
    max_share: float = 1.0

    def quota(self, days: float) -> Quota:
        """For a plan of so many days. A day has more than 1440 minutes of reception if there are several antennas."""
        max_s = self.max_minutes * 60.0 * days if self.max_minutes < _MINUTES_PER_DAY else float("inf")
        return Quota(self.name, self.min_minutes * 60.0 * days, max_s, self.min_share, self.max_share)


@dataclass(frozen=True)
class PlanningConfig:
    """turnaround_s: least time between two contacts of an antenna; min_useful_s: least length of a contact;
    polarisation_switch_s: least time between contacts of unlike polarisation; min_margin_db: of the link, below it a
    second counts as useless; rain_rate_mm_h: what the margin is to withstand.

    Resources, None where there is no limit: downconverters and sdr_channels, one for each contact; cpu_cores, of which
    a contact takes cpu_per_msymbol_s for each million symbols per second; disk_gb, for the frames of the whole plan;
    link_mbit_s to the consumers, over the whole plan.
    """

    turnaround_s: float = 60.0
    min_useful_s: float = 180.0
    polarisation_switch_s: float = 0.0
    min_margin_db: float = 0.0
    rain_rate_mm_h: float = 6.0
    downconverters: int | None = None
    sdr_channels: int | None = None
    cpu_cores: float | None = None
    # Twice what a clean signal takes (`xband bench realtime`): near the threshold most frames are rescued.
    cpu_per_msymbol_s: float = 0.04
    disk_gb: float | None = None
    link_mbit_s: float | None = None
    partners: tuple[PartnerConfig, ...] = ()

    def partner_of(self, mission: str) -> str:
        """The partner whose mission it is; "" if it is nobody's."""
        return next((partner.name for partner in self.partners if mission in partner.missions), "")

    def resources(self, plan_s: float) -> tuple[Resource, ...]:
        """Those that are limited, for a plan of so many seconds. Units: see admission.demands."""
        link_gbit = None if self.link_mbit_s is None else self.link_mbit_s * 1e-3 * plan_s
        limits = [
            ("downconverters", self.downconverters, False),
            ("sdr channels", self.sdr_channels, False),
            ("cpu cores", self.cpu_cores, False),
            ("disk GB", self.disk_gb, True),
            ("link Gbit", link_gbit, True),
        ]
        return tuple(Resource(name, float(most), used) for name, most, used in limits if most is not None)


def read_planning(section: Section, missions: Sequence[str]) -> PlanningConfig:
    """Reads the section; ``missions``: those of the station. Raises MissionError with file, line and field."""
    default = PlanningConfig()

    def count(key: str) -> int | None:
        return section.integer(key, 1, int(_MAX_COUNT)) if section.has(key) else None

    def limit(key: str, high: float) -> float | None:
        return section.number(key, 0.0, high) if section.has(key) else None

    config = PlanningConfig(
        turnaround_s=section.number("turnaround_s", 0.0, 3600.0, default.turnaround_s),
        min_useful_s=section.number("min_useful_s", 1.0, 3600.0, default.min_useful_s),
        polarisation_switch_s=section.number("polarisation_switch_s", 0.0, 3600.0, default.polarisation_switch_s),
        min_margin_db=section.number("min_margin_db", -10.0, 30.0, default.min_margin_db),
        rain_rate_mm_h=section.number("rain_rate_mm_h", 0.0, 200.0, default.rain_rate_mm_h),
        downconverters=count("downconverters"),
        sdr_channels=count("sdr_channels"),
        cpu_cores=limit("cpu_cores", _MAX_COUNT),
        cpu_per_msymbol_s=section.number("cpu_per_msymbol_s", 0.0, 10.0, default.cpu_per_msymbol_s),
        disk_gb=limit("disk_gb", 1e6),
        link_mbit_s=limit("link_mbit_s", 1e6),
        partners=_read_partners(section.section("partners"), missions) if section.has("partners") else (),
    )
    section.finish()
    return config


def _read_partners(table: Section, missions: Sequence[str]) -> tuple[PartnerConfig, ...]:
    partners: list[PartnerConfig] = []
    for name, section in table.sections():
        partner = PartnerConfig(
            name,
            tuple(section.texts("missions")),
            section.number("min_minutes", 0.0, _MINUTES_PER_DAY * 10.0, 0.0),
            section.number("max_minutes", 0.0, _MINUTES_PER_DAY, _MINUTES_PER_DAY),
            section.number("min_share", 0.0, 1.0, 0.0),
            section.number("max_share", 0.0, 1.0, 1.0),
        )
        for mission in partner.missions:
            if mission not in missions:
                section.fail("missions", f"the station has no mission {mission!r}", ", ".join(missions))
            if any(mission in other.missions for other in partners):
                section.fail("missions", f"{mission!r} already belongs to another partner", "one partner a mission")
        for low, high in (("min_minutes", "max_minutes"), ("min_share", "max_share")):
            if getattr(partner, low) > getattr(partner, high):
                section.fail(low, f"above {high}", f"at most {getattr(partner, high):g}")
        section.finish()
        partners.append(partner)
    if sum(partner.min_share for partner in partners) > 1.0:
        table.fail(None, "the least shares of all partners add up to more than 1", "at most 1 together")
    return tuple(partners)
