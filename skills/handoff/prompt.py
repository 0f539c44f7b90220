"""What of a handoff a model may put into words: the patient summary, and of situation awareness what is not safety.

Severity, actions, medications, allergies, consents and what was told stay as the rules made them, and so does every
line that says that something is missing or that sources disagree.
"""

from skills.handoff.facts import HandoffFacts
from skills.handoff.text import MORE, PATIENT, SITUATION, SUMMARY, WORDS, compose
from skills.kit import DraftText, Evidence, Line, LineKind, Prompt, Topic, Wanted
from skills.kit.safety import rated, said
from skills.kit.words import count

WANTED = (
    Wanted(PATIENT, SUMMARY[PATIENT], "Why this person is in care, how it has gone, what is being done.", most=14),
    Wanted(SITUATION, SUMMARY[SITUATION], "What may go wrong, and who stands by.", most=6),
)
_SAFETY = ("Safety", "Alert", "C-SSRS", "PHQ-9", "If warning signs", "What may go wrong")


def prompt(facts: HandoffFacts) -> Prompt:
    """The wanted lines of the template draft, numbered in its order."""
    text = compose(facts)
    keys = {each.key for each in WANTED}
    lines = [(p.key, line) for p in text.passages if p.key in keys for line in p.lines if _open(line)]
    evidence = tuple(
        Evidence(f"S{number}", key, line, _topic(facts, line), quoted="“" in line.text)
        for number, (key, line) in enumerate(lines, start=1)
    )
    return Prompt("handoff", WANTED, evidence, words=_room(text), rest=MORE)


def _open(line: Line) -> bool:
    return line.kind is LineKind.FACT and bool(line.sources) and not line.text.startswith("Sources disagree")


def _topic(facts: HandoffFacts, line: Line) -> Topic:
    if line.text.startswith(_SAFETY) or said(line.text) or rated(line.text):
        return Topic.SAFETY
    names = {word.lower() for each in facts.medications for word in each.name.split()[:1]}
    return Topic.MEDICATION if names & {word.strip(",.;:()“”").lower() for word in line.text.split()} else Topic.OTHER


def _room(text: DraftText) -> int:
    """The words left for the wanted passages: the summary's 200 less its heading, its titles and the severity."""
    titles = count(text.heading) + count(" ".join(SUMMARY.values()))
    others = sum(count(p.plain()) for p in text.passages if p.key in set(SUMMARY) - {each.key for each in WANTED})
    return WORDS - titles - others
