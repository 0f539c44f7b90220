"""The card that asks, and what a yes would write: the summary, the message to its receiver, and who made them."""

from skills.handoff.facts import HandoffFacts
from skills.handoff.medicines import PART2_NOTICE
from skills.handoff.severity import severity
from skills.handoff.text import SEVERITY, named, receiver
from skills.kit import (
    Banner,
    Block,
    Card,
    CommunicationWrite,
    DocumentWrite,
    DraftText,
    LineKind,
    ProvenanceWrite,
    Row,
    Rows,
    Signed,
    Sourced,
    Step,
    Text,
    Title,
    Tone,
)
from skills.kit.part2_notice import scopes
from skills.kit.words import NOT_DOCUMENTED, listed, plural

# LOINC "Transfer summary note", of the value set TransferDocumentType of HL7 C-CDA on FHIR (US Realm, 1.2.0).
TRANSFER_SUMMARY = ("18761-7", "Transfer summary note")
NOTICE = "Baton: a handoff needs a decision"


def card(facts: HandoffFacts, text: DraftText) -> Card:
    return Card(NOTICE, tuple(_summary(facts, text)), tuple(_detail(facts, text)))


def _summary(facts: HandoffFacts, text: DraftText) -> list[Block]:
    rows = (Row("From", named(facts.sender)), Row("To", receiver(facts)), Row("Severity", _word(facts, text)))
    return [Title(f"Handoff {facts.alias}"), Rows(rows), *_warnings(facts, text), Text(_counts(facts, text))]


def _word(facts: HandoffFacts, text: DraftText) -> str:
    """One word for the channel. A person who rewrote the passage is not contradicted by the rule that drafted it."""
    word = severity(facts).word or "cannot be stated from the chart"
    rewritten = any(
        line.kind is LineKind.EDITED for passage in text.passages if passage.key == SEVERITY for line in passage.lines
    )
    return f"rewritten by a person; drafted as: {word}" if rewritten else word


def _warnings(facts: HandoffFacts, text: DraftText) -> list[Block]:
    warnings: list[Block] = []
    if facts.gaps:
        unread = listed([gap.section.value.replace("_", " ") for gap in facts.gaps])
        warnings.append(Banner(Tone.WARNING, f"{plural(len(facts.gaps), 'section')} could not be read: {unread}."))
    if clashes := sum(line.text.startswith("Sources disagree") for line in text.lines):
        warnings.append(Banner(Tone.WARNING, f"{plural(clashes, 'place')} where sources disagree: see the detail."))
    return warnings


def _counts(facts: HandoffFacts, text: DraftText) -> str:
    lines = text.lines
    sourced = plural(sum(bool(line.sources) for line in lines), "statement")
    blank = plural(sum(line.kind is LineKind.MISSING and NOT_DOCUMENTED in line.text for line in lines), "element")
    edited = sum(line.kind is LineKind.EDITED for line in lines)
    own = f" {plural(edited, 'line')} in a person's own words." if edited else ""
    return f"{sourced} with a source; {blank} {NOT_DOCUMENTED}.{own}"


def _detail(facts: HandoffFacts, text: DraftText) -> list[Block]:
    banner: list[Block] = [Banner(Tone.STOP, PART2_NOTICE)] if facts.part2 else []
    return [Title(text.heading), *banner, *(Sourced(passage) for passage in text.passages)]


def writes(facts: HandoffFacts, text: DraftText, signed: Signed) -> tuple[Step, ...]:
    return (
        Step("document", _document(facts, text, signed)),
        Step("communication", _communication(facts, text, signed)),
        Step("provenance", _provenance(facts, text, signed)),
    )


def _document(facts: HandoffFacts, text: DraftText, signed: Signed) -> DocumentWrite:
    code, name = TRANSFER_SUMMARY
    return DocumentWrite(
        client_id=facts.client_id,
        type_code=code,
        type_text=name,
        title="Handoff summary",
        text=text.plain(),
        author=signed.by.ref,
        when=signed.at,
        part2=facts.part2,
    )


def _communication(facts: HandoffFacts, text: DraftText, signed: Signed) -> CommunicationWrite:
    return CommunicationWrite(
        client_id=facts.client_id,
        sender=signed.by.ref,
        recipients=(facts.to.ref,) if facts.to else (),
        text=_message(facts, text),
        when=signed.at,
        about=("@document",),
        part2=facts.part2,
    )


def _message(facts: HandoffFacts, text: DraftText) -> str:
    """Points to the document and repeats none of it but the one word."""
    what = f"Handoff of {facts.alias} from {named(facts.sender)}, to {receiver(facts)}. Severity: {_word(facts, text)}."
    ask = "The summary is filed with this message; please accept it with a read-back in your own words, or ask."
    scope = [words for words, _ in scopes(facts.consents)]
    return " ".join([what, ask, *([PART2_NOTICE, *scope] if facts.part2 else [])])


def _provenance(facts: HandoffFacts, text: DraftText, signed: Signed) -> ProvenanceWrite:
    return ProvenanceWrite(
        client_id=facts.client_id,
        targets=("@document", "@communication"),
        verifier=signed.by.ref,
        when=signed.at,
        sources=text.refs(),
    )
