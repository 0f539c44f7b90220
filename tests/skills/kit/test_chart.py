"""What the chart answers for every skill alike: whether a draft of it is protected, and what could not be read."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ehr_clients.models import ChartData
from skills.kit import (
    Chart,
    Client,
    Consent,
    Contact,
    Gap,
    Goal,
    Item,
    Label,
    Missing,
    Plan,
    Problem,
    Read,
    Section,
    Source,
    Why,
)

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
SOURCE = Source("Thing/1", "1", "Thing")
PENDING = frozenset({Label.PART2_PENDING})
CLIENT = Client(source=SOURCE, id="c", family=None, given=(), birth_date=None)
READS = frozenset({Section.CLIENT, Section.PROBLEMS, Section.PLAN, Section.CONSENTS})


def chart(
    *, client: Client = CLIENT, problems: Iterable[Item] = (), plans: Iterable[Item] = (), consents: Iterable[Item] = ()
) -> Chart:
    held = {Section.PROBLEMS: problems, Section.PLAN: plans, Section.CONSENTS: consents}
    sections: dict[Section, Read[Item] | Missing] = {name: Read(tuple(some), NOW) for name, some in held.items()}
    return Chart("C-1", ChartData(client, sections), READS, NOW)


PROBLEM = Problem(source=SOURCE, text="Insomnia")
CONSENT = Consent(source=SOURCE, status="active")
GOAL = Goal(source=SOURCE, text="Sleep")
CONTACT = Contact(source=SOURCE, name="Dana")


@pytest.mark.parametrize(
    "protected",
    [
        chart(problems=[replace(PROBLEM, labels=PENDING)]),
        chart(problems=[PROBLEM, replace(PROBLEM, labels=frozenset({Label.PART2}))]),
        chart(plans=[Plan(source=SOURCE, title="Plan", goals=(GOAL, replace(GOAL, labels=PENDING)))]),
        chart(client=replace(CLIENT, labels=PENDING)),
        chart(client=replace(CLIENT, contacts=(replace(CONTACT, labels=PENDING),))),
        chart(consents=[replace(CONSENT, part2=True)]),
    ],
    ids=[
        "problem pending",
        "problem labelled",
        "a goal of a plan",
        "the client",
        "a contact",
        "a consent that names it",
    ],
)
def test_one_protected_item_protects_the_draft(protected: Chart) -> None:
    assert protected.part2


@pytest.mark.parametrize(
    "plain",
    [
        chart(),
        chart(problems=[replace(PROBLEM, labels=frozenset({Label.RESTRICTED}))]),
        chart(plans=[Plan(source=SOURCE, title="Plan", goals=(GOAL,))]),
        chart(client=replace(CLIENT, contacts=(CONTACT,)), consents=[CONSENT]),
    ],
    ids=["nothing", "restricted without a substance label", "a plain goal", "a plain contact and consent"],
)
def test_what_nobody_labelled_is_not_protected(plain: Chart) -> None:
    assert not plain.part2


def test_what_a_skill_did_not_declare_is_no_gap_of_its_own() -> None:
    missing = Missing(Why.UNAVAILABLE, "The EHR did not answer.")
    data = ChartData(CLIENT, {Section.PROBLEMS: missing, Section.NOTES: missing})
    assert Chart("C-1", data, READS, NOW).unread() == (Gap(Section.PROBLEMS, "The EHR did not answer."),)
