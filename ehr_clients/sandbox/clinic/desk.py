"""What every builder needs while one chart is compiled: whose chart, which day, which staff, which labels."""

from collections.abc import Sequence
from dataclasses import dataclass

from ehr_clients.sandbox.clinic.days import Calendar
from ehr_clients.sandbox.clinic.sources import Chart, Label, Staff, StaffMember
from ehr_clients.sandbox.clinic.terms import BATON, PART2_LABELS, PSYCHOTHERAPY_LABELS, Resource, coding, ref


@dataclass(frozen=True, slots=True)
class Desk:
    chart: Chart
    staff: Staff
    calendar: Calendar

    def resource(self, kind: str, name: str, body: Resource, *, label: Label | None = None) -> Resource:
        """One resource of this chart. Its id is the client's id and a plain name, so a person can find it in a URL."""
        return {
            "resourceType": kind,
            "id": f"{self.chart.client_id}-{name}",
            "meta": meta(label or ("part2" if self.chart.part2 == "labelled" else "none")),
        } | body

    @property
    def client(self) -> Resource:
        return ref("Patient", self.chart.client_id)

    def person(self, slug: str) -> Resource:
        """The staff member, by name; a slug nobody has is a mistake in the chart file."""
        return practitioner_ref(self.member(slug))

    def member(self, slug: str) -> StaffMember:
        for member in self.staff.staff:
            if member.slug == slug:
                return member
        raise LookupError(f"Chart {self.chart.alias} names the staff member {slug!r}, who is not in staff.toml.")

    def date(self, offset: int) -> str:
        return self.calendar.day(offset).isoformat()


def practitioner_ref(member: StaffMember) -> Resource:
    return ref("Practitioner", f"sb-p-{member.slug}", display_name(member))


def display_name(member: StaffMember) -> str:
    return f"{member.given} {member.family}" + (f", {member.credential}" if member.credential else "")


def meta(label: Label) -> Resource:
    tag = {"tag": [coding(f"{BATON}/tag", "synthetic", "Synthetic data")]}
    match label:
        case "part2":
            return tag | _security(PART2_LABELS)
        case "psychotherapy":
            return tag | _security(PSYCHOTHERAPY_LABELS)
        case "none":
            return tag


def _security(labels: Sequence[tuple[str, str, str]]) -> Resource:
    return {"security": [coding(*label) for label in labels]}
