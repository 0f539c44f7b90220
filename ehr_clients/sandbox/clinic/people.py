"""Staff, teams and the front page of a chart: who works here, who the client is, who pays, who cares."""

from ehr_clients.sandbox.clinic.desk import Desk, meta, practitioner_ref
from ehr_clients.sandbox.clinic.sources import Address, Chart, Contact, Coverage, Staff, StaffMember
from ehr_clients.sandbox.clinic.terms import ALIAS, CARE_ROLE, MRN, STAFF_ID, Resource, coding, concept, filled, ref

_PROGRAM = "http://terminology.hl7.org/CodeSystem/organization-type"
_CONTACT_ROLE = "http://terminology.hl7.org/CodeSystem/v2-0131"


def clinic_resources(staff: Staff) -> list[Resource]:
    """The clinic, its teams, and everyone who works or worked here."""
    clinic = _organization("sb-clinic", staff.clinic, kind="Behavioral health clinic")
    teams = [
        _organization(
            f"sb-team-{team.slug}",
            f"{team.name} — {team.program}",
            kind="42 CFR Part 2 program" if team.part2_program else "Outpatient program",
            part_of=ref("Organization", "sb-clinic", staff.clinic),
        )
        for team in staff.teams
    ]
    return [clinic, *teams, *(r for member in staff.staff for r in (_practitioner(member), _role(member)))]


def front_page(desk: Desk) -> list[Resource]:
    chart = desk.chart
    covers = [_coverage(desk, number, cover) for number, cover in enumerate(chart.coverage, start=1)]
    return [_patient(desk), *covers, *([_care_team(desk)] if chart.care_team else [])]


def _organization(fhir_id: str, name: str, *, kind: str, part_of: Resource | None = None) -> Resource:
    code = concept(coding(_PROGRAM, "dept" if part_of else "prov"), text=kind)
    return filled(
        resourceType="Organization", id=fhir_id, meta=meta("none"), active=True, type=[code], name=name, partOf=part_of
    )


def _practitioner(member: StaffMember) -> Resource:
    return filled(
        resourceType="Practitioner",
        id=f"sb-p-{member.slug}",
        meta=meta("none"),
        identifier=[{"system": STAFF_ID, "value": member.slug}],
        active=member.active,
        name=[
            filled(family=member.family, given=[member.given], suffix=[member.credential] if member.credential else [])
        ],
        telecom=[{"system": "phone", "value": member.phone, "use": "work"}],
        qualification=[{"code": concept(text=member.credential)}] if member.credential else [],
    )


def _role(member: StaffMember) -> Resource:
    return filled(
        resourceType="PractitionerRole",
        id=f"sb-r-{member.slug}",
        meta=meta("none"),
        active=member.active,
        practitioner=practitioner_ref(member),
        organization=ref("Organization", f"sb-team-{member.teams[0]}" if member.teams else "sb-clinic"),
        code=[concept(coding(CARE_ROLE, member.role), text=member.title)],
    )


def _patient(desk: Desk) -> Resource:
    chart = desk.chart
    names = [filled(use="official", family=chart.family, given=list(chart.given))]
    if chart.goes_by:
        names.append({"use": "usual", "family": chart.family, "given": [chart.goes_by]})
    return filled(
        resourceType="Patient",
        id=chart.client_id,
        meta=meta("none"),
        identifier=[
            {"system": ALIAS, "value": chart.alias},
            {"type": concept(text="Medical record number"), "system": MRN, "value": chart.mrn},
        ],
        active=True,
        name=names,
        telecom=_telecom(chart),
        gender=chart.gender,
        birthDate=desk.calendar.birthday(chart.age, chart.birthday).isoformat(),
        address=[_address(chart.address)],
        contact=[_contact(contact) for contact in chart.contacts] + ([_school(chart.school)] if chart.school else []),
        communication=[{"language": concept(coding("urn:ietf:bcp:47", chart.language)), "preferred": True}],
        managingOrganization=ref("Organization", "sb-clinic"),
    )


def _telecom(chart: Chart) -> list[Resource]:
    phone = {"system": "phone", "value": chart.phone, "use": "mobile"}
    return [phone] + ([{"system": "email", "value": chart.email}] if chart.email else [])


def _address(address: Address) -> Resource:
    return {
        "use": "home",
        "line": [address.line],
        "city": address.city,
        "state": address.state,
        "postalCode": address.postal_code,
        "country": "US",
    }


def _contact(contact: Contact) -> Resource:
    return {
        "relationship": [concept(coding(_CONTACT_ROLE, contact.code), text=contact.relation)],
        "name": {"family": contact.family, "given": [contact.given]},
        "telecom": [{"system": "phone", "value": contact.phone}],
    }


def _school(school: str) -> Resource:
    return {"relationship": [concept(coding(_CONTACT_ROLE, "O"), text="School")], "organization": {"display": school}}


def _coverage(desk: Desk, number: int, cover: Coverage) -> Resource:
    return desk.resource(
        "Coverage",
        f"coverage-{number}",
        {
            "status": cover.status,
            "type": concept(text=cover.plan),
            "subscriberId": cover.member_id,
            "beneficiary": desk.client,
            "period": {"start": desk.date(-cover.since_days_ago)},
            "payor": [{"display": cover.payer}],
            "order": number,
        },
        label="none",
    )


def _care_team(desk: Desk) -> Resource:
    chart = desk.chart
    team = next((team for team in desk.staff.teams if team.slug == chart.team), None)
    since = {"start": desk.date(-chart.registered_days_ago)}
    members = [
        {"role": [concept(text=member.role)], "member": desk.person(member.staff), "period": since}
        for member in chart.care_team
    ]
    body = filled(
        status="active",
        name=f"{team.name} care team" if team else "Care team",
        subject=desk.client,
        participant=members,
        managingOrganization=[ref("Organization", f"sb-team-{team.slug}", team.name)] if team else [],
    )
    return desk.resource("CareTeam", "careteam", body)
