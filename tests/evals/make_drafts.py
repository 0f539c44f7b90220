"""Makes tests/fixtures/drafts/*.jsonl from the sandbox clinic's handoffs: drafts that are true, and the same with one error.

    python -m tests.evals.make_drafts

`written.jsonl` is the sample the checks were built against; they were then corrected by `reworded.jsonl` and `held_out.jsonl`.
`second_author.jsonl` is by another author, who had not read the checks. Its README in the fixtures holds the first scores.
"""

import json
import random
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bot.drafting.checks.drugs import drugs
from skills.kit import DraftText
from tests.evals import held_out_drafts, reworded_drafts, second_author_drafts, written_drafts
from tests.evals.paraphrase import faithful
from tests.evals.sandbox_charts import handoffs

FIXTURES = Path(__file__).parents[1] / "fixtures" / "drafts"
_OTHER_DRUGS = ("lithium", "haloperidol", "bupropion", "clozapine", "Risperdal", "Ativan", "carbamazepine")
_OTHER_PEOPLE = ("Gordon Pruitt", "Yolanda Marsh", "Wendell Ash", "Nadia Kerr")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_FLIPS = (
    (r"\bdenied\b", "endorsed"), (r"^No SI", "SI"), (r"\bNo (?=[a-z])", "Some "), (r"^SI/HI: denied", "SI/HI: present"), (r"\bno known\b", "several"),
    (r"\brose\b", "fell"), (r"\bfell\b", "rose"), (r"\battended\b", "missed"), (r"\bwas missed\b", "was kept"), (r"\bdid not attend\b", "attended"),
    (r"\braised from (\d+) mg to (\d+) mg", r"lowered from \2 mg to \1 mg"), (r"\bTakes\b", "No longer takes"), (r"\bKept\b", "Missed"),
    (r"\bstarting\b", "stopping"), (r"\bAllergic to\b", "Not allergic to"), (r"\bis on file\b", "is not on file"), (r"\bno release is\b", "a release is"),
    (r"\bis diagnosed\b", "is not diagnosed"), (r"\bis improving\b", "is worsening"), (r"\bimproving\b", "worsening"), (r"\bThere is no\b", "There is a"),
    (r"\bhas been ordered\b", "has been stopped"), (r"\bcauses\b", "does not cause"), (r"\bstarted\b", "stopped"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    passage: str
    text: str
    topic: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Case:
    kind: str
    sources: tuple[Source, ...]
    said: tuple[str, ...]
    expect: tuple[str, ...]

    def row(self, number: int) -> dict[str, object]:
        ids = [f"S{place}" for place in range(1, len(self.sources) + 1)]
        evidence = [
            {"id": name, "passage": s.passage, "text": s.text, "topic": s.topic, "quoted": s.quoted}
            for name, s in zip(ids, self.sources, strict=True)
        ]
        sentences = [{"passage": self.sources[0].passage, "text": text, "cites": ids} for text in self.said]
        return {
            "id": f"{self.kind}-{number:03}",
            "kind": self.kind,
            "evidence": evidence,
            "sentences": sentences,
            "expect": list(self.expect),
        }


def main() -> None:
    charts = {alias: tuple(_sources(text)) for alias, text in handoffs().items()}
    chance = random.Random(2026)
    by_rule = list(_true(charts, chance))
    written = [*by_rule, *_by_hand(charts, written_drafts.CASES), *_errors(by_rule, charts, chance)]
    _write("written", written)
    _write("reworded", _by_hand(charts, reworded_drafts.CASES))
    _write("held_out", _by_hand(charts, held_out_drafts.CASES))
    _write("second_author", _by_hand(charts, second_author_drafts.CASES))


def _sources(text: DraftText) -> Iterator[Source]:
    for passage in text.passages:
        if passage.key not in {"as_of", "synthesis", "actions"}:
            for line in passage.lines:
                yield Source(passage.key, line.text, _topic(passage.key, line.text), "“" in line.text)


def _topic(key: str, text: str) -> str:
    if key == "medications" or text.startswith("Last change"):
        return "medication"
    return "safety" if re.match(r"Safety|Alert|Sources disagree|If warning|Why:", text) else "other"


def _true(charts: dict[str, tuple[Source, ...]], chance: random.Random) -> Iterator[Case]:
    """A few hundred are possible; every kind of line is kept, and of each a few."""
    seen: dict[str, int] = {}
    for sources in charts.values():
        for source in chance.sample(sources, len(sources)):
            for place, said in enumerate(faithful(source.text)):
                shape = f"{re.split(r'[:,]', source.text)[0][:12]}{place}"
                seen[shape] = seen.get(shape, 0) + 1
                if seen[shape] <= 5:
                    yield Case("faithful", (source,), (said,), ("keep",))


def _by_hand(
    charts: dict[str, tuple[Source, ...]], cases: Iterable[tuple[str, str, tuple[str, ...], tuple[str, ...]]]
) -> Iterator[Case]:
    for kind, alias, begins, said in cases:
        sources = tuple(_find(charts[alias], begin) for begin in begins)
        if kind == "dropped_safety_fact":
            yield Case(kind, sources, said, (*("keep" for _ in said), f"uncovered:S{len(sources)}"))
        else:
            yield Case(kind, sources, said, tuple("keep" if kind == "faithful" else "remove" for _ in said))


def _find(sources: tuple[Source, ...], begin: str) -> Source:
    found = [source for source in sources if begin in source.text]
    assert found, f"no line holds {begin!r}"
    return found[0]


def _errors(true: list[Case], charts: dict[str, tuple[Source, ...]], chance: random.Random) -> Iterator[Case]:
    makers: dict[str, Callable[[str, random.Random], str | None]] = {
        "altered_number": _number, "altered_date": _date, "altered_dose": _dose, "flipped_negation": _flip,
        "swapped_drug": _drug, "swapped_person": _person, "invented_quote": _quote,
    }  # fmt: skip
    for kind, make in makers.items():
        made = 0
        for case in chance.sample(true, len(true)):
            said = make(case.said[0], chance)
            if said and said != case.said[0] and made < 40:
                made += 1
                yield replace(case, kind=kind, said=(said,), expect=("remove",))
    yield from _foreign(true, charts, chance)
    yield from _not_assessed(charts)
    yield from _dropped(true, charts, chance)


def _number(said: str, chance: random.Random) -> str | None:
    plain = list(
        re.finditer(
            r"(?<![\w/.,-])\d{1,2}(?![\w/.,]| mg|mg|, \d{4}|-\w)", re.sub(r"(?:PHQ|GAD|DAST)-\d+", "*****", said)
        )
    )
    if not plain or re.search(r"[A-Z][a-z]+ \d{1,2},", said[plain[0].start() - 10 : plain[0].end() + 1]):
        return None
    found = plain[0]
    return f"{said[: found.start()]}{int(found[0]) + chance.choice((1, 2, 5, 13))}{said[found.end() :]}"


def _date(said: str, chance: random.Random) -> str | None:
    step = chance.choice((1, 2, 4))
    month = re.search(rf"\b({'|'.join(_MONTHS)})\b", said)
    if month:
        other = _MONTHS[(_MONTHS.index(month[0]) + step) % 12]
        return said.replace(month[0], other, 1)
    numeric = re.search(r"\b(\d\d)/(\d\d)/(\d{4})", said)
    if numeric:
        return said.replace(numeric[0], f"{numeric[1]}/{(int(numeric[2]) + step) % 28 + 1:02}/{numeric[3]}", 1)
    return None


def _dose(said: str, chance: random.Random) -> str | None:
    found = re.search(r"(\d[\d.]*)( ?mg)", said)
    return said.replace(found[0], f"{float(found[1]) * chance.choice((2, 1.5, 10)):g}{found[2]}", 1) if found else None


def _flip(said: str, chance: random.Random) -> str | None:
    return next((re.sub(old, new, said, count=1) for old, new in _FLIPS if re.search(old, said)), None)


def _drug(said: str, chance: random.Random) -> str | None:
    names = sorted(drugs(said))
    found = re.search(names[0], said, re.IGNORECASE) if names else None
    return said.replace(found[0], chance.choice(_OTHER_DRUGS), 1) if found else None


def _person(said: str, chance: random.Random) -> str | None:
    relative = re.search(r"\b(wife|husband|mother|father|brother|sister|son|partner)\b", said)
    if relative and chance.random() < 0.5:
        return said.replace(relative[0], {"mother": "aunt", "father": "uncle"}.get(relative[0], "mother"), 1)
    found = re.search(r"\b(?!The|On|PHQ)[A-Z][a-z]+ [A-Z][a-z']+(?=,|\b)(?! \d)", said)
    return (
        said.replace(found[0], chance.choice(_OTHER_PEOPLE), 1)
        if found and not re.search(r"\d", found[0]) and found[0].split()[0] not in {"As", "Individual", *_MONTHS}
        else None
    )


def _quote(said: str, chance: random.Random) -> str | None:
    words = chance.choice(
        (
            "I feel like myself again",
            "nothing helps anymore",
            "I take them when I remember",
            "my boss is on my back",
            "it comes and goes",
        )
    )
    return f"{said.rstrip('.')}; the client said “{words}.”"


def _foreign(true: list[Case], charts: dict[str, tuple[Source, ...]], chance: random.Random) -> Iterator[Case]:
    """A true sentence about somebody else, citing a line of this client's chart about the same kind of thing."""
    made = 0
    aliases = list(charts)
    for case in chance.sample(true, len(true)):
        own = charts[chance.choice([alias for alias in aliases if case.sources[0] not in charts[alias]] or aliases)]
        label = re.split(r"[:,]", case.sources[0].text)[0]
        alike = [source for source in own if source.text.startswith(label)] or list(own)
        cited = chance.choice(alike)
        if _facts(case.sources[0].text) - _facts(cited.text) and case.sources[0] != cited and made < 50:
            made += 1
            yield replace(case, kind="foreign_fact", sources=(cited,), expect=("remove",))


def _facts(text: str) -> set[str]:
    """Words and numbers that make a sentence one client's own."""
    return set(re.findall(r"[a-z]{4,}|\d+", text.lower())) - set(
        re.findall(
            r"[a-z]+",
            "denied suicidal homicidal ideation client reported file chart documented document does known allergies there",
        )
    )


def _not_assessed(charts: dict[str, tuple[Source, ...]]) -> Iterator[Case]:
    says = (
        "Denied SI.",
        "No safety concerns.",
        "The client denies suicidal ideation.",
        "No SI/HI reported.",
        "Safety was assessed and is unremarkable.",
        "No suicidal thoughts.",
    )
    for sources in charts.values():
        for source in sources:
            if source.text.startswith("Safety not assessed"):
                yield from (Case("not_assessed_to_denied", (source,), (said,), ("remove",)) for said in says)
            if source.text == "Safety level (C-SSRS): not documented.":
                yield Case(
                    "not_assessed_to_denied", (source,), (says[len(source.passage + sources[0].text) % 6],), ("remove",)
                )
            if source.text == "Alerts: not documented.":
                yield Case("not_assessed_to_denied", (source,), ("The client has no alerts.",), ("remove",))
            if source.text == "Safety plan: not documented.":
                yield Case("not_assessed_to_denied", (source,), ("The client has no safety plan.",), ("remove",))


def _dropped(true: list[Case], charts: dict[str, tuple[Source, ...]], chance: random.Random) -> Iterator[Case]:
    """Two sources, both cited, and a sentence that carries the first alone."""
    held = {source.text: sources for sources in charts.values() for source in sources}
    made = 0
    for case in chance.sample(true, len(true)):
        others = [s for s in held[case.sources[0].text] if s.topic in {"safety", "medication"} and s != case.sources[0]]
        if others and made < 40:
            made += 1
            lost = chance.choice(others)
            yield Case(
                "dropped_safety_fact",
                (replace(case.sources[0], topic="other"), lost),
                case.said,
                ("keep", "uncovered:S2"),
            )


def _write(name: str, cases: Iterable[Case]) -> None:
    FIXTURES.mkdir(exist_ok=True)
    counts: dict[str, int] = {}
    with (FIXTURES / f"{name}.jsonl").open("w") as file:
        for case in cases:
            counts[case.kind] = counts.get(case.kind, 0) + 1
            file.write(json.dumps(case.row(counts[case.kind]), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
