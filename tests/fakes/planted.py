"""Charts with identifiers of all 18 Safe Harbor kinds planted in them, and a search that says which came out where.

Chart number n is the same in every run. What is found is told by kind, place and number, never by its value.
Lists and shapes here are our own and not those of `bot.privacy`: a recognizer does not mark its own homework.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from random import Random

from ehr_clients.models import (
    Alert,
    Allergy,
    Appointment,
    ChartData,
    Client,
    Contact,
    Coverage,
    Goal,
    Item,
    Medication,
    Message,
    Note,
    Plan,
    Problem,
    Read,
    Referral,
    SafetyPlan,
    Section,
    TeamMember,
)
from tests.fakes.charts import NOW, day, moment, source


class Kind(StrEnum):
    """45 CFR 164.514(b)(2)(i), A to R."""

    NAME = "name"
    GEOGRAPHY = "geography"
    DATE = "date"
    PHONE = "phone"
    FAX = "fax"
    EMAIL = "e-mail"
    SSN = "ssn"
    MRN = "record number"
    PLAN = "plan number"
    ACCOUNT = "account number"
    LICENCE = "licence number"
    VEHICLE = "vehicle"
    DEVICE = "device"
    URL = "url"
    IP = "ip"
    BIOMETRIC = "biometric"
    PHOTO = "photo"
    OTHER = "other code"


@dataclass(frozen=True, slots=True)
class Planted:
    """`where`: "note", or the structured field. The value shows in no repr, so that no failing test prints it."""

    kind: Kind
    where: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Leak:
    kind: Kind
    where: str
    chart: int


@dataclass(frozen=True, slots=True)
class Story:
    number: int
    data: ChartData = field(repr=False)
    planted: tuple[Planted, ...] = field(repr=False)

    def leaks(self, text: str) -> list[Leak]:
        """What of this chart stands in a text, whatever its case."""
        lower = text.casefold()
        words = set(re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", lower))
        return [Leak(p.kind, p.where, self.number) for p in self.planted if _stands(p.value.casefold(), lower, words)]


def _stands(value: str, text: str, words: set[str]) -> bool:
    return value in words if value.isalnum() else value in text


GIVEN = (
    *("Marguerite", "Thaddeus", "Imogen", "Casimir", "Leontyne", "Bartholomew", "Rosalind", "Ignacio", "Siobhan"),
    *("Oluwaseun", "Chidinma", "Nguyet", "Xiomara", "Yevgenia", "Krzysztof", "Aoife", "Tariq", "Priyanka", "Makoa"),
    *("Hyejin", "Fatoumata", "Dmitri", "Guadalupe", "Zbigniew", "Anneliese", "Bronwyn", "Kwabena", "Itzel", "Rashid"),
    *("José", "Zoë", "Søren", "Łucja", "Renée"),
)
FAMILY = (
    *("Abernathy", "Castellanos", "Oyelaran", "Vandermeer", "Kowalewski", "Fitzgibbon", "Nakashima", "Delacroix"),
    *("Threadgill", "Okonkwo", "Haverford", "Lindqvist", "Bielak", "Montgomery", "Szymanski", "Adeyemi", "Farrokhzad"),
    *("Tran-Whitaker", "O'Gallagher", "D'Amico", "McKittrick", "Villalobos", "Petrosyan", "Hallvarsson", "Quisenberry"),
    *("Ibáñez", "Møller", "Brzezicki", "Chaudhary", "Tuimavave"),
)
CITIES = ("Manayunk", "Conshohocken", "Phoenixville", "Lambertville", "Kennett Square", "Perkasie", "Wyncote", "Ambler")
STREETS = (
    "Larkspur Lane",
    "Old Quarry Road",
    "N. Juniper Street",
    "Tannery Court",
    "Windrim Avenue",
    "Mill Race Drive",
)
FIRMS = ("Dunmore Tool & Die", "Pennswood Elementary", "Halvard Logistics", "Briar Hollow Apartments", "St. Brendan's")
CALM = (
    "Sleep improved to six hours most nights.",
    "Denies suicidal ideation today; no plan or intent.",
    "Mood low in the mornings, appetite fair.",
    "Continue sertraline 100 mg every morning.",
    "Practiced paced breathing and grounding in session.",
    "PHQ-9 is 14, item nine zero.",
    "Will finish the worksheet before the next session.",
)
ONCE = {
    Kind.NAME: (
        "{} called the front desk twice.",
        "She stayed with her cousin {} over the weekend.",
        "Ran into {} at the store and froze.",
        "Pt's supervisor, {}, wrote her up again.",
    ),
    Kind.DATE: (
        "Fell on {} and went to the emergency room.",
        "Next court date: {}.",
        "Has been sober since {}.",
        "DOB {} confirmed.",
    ),
    Kind.PHONE: ("Reached her at {} after two tries.", "New cell: {}.", "Call {} before 9, ok to leave voicemail."),
    Kind.FAX: ("Fax the letter to {}.", "Labs came from fax {}.", "School fax # {}, attn counselor."),
    Kind.EMAIL: ("Prefers e-mail: {}.", "Sends her logs from {} on Sundays."),
    Kind.SSN: ("SSN {} given for the disability form.", "Social security number is {}.", "Last form lists ss# {}."),
    Kind.MRN: ("Hospital MRN {}.", "Chart no. {} at the old clinic.", "Medical record number: {}, transferred."),
    Kind.PLAN: ("Medicaid ID {} active.", "Member ID {} on the card.", "Insurance beneficiary number {} verified."),
    Kind.ACCOUNT: ("Billing account {} is overdue.", "Her bank account {} was frozen.", "Acct # {} in collections."),
    Kind.LICENCE: (
        "Driver's license {} was suspended.",
        "Holds nursing licence {}.",
        "DEA number {} on the old script.",
    ),
    Kind.VEHICLE: (
        "Left in a gray van, plate {}.",
        "License plate {} noted by security.",
        "Car VIN {} on the police report.",
    ),
    Kind.DEVICE: ("CPAP serial {} returned.", "Insulin pump s/n {} replaced.", "Device identifier {} recorded."),
    Kind.URL: ("Posts about it on {} every night.", "Her blog is {}."),
    Kind.IP: ("Telehealth joined from {}.", "Portal login from IP {} was hers."),
    Kind.BIOMETRIC: ("Fingerprint template {} enrolled at work.", "Voiceprint id {} on file.", "Retina scan ref {}."),
    Kind.PHOTO: ("Photo {} of the bruise is in the chart.", "Full-face image {} uploaded.", "See picture {}."),
    Kind.OTHER: (
        "Study participant {} in the sleep trial.",
        "Inmate number {} until last year.",
        "Case # {} with the county.",
    ),
}
CODES = {
    Kind.SSN: ("1##-##-####", "2## ## ####", "3########", "5##-##-####"),
    Kind.MRN: ("########", "&&######", "###-##-###"),
    Kind.PLAN: ("&&&#########", "##########", "&##-#######"),
    Kind.ACCOUNT: ("##########", "####-####-##", "AC#######"),
    Kind.LICENCE: ("########", "&&#######", "RN######&"),
    Kind.VEHICLE: ("&&&-####", "&&& ####", "1&&&&##&X########"),
    Kind.DEVICE: ("&&-#####-&", "###########", "&&&&####"),
    Kind.IP: ("2001:db8:####:##::###",),
    Kind.BIOMETRIC: ("FP-#####-&&", "&&########"),
    Kind.PHOTO: ("IMG_#####.jpg", "DSC#####.PNG", "face-######.jpeg"),
    Kind.OTHER: ("&&-##-&##", "&######", "####-&&-#####"),
}
URLS = ("https://www.{}.example.com/diary", "{}.example.org", "http://forum.example.net/u/{}")
GEOGRAPHY = (
    "Moved to {} last month.",
    "Lives at {} with two roommates.",
    "Works nights at {}.",
    "Mail goes to {}.",
)


def story(number: int) -> Story:
    """Chart `number`: a client, three notes and structured fields, with every kind at least once."""
    rng = Random(f"planted-{number}")
    name, planted = _person(rng), list[Planted]()
    kept: dict[Section, list[Item]] = {section: [] for section in Section if section is not Section.CLIENT}
    client = _client(rng, number, name, planted)
    lines = [_line(rng, kind, name, planted) for kind in Kind for _ in range(1 + rng.randrange(2))]
    lines += rng.choices(CALM, k=6)
    rng.shuffle(lines)
    for place, start in enumerate(range(0, len(lines), len(lines) // 3 + 1)):
        text = "Data: " + " ".join(lines[start : start + len(lines) // 3 + 1])
        kept[Section.NOTES].append(_note(number, place, text, planted, rng))
    for section, item in _structured(rng, planted):
        kept[section].append(item)
    sections = {section: Read(tuple(items), NOW) for section, items in kept.items()}
    return Story(number, ChartData(client, sections), tuple(planted))


def _person(rng: Random) -> tuple[str, str]:
    return rng.choice(GIVEN), rng.choice(FAMILY)


def _client(rng: Random, number: int, name: tuple[str, str], planted: list[Planted]) -> Client:
    born = date(1935, 1, 1) + timedelta(days=rng.randrange(28_000))
    other = _person(rng)
    client = Client(
        source=source(f"Patient/x{number}", "Client record"),
        id=f"x{number}",
        family=name[1],
        given=(name[0],),
        birth_date=born,
        alias=f"C-{20_000 + number}",
        mrn=f"MRN-{rng.randrange(10**5, 10**6)}",
        phone=_phone(rng),
        contacts=(
            Contact(
                source=source(f"RelatedPerson/x{number}", "Contact"),
                name=" ".join(other),
                relationship="sister",
                phone=_phone(rng),
            ),
        ),
    )
    for kind, where, value in (
        (Kind.NAME, "client.family", name[1]),
        (Kind.NAME, "client.given", name[0]),
        (Kind.DATE, "client.birth_date", born.strftime("%m/%d/%Y")),
        (Kind.MRN, "client.mrn", client.mrn),
        (Kind.PHONE, "client.phone", client.phone),
        (Kind.NAME, "contact.name", other[1]),
        (Kind.PHONE, "contact.phone", client.contacts[0].phone),
        (Kind.OTHER, "client.alias", client.alias),
    ):
        planted.append(Planted(kind, where, value or ""))
    return client


def _line(rng: Random, kind: Kind, client: tuple[str, str], planted: list[Planted]) -> str:
    """A sentence of a note with an identifier in it."""
    if kind is Kind.GEOGRAPHY:
        place, parts = _place(rng)
        planted.extend(Planted(kind, "note", part) for part in parts)
        return rng.choice(GEOGRAPHY).format(place)
    if kind is Kind.NAME:
        return _named(rng, client, planted)
    value = _value(rng, kind)
    planted.append(Planted(kind, "note", value))
    return rng.choice(ONCE[kind]).format(value)


def _named(rng: Random, client: tuple[str, str], planted: list[Planted]) -> str:
    given, family = client if rng.random() < 0.4 else _person(rng)
    shape = rng.choice(("{g} {f}", "{f}, {g}", "Ms. {f}", "{g}", "Dr. {f}", "{g} {f}'s mother", "{G} {F}"))
    planted += [
        Planted(Kind.NAME, "note", part) for part, mark in ((given, "g"), (family, "f")) if mark in shape.lower()
    ]
    called = shape.format(g=given, f=family, G=given.upper(), F=family.upper())
    return rng.choice(ONCE[Kind.NAME]).format(called)


def _place(rng: Random) -> tuple[str, tuple[str, ...]]:
    city, street, code = (
        rng.choice(CITIES),
        f"{rng.randrange(2, 9800)} {rng.choice(STREETS)}",
        f"{rng.randrange(19001, 19640)}",
    )
    firm = rng.choice(FIRMS)
    return rng.choice(
        (
            (city, (city,)),
            (street, (street,)),
            (f"{street}, {city}, PA {code}", (street, city, code)),
            (f"the {code} area", (code,)),
            (firm, (firm,)),
        )
    )


def _value(rng: Random, kind: Kind) -> str:
    match kind:
        case Kind.DATE:
            return _day(rng)
        case Kind.PHONE | Kind.FAX:
            return _phone(rng)
        case Kind.EMAIL:
            return f"{_user(rng)}@{rng.choice(('mailbox.example', 'school.example.org', 'pm.example.net'))}"
        case Kind.URL:
            return rng.choice(URLS).format(_user(rng))
        case Kind.IP if rng.random() < 0.7:
            return ".".join(str(rng.randrange(11, 250)) for _ in range(4))
        case _:
            return "".join(_character(rng, mark) for mark in rng.choice(CODES[kind]))


def _user(rng: Random) -> str:
    return f"{rng.choice(GIVEN)}.{rng.choice(FAMILY)}{rng.randrange(10, 99)}".lower().replace("'", "")


def _character(rng: Random, mark: str) -> str:
    """`#` is a digit, `&` a letter, everything else itself."""
    return rng.choice({"#": "0123456789", "&": "ABCDEFGHJKLMNPRSTUVWXYZ"}.get(mark, mark))


def _day(rng: Random) -> str:
    day_ = date(2019, 1, 1) + timedelta(days=rng.randrange(2800))
    shape = rng.choice(("%m/%d/%Y", "%B %d, %Y", "%d %b %Y", "%Y-%m-%d", "%m/%d/%y", "%m-%d-%Y", "%b. %d", "%B %dth"))
    return day_.strftime(shape)


def _phone(rng: Random) -> str:
    area, line = (
        rng.choice(("215", "267", "484", "610", "856")),
        f"{rng.randrange(200, 999)} {rng.randrange(1000, 9999)}",
    )
    first, last = line.split()
    return rng.choice(("({}) {}-{}", "{}-{}-{}", "{}.{}.{}", "{} {} {}", "{}{}{}", "+1 {} {} {}")).format(
        area, first, last
    )


def _note(number: int, place: int, text: str, planted: list[Planted], rng: Random) -> Note:
    author = _person(rng)
    planted.append(Planted(Kind.NAME, "note.author", author[1]))
    where = source(f"DocumentReference/x{number}-{place}", "Progress note", moment(place * 7), " ".join(author))
    return Note(
        source=where, kind="Progress note", text=text, when=moment(place * 7), author=" ".join(author), signed=True
    )


def _structured(rng: Random, planted: list[Planted]) -> Iterator[tuple[Section, Item]]:
    """One item of each section, with an identifier in its words."""

    def put(kind: Kind, where: str) -> str:
        value = " ".join(_person(rng)) if kind is Kind.NAME else _value(rng, kind)
        planted.append(Planted(kind, where, value))
        return value

    at = source
    yield (
        Section.ALERTS,
        Alert(
            source=at("Flag/x", "Alert", day(9)),
            text=f"Do not contact {put(Kind.NAME, 'alert')} at {put(Kind.PHONE, 'alert')}",
        ),
    )
    yield (
        Section.PROBLEMS,
        Problem(source=at("Condition/x", "Problem"), text=f"PTSD after the accident on {put(Kind.DATE, 'problem')}"),
    )
    yield (
        Section.MEDICATIONS,
        Medication(
            source=at("MedicationRequest/x", "Order"),
            name="sertraline 100 mg",
            prescriber=put(Kind.NAME, "medication.prescriber"),
            reason=f"refill line {put(Kind.PHONE, 'medication.reason')}",
        ),
    )
    yield (
        Section.ALLERGIES,
        Allergy(
            source=at("AllergyIntolerance/x", "Allergy"),
            substance="penicillin",
            reaction=f"rash, told by {put(Kind.NAME, 'allergy')}",
        ),
    )
    yield (
        Section.SAFETY_PLAN,
        SafetyPlan(
            source=at("CarePlan/xs", "Safety plan"),
            when=day(30),
            steps=(("People to call", f"{put(Kind.NAME, 'safety plan')}, {put(Kind.PHONE, 'safety plan')}"),),
        ),
    )
    yield (
        Section.CARE_TEAM,
        TeamMember(source=at("CareTeam/x", "Care team"), ref="Practitioner/x", name=put(Kind.NAME, "care team")),
    )
    yield (
        Section.APPOINTMENTS,
        Appointment(
            source=at("Appointment/x", "Visit"),
            start=moment(3),
            status="booked",
            with_=put(Kind.NAME, "appointment.with"),
            reason=f"intake form {put(Kind.OTHER, 'appointment.reason')}",
        ),
    )
    yield (
        Section.COVERAGE,
        Coverage(
            source=at("Coverage/x", "Coverage"), payer="Medicaid", plan=f"Member ID {put(Kind.PLAN, 'coverage.plan')}"
        ),
    )
    yield (
        Section.REFERRALS,
        Referral(
            source=at("ServiceRequest/x", "Referral"),
            what=f"Sleep study, device serial {put(Kind.DEVICE, 'referral')}",
            to=put(Kind.NAME, "referral.to"),
        ),
    )
    yield (
        Section.MESSAGES,
        Message(
            source=at("Communication/x", "Message", day(1)),
            when=day(1),
            sender=put(Kind.NAME, "message.sender"),
            text=f"write me at {put(Kind.EMAIL, 'message')}",
        ),
    )
    goal = Goal(source=at("Goal/x", "Goal"), text=f"Attend the group at {put(Kind.URL, 'goal')} weekly")
    yield Section.PLAN, Plan(source=at("CarePlan/x", "Plan"), title="Treatment plan", goals=(goal,))


def texts(data: ChartData) -> list[str]:
    """Every sentence and field of a chart that a prompt could hold: more than any skill would send."""
    found: list[str] = []
    for answer in data.sections.values():
        if isinstance(answer, Read):
            for item in answer.items:
                found.extend(_words(item))
    return found


def _words(item: Item) -> Iterator[str]:
    match item:
        case Note(text=text, author=author):
            yield from (f"{author}: {line}" for line in text.splitlines())
        case Alert(text=text) | Problem(text=text):
            yield text
        case Medication(name=name, prescriber=by, reason=why):
            yield f"{name}, prescribed by {by}; {why}"
        case Allergy(substance=what, reaction=how):
            yield f"{what}: {how}"
        case SafetyPlan(steps=steps):
            yield from (f"{title}: {words}" for title, words in steps)
        case TeamMember(name=name):
            yield f"Care team: {name}"
        case Appointment(with_=name, reason=why):
            yield f"Appointment with {name}: {why}"
        case Coverage(plan=plan):
            yield f"Coverage: {plan}"
        case Referral(what=what, to=to):
            yield f"{what}, referred to {to}"
        case Message(sender=sender, text=text):
            yield f"{sender} wrote: {text}"
        case Plan(goals=goals):
            yield from (goal.text for goal in goals)
        case _:
            pass
