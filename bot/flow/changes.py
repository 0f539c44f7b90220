"""What differs between two readings of a chart, line by line, and what becomes of a person's edits. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from skills.kit import DraftText, Passage


@dataclass(frozen=True, slots=True)
class Renewed:
    text: DraftText  # the fresh text, with a person's edits kept where the chart's part did not change
    changes: tuple[str, ...]


def renew(old_base: DraftText, old_text: DraftText, new_base: DraftText) -> Renewed:
    """Carry edits over and list every line that differs, section by section."""
    before = {p.key: p for p in old_base.passages}
    edited = {p.key: p for p in old_text.passages}
    kept = [_carried(before.get(p.key), edited.get(p.key), p) for p in new_base.passages]
    changes = [line for p in new_base.passages for line in _differences(before.get(p.key), p)]
    gone = [
        f"{p.title}: this section is no longer in the draft." for k, p in before.items() if k not in _keys(new_base)
    ]
    standing = {p.key for p, k in zip(new_base.passages, kept, strict=True) if k is not p}
    lost = [
        f"{p.title}: your wording was set aside because its sources changed: “{p.plain()}”"
        for key, p in edited.items()
        if p != before.get(key) and key not in standing
    ]
    return Renewed(replace(new_base, passages=tuple(kept)), (*changes, *gone, *lost))


def changed_sources(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    """Counts in words, for changes that no quoted line shows."""
    added, removed = len(new.keys() - old.keys()), len(old.keys() - new.keys())
    altered = sum(1 for ref in old.keys() & new.keys() if old[ref] != new[ref])
    words = [(added, "new in the chart"), (removed, "no longer in the chart"), (altered, "changed in the chart")]
    return tuple(f"{count} {'entry is' if count == 1 else 'entries are'} {what}." for count, what in words if count)


def _carried(before: Passage | None, edited: Passage | None, fresh: Passage) -> Passage:
    if before is None or edited is None or edited == before:
        return fresh
    return edited if before.plain() == fresh.plain() else fresh


def _differences(before: Passage | None, fresh: Passage) -> list[str]:
    old = [line.text for line in before.lines] if before else []
    new = [line.text for line in fresh.lines]
    out: list[str] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if tag != "equal":
            out += [f"{fresh.title}, no longer: “{text}”" for text in old[i1:i2]]
            out += [f"{fresh.title}, now: “{text}”" for text in new[j1:j2]]
    return out


def _keys(text: DraftText) -> set[str]:
    return {p.key for p in text.passages}
