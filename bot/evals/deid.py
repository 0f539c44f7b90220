"""How much of what identifies a person is masked, in any file of texts with marked identifiers; and what it costs.

An identifier counts as found when all of it is masked. The figures of Baton stand beside those of the same run without
the record, without the gate, with a trained recognizer, and of other tools where they are installed.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bot.evals.deid_cases import Case, Span, read
from bot.privacy.deid import find
from bot.privacy.recognizers.ner import Ner
from bot.privacy.record import KnownPerson, Record

type Masks = list[tuple[int, int]]
type System = Callable[[str, Record | None], Masks]

_JOINS: Final = "_-'"  # joins letters inside an identifier; other marks between words tell nothing
_WARM_UP: Final = "Patlent: Dana Hope, DOB 3/4/1980, saw Dr. Young in Yonkers about Quellafex and Crohn's disease."
_NOBODY: Final = Record((KnownPerson("client", "William Quillfeather"),), places=("Yonkers",))


@dataclass(slots=True)
class Tally:
    """Counts of one run. `misses` names case and kind, never the text."""

    docs: int = 0
    hit: dict[str, int] = field(default_factory=dict)
    of: dict[str, int] = field(default_factory=dict)
    masked_right: int = 0
    masked: int = 0
    kept: int = 0
    keep: int = 0
    misses: list[dict[str, str]] = field(default_factory=list)
    characters: int = 0
    cpu_s: float = 0.0

    def scores(self) -> dict[str, Any]:  # JSON-ready: what the command prints
        found, all_of = sum(self.hit.values()), sum(self.of.values())
        return {
            "docs": self.docs,
            "span_recall": _share(found, all_of),
            "char_precision": _share(self.masked_right, self.masked),
            "by_type": {kind: _share(self.hit.get(kind, 0), number) for kind, number in sorted(self.of.items())},
            "must_keep_damaged": _share(self.keep - self.kept, self.keep) if self.keep else 0.0,
            "kb_per_cpu_s": round(self.characters / 1000 / self.cpu_s, 1) if self.cpu_s else None,
            "misses": self.misses,
        }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0


def baton(*, with_record: bool = True, ner: Ner | None = None, gate: bool = True) -> System:
    """Baton itself, as one system among others."""

    def masks(text: str, record: Record | None) -> Masks:
        return [(f.start, f.end) for f in find(text, record if with_record else None, ner=ner, gate=gate)]

    return masks


def score(cases: Iterable[Case], system: System) -> dict[str, Any]:
    """The figures of one system over these cases, as the command prints them."""
    system(_WARM_UP, _NOBODY)  # word lists and models are read before the clock runs
    tally = Tally()
    for case in cases:
        began = time.process_time()
        masks = system(case.text, case.record)
        tally.cpu_s += time.process_time() - began
        _count(tally, case, masks)
    return tally.scores()


def _count(tally: Tally, case: Case, masks: Masks) -> None:
    tally.docs += 1
    tally.characters += len(case.text.encode())
    covered = {at for start, end in masks for at in range(start, end)}
    for span in case.spans:
        if span.score:
            _one(tally, case, span, covered)
    marked = {at for span in case.spans for at in range(span.start, span.end)}
    telling = {at for at in covered if _tells(case.text[at])}
    tally.masked += len(telling)
    tally.masked_right += len(telling & marked)
    for words in case.must_keep:
        _keep(tally, case.text, words, covered - marked)


def _one(tally: Tally, case: Case, span: Span, covered: set[int]) -> None:
    """Found is the whole identifier: every letter and figure of it."""
    tally.of[span.type] = tally.of.get(span.type, 0) + 1
    if all(at in covered for at in range(span.start, span.end) if _tells(case.text[at])):
        tally.hit[span.type] = tally.hit.get(span.type, 0) + 1
    else:
        tally.misses.append({"id": case.id, "type": span.type})


def _tells(char: str) -> bool:
    return char.isalnum() or char in _JOINS


def _keep(tally: Tally, text: str, words: str, covered: set[int]) -> None:
    at = text.find(words)
    while at >= 0:
        tally.keep += 1
        tally.kept += not any(place in covered for place in range(at, at + len(words)))
        at = text.find(words, at + 1)


def report(path: Path, *, with_record: bool = True, gate: bool = True, ner: Ner | None = None) -> dict[str, Any]:
    """The figures of Baton as asked for; under `beside`, those of its variants and of other tools. Raises BadCase."""
    from bot.evals.deid_peers import peers  # noqa: PLC0415 - other tools are heavy, and only for this

    cases = read(path)
    beside = {"without record": baton(with_record=False, gate=gate, ner=ner)} if with_record and _charts(cases) else {}
    beside |= {"without NER": baton(with_record=with_record, gate=gate)} if ner else {}
    beside |= {"without gate": baton(with_record=with_record, gate=False, ner=ner)} if gate else {}
    main = score(cases, baton(with_record=with_record, ner=ner, gate=gate))
    return main | {"beside": {name: _short(score(cases, system)) for name, system in (beside | peers()).items()}}


def _charts(cases: tuple[Case, ...]) -> bool:
    return any(case.record for case in cases)


def _short(scores: dict[str, Any]) -> dict[str, Any]:
    return {name: scores[name] for name in ("span_recall", "char_precision", "must_keep_damaged", "kb_per_cpu_s")}


def in_words(scores: dict[str, Any]) -> str:
    """The figures as a table: Baton first, the others below it."""
    rows = [("Baton", scores), *scores["beside"].items()]
    lines = [f"{scores['docs']} texts", f"{'':<18}recall  precision  must-keep damaged  KB per CPU second"]
    for name, row in rows:
        lines.append(
            f"{name:<18}{row['span_recall']:>6.3f}  {row['char_precision']:>9.3f}"
            f"  {row['must_keep_damaged']:>17.3f}  {row['kb_per_cpu_s'] or 0:>17.0f}"
        )
    lines.append("by type: " + ", ".join(f"{kind} {share:.3f}" for kind, share in scores["by_type"].items()))
    return "\n".join(lines)
