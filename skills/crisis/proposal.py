"""The card for the supervisor, and what a yes would write: alert, message, summary, plan draft, task, who made them."""

from skills.crisis.facts import CrisisFacts
from skills.crisis.text import IN_WORDS, MESSAGE, TIERS, named
from skills.kit import (
    Banner,
    Block,
    Card,
    CarePlanWrite,
    CommunicationWrite,
    DocumentWrite,
    DraftText,
    FlagWrite,
    Line,
    LineKind,
    ProvenanceWrite,
    Row,
    Rows,
    Signed,
    Sourced,
    Step,
    TaskWrite,
    Text,
    Title,
    Tone,
)
from skills.kit.part2_notice import SHORT, scopes
from skills.kit.safety import STEPS, lint
from skills.kit.words import as_day, day, listed, plural

# LOINC has no summary of a crisis in the value sets we file by: a summary of the episode is the nearest.
SUMMARY = ("34133-9", "Summary of episode note")
NOTICE = "Baton: a crisis draft needs a decision"


def card(facts: CrisisFacts, text: DraftText) -> Card:
    return Card(NOTICE, tuple(_summary(facts, text)), tuple(_detail(facts, text)))


def level(facts: CrisisFacts) -> str:
    """Of the most urgent signal in the chart; it says so where there is none."""
    found = next((tier for tier in TIERS if any(each.tier == tier for each in facts.signals)), None)
    return IN_WORDS[found] if found else "called by staff"


def _summary(facts: CrisisFacts, text: DraftText) -> list[Block]:
    rows = (Row("Responsible", named(facts.owner)), Row("Level", level(facts)), Row("Safety plan", _plan(facts)))
    return [Title(f"Crisis {facts.alias}"), Rows(rows), *_warnings(facts), Text(_counts(text))]


def _plan(facts: CrisisFacts) -> str:
    if facts.plan is None:
        return "none that could be read" if facts.gaps else "not documented"
    wrong = len(lint(facts.plan, as_day(facts.at)))
    return f"of {day(facts.plan.when)}, {plural(wrong, 'thing')} to complete" if wrong else f"of {day(facts.plan.when)}"


def _warnings(facts: CrisisFacts) -> list[Block]:
    if not facts.gaps:
        return []
    unread = listed([gap.section.value.replace("_", " ") for gap in facts.gaps])
    return [Banner(Tone.WARNING, f"Not read: {unread}.")]


def _counts(text: DraftText) -> str:
    sourced = sum(bool(line.sources) for line in text.lines)
    edited = sum(line.kind is LineKind.EDITED for line in text.lines)
    own = f"; {plural(edited, 'line')} in a person's own words" if edited else ""
    return f"{plural(sourced, 'statement')} with a source{own}."


def _detail(facts: CrisisFacts, text: DraftText) -> list[Block]:
    banner: list[Block] = [Banner(Tone.STOP, SHORT)] if facts.part2 else []
    return [Title(text.heading), *banner, *(Sourced(passage) for passage in text.passages)]


def writes(facts: CrisisFacts, text: DraftText, signed: Signed) -> tuple[Step, ...]:
    """The alert first: whoever opens the chart sees it even while the rest is still being written."""
    return (
        Step("flag", _flag(facts, signed)),
        Step("document", _document(facts, text, signed)),
        Step("communication", _communication(facts, text, signed)),
        Step("plan", _care_plan(facts, text, signed)),
        Step("task", _task(facts, signed)),
        Step("provenance", _provenance(facts, text, signed)),
    )


def _flag(facts: CrisisFacts, signed: Signed) -> FlagWrite:
    words = f"Crisis escalation of {day(facts.at)}: read the summary. Responsible: {named(facts.owner)}."
    return FlagWrite(client_id=facts.client_id, text=words, author=signed.by.ref, when=signed.at, part2=facts.part2)


def _document(facts: CrisisFacts, text: DraftText, signed: Signed) -> DocumentWrite:
    code, name = SUMMARY
    return DocumentWrite(
        client_id=facts.client_id,
        type_code=code,
        type_text=name,
        title="Crisis escalation summary",
        text=text.plain(),
        author=signed.by.ref,
        when=signed.at,
        part2=facts.part2,
    )


def _communication(facts: CrisisFacts, text: DraftText, signed: Signed) -> CommunicationWrite:
    """To everybody on the care team whom the chart names."""
    refs = dict.fromkeys(each.ref for each in facts.care_team if each.ref.startswith("Practitioner/"))
    return CommunicationWrite(
        client_id=facts.client_id,
        sender=signed.by.ref,
        recipients=tuple(refs),
        text=_message(facts, text),
        when=signed.at,
        about=("@document",),
        part2=facts.part2,
    )


def _message(facts: CrisisFacts, text: DraftText) -> str:
    parts = [f"{p.title}:\n{p.plain()}" for p in text.passages if p.key in MESSAGE]
    scope = [words for words, _ in scopes(facts.consents)]
    return "\n\n".join([text.heading, *parts, *([SHORT, *scope] if facts.part2 else [])])


def _care_plan(facts: CrisisFacts, text: DraftText, signed: Signed) -> CarePlanWrite:
    """A step that the chart lacks is left out, so that it reads as lacking in the EHR as well."""
    steps = {f"step{number}": name for number, name in enumerate(STEPS, start=1)}
    return CarePlanWrite(
        client_id=facts.client_id,
        title="Safety plan (draft)",
        steps=tuple(
            (steps[p.key].capitalize(), words) for p in text.passages if p.key in steps and (words := _own(p.lines))
        ),
        author=signed.by.ref,
        when=signed.at,
        part2=facts.part2,
    )


def _own(lines: tuple[Line, ...]) -> str:
    return "\n".join(line.text for line in lines if line.kind is not LineKind.MISSING)


def _task(facts: CrisisFacts, signed: Signed) -> TaskWrite:
    return TaskWrite(
        client_id=facts.client_id,
        what="Complete the safety plan draft with the client and activate it",
        requester=signed.by.ref,
        owner=facts.owner.ref,
        due=as_day(facts.at),
        when=signed.at,
        focus="@document",
        part2=facts.part2,
    )


def _provenance(facts: CrisisFacts, text: DraftText, signed: Signed) -> ProvenanceWrite:
    return ProvenanceWrite(
        client_id=facts.client_id,
        targets=("@flag", "@document", "@communication", "@plan", "@task"),
        verifier=signed.by.ref,
        when=signed.at,
        sources=text.refs(),
    )
