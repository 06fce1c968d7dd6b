# SPDX-License-Identifier: GPL-3.0-or-later
"""Why passes are not taken, in words and as a cause, with the contacts that are in the way."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from datetime import timedelta

from xband_station.planning.columns import exceeded
from xband_station.planning.model import Cause, Contact, Opportunity, Problem, Rejected

# Times within this of each other are one instant.
_INSTANT_S = 0.002


def explain(problem: Problem, contacts: tuple[Contact, ...]) -> tuple[Rejected, ...]:
    """Every pass without a contact, in order of AOS. One that was refused before planning keeps that reason."""
    return _Reasons(problem, contacts).all()


class _Reasons:
    # Contacts come in order of start.
    def __init__(self, problem: Problem, contacts: tuple[Contact, ...]) -> None:
        self._problem = problem
        self._contacts = contacts
        self._on_antenna: dict[str, list[Contact]] = defaultdict(list)
        for contact in contacts:
            self._on_antenna[contact.opportunity.antenna].append(contact)
        self._starts = {name: [c.start for c in found] for name, found in self._on_antenna.items()}
        self._reach = _seconds(max(problem.turnaround_s, problem.polarisation_switch_s, problem.max_slew_s))

    def all(self) -> tuple[Rejected, ...]:
        taken = {contact.opportunity.pass_id for contact in self._contacts}
        by_pass: dict[str, list[Opportunity]] = defaultdict(list)
        for one in self._problem.opportunities:
            if one.pass_id not in taken:
                by_pass[one.pass_id].append(one)
        refused_before = [one for one in self._problem.refused if one.opportunity.pass_id not in taken | by_pass.keys()]
        found = [self._explain(opportunities) for opportunities in by_pass.values()]
        return tuple(sorted([*found, *refused_before], key=lambda r: (r.opportunity.aos, r.opportunity.pass_id)))

    def _explain(self, opportunities: list[Opportunity]) -> Rejected:
        best = max(opportunities, key=lambda one: one.value)
        wishes = self._problem.wishes
        if best.pass_id in wishes.forbidden or best.satellite in wishes.forbidden_satellites:
            return Rejected(best, Cause.OPERATOR, "forbidden by the operator")
        served = [one for one in opportunities if one.antenna not in wishes.antennas_out]
        if not served:
            names = ", ".join(sorted({one.antenna for one in opportunities}))
            return Rejected(best, Cause.ANTENNA_OUT, f"out of service: {names}")
        least_s = self._problem.min_useful_s
        long = [one for one in served if one.duration_s >= least_s]
        if not long:
            best = max(served, key=lambda one: one.duration_s)
            return Rejected(best, Cause.TOO_SHORT, f"useful for {best.duration_s:.0f} s, less than {least_s:g} s")
        possible = [one for one in long if not exceeded(self._problem, one)]
        if not possible:
            return self._explain_too_much(long[0])
        return self._explain_usable(possible)

    def _explain_too_much(self, one: Opportunity) -> Rejected:
        resource = exceeded(self._problem, one)
        assert resource is not None
        need = _demand(one, resource.name)
        return Rejected(one, Cause.RESOURCE, f"{resource.name}: needs {need:g}, there is {resource.capacity:g}")

    def _explain_usable(self, opportunities: list[Opportunity]) -> Rejected:
        """Of opportunities that could all be taken, were they alone."""
        blocked, free = [], []
        for one in opportunities:
            rivals = self._rivals(one)
            if self._longest_free_s(one, rivals) >= self._problem.min_useful_s - _INSTANT_S:
                free.append(one)
            else:
                blocked.append((one, rivals))
        for one in sorted(free, key=lambda o: -o.value):
            other = self._used_up(one) or self._shared(one) or self._over_quota(one)
            if other:
                return other
        if free:
            # Room is left on an antenna, but whatever of the pass fits there breaks a limit together with the rest.
            best = max(free, key=lambda one: one.value)
            return Rejected(best, Cause.TIME_LIMIT, "room is left: the limits of the whole plan, or the time limit")
        best, rivals = min(blocked, key=lambda item: sum(c.value for c in item[1]) - item[0].value)
        everyone = {rival.contact_id: rival for _, others in blocked for rival in others}
        return Rejected(best, Cause.CONFLICT, self._conflict_reason(best, rivals), tuple(everyone))

    def _conflict_reason(self, one: Opportunity, rivals: list[Contact]) -> str:
        named = " and ".join(f"{c.opportunity.satellite} at {c.start:%H:%M:%S}" for c in rivals)
        displaced = sum(contact.value for contact in rivals)
        left_s = self._longest_free_s(one, rivals)
        room = f"leaves {left_s:.0f} s" if left_s > 0.0 else "leaves nothing"
        return (
            f"{named} on {one.antenna} {room}; worth {displaced:.1f}, this one {one.value:.1f}"
            if displaced >= one.value
            else f"{named} on {one.antenna} {room}; it is worth {one.value:.1f}, but costs more elsewhere"
        )

    def _rivals(self, one: Opportunity) -> list[Contact]:
        """Contacts on the antenna that come too near for the whole opportunity."""
        found = []
        for contact in self._near(one):
            if contact.opportunity.pass_id == one.pass_id:
                continue
            after_s = (one.los - contact.start).total_seconds() + self._gap_before(one, contact)
            before_s = (contact.end - one.aos).total_seconds() + self._gap_after(contact, one)
            if after_s > _INSTANT_S and before_s > _INSTANT_S:
                found.append(contact)
        return found

    def _near(self, one: Opportunity) -> list[Contact]:
        """Contacts on the antenna that may come too near: in order of time, which is that of their ends as well."""
        contacts, starts = self._on_antenna[one.antenna], self._starts.get(one.antenna, [])
        last = bisect_right(starts, one.los + self._reach)
        first = bisect_right(starts, one.aos - self._reach)
        while first > 0 and contacts[first - 1].end > one.aos - self._reach:
            first -= 1
        return contacts[first:last]

    def _gap_before(self, one: Opportunity, contact: Contact) -> float:
        return self._problem.gap_s(one, min(one.los, contact.start), contact.opportunity, contact.start)

    def _gap_after(self, contact: Contact, one: Opportunity) -> float:
        return self._problem.gap_s(contact.opportunity, contact.end, one, max(one.aos, contact.end))

    def _longest_free_s(self, one: Opportunity, rivals: list[Contact]) -> float:
        """Useful seconds of the longest piece between the rivals, with the gaps at both ends."""
        longest_s, free_from, gap_s = 0.0, one.aos, 0.0
        for rival in [*sorted(rivals, key=lambda c: c.start), None]:
            until = one.los
            if rival is not None:
                until = min(one.los, rival.start - _seconds(self._gap_before(one, rival)))
            begin = max(one.aos, free_from + _seconds(gap_s))
            if until > begin:
                longest_s = max(longest_s, one.useful_s(begin, until))
            if rival is not None:
                free_from, gap_s = rival.end, self._gap_after(rival, one)
        return longest_s

    def _used_up(self, one: Opportunity) -> Rejected | None:
        for resource in self._problem.resources:
            need = _demand(one, resource.name)
            if not resource.is_used_up or need <= 0.0:
                continue
            used = sum(_demand(c.opportunity, resource.name) * c.duration_s for c in self._contacts)
            if used + need * self._problem.min_useful_s > resource.capacity:
                reason = f"{resource.name}: {used:.4g} of {resource.capacity:.4g} used by better contacts"
                return Rejected(one, Cause.RESOURCE, reason)
        return None

    def _shared(self, one: Opportunity) -> Rejected | None:
        for resource in self._problem.resources:
            need = _demand(one, resource.name)
            if resource.is_used_up or need <= 0.0:
                continue
            users = [
                contact
                for contact in self._contacts
                if _demand(contact.opportunity, resource.name) > 0.0
                and contact.start < one.los
                and contact.end > one.aos
            ]
            if need + sum(_demand(user.opportunity, resource.name) for user in users) > resource.capacity:
                named = ", ".join(f"{user.opportunity.satellite} on {user.opportunity.antenna}" for user in users)
                reason = f"{resource.name}: {resource.capacity:g} there, needs {need:g}" + (
                    f" beside {named}" if users else ""
                )
                return Rejected(one, Cause.RESOURCE, reason, tuple(user.contact_id for user in users))
        return None

    def _over_quota(self, one: Opportunity) -> Rejected | None:
        """A quota that a contact of the least length would break: its partner's own, or another's share."""
        added_s = self._problem.min_useful_s
        total_s = sum(contact.duration_s for contact in self._contacts)
        for quota in self._problem.quotas:
            own_s = sum(c.duration_s for c in self._contacts if c.opportunity.partner == quota.partner)
            if quota.partner == one.partner:
                most_s = min(quota.max_s, quota.max_share * (total_s + added_s))
                if own_s + added_s > most_s:
                    return Rejected(one, Cause.QUOTA, f"{one.partner} has {own_s / 60:.0f} of {most_s / 60:.0f} min")
            elif own_s < max(quota.min_s, quota.min_share * (total_s + added_s)):
                return Rejected(one, Cause.QUOTA, f"{quota.partner} is to have {quota.min_share:.0%} of the time")
        return None


def _demand(one: Opportunity, resource: str) -> float:
    return sum(demand.amount for demand in one.demands if demand.resource == resource)


def _seconds(value_s: float) -> timedelta:
    return timedelta(seconds=value_s)
