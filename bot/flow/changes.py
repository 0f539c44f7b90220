"""What differs between two readings of a chart, line by line, and what becomes of a person's edits. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from skills.kit import DraftText, Passage


@dataclass(frozen=True, slots=True)
class Renewed:
    text: DraftText  # the fresh text, with a person's edits kept where the chart's part did not change
    changes: tuple[str, ...]


def renew(
    old_base: DraftText,
    old_text: DraftText,
    new_base: DraftText,
    *,
    templates: tuple[DraftText, DraftText] | None = None,
) -> Renewed:
    """Carry edits over and list every line that differs, section by section.

    `templates`, old and new: what to compare where a model worded the bases. Its words may differ each time; the
    chart's own lines differ only when the chart does.
    """
    told_before, told_now = (_by_key(each) for each in templates or (old_base, new_base))
    before, edited = _by_key(old_base), _by_key(old_text)
    same = {p.key for p in new_base.passages if _same(p.key, told_before, told_now, before, p)}
    kept = [_carried(before.get(p.key), edited.get(p.key), p, unchanged=p.key in same) for p in new_base.passages]
    changes = [line for key, p in told_now.items() for line in _differences(told_before.get(key), p)]
    gone = [f"{p.title}: this section is no longer in the draft." for k, p in told_before.items() if k not in told_now]
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


def _same(
    key: str, old: Mapping[str, Passage], new: Mapping[str, Passage], before: Mapping[str, Passage], fresh: Passage
) -> bool:
    """Whether the chart says the same in this section; a section of no template is held against its last words."""
    if key in old and key in new:
        return old[key].plain() == new[key].plain()
    return key not in old and key not in new and key in before and before[key].plain() == fresh.plain()


def _carried(before: Passage | None, edited: Passage | None, fresh: Passage, *, unchanged: bool) -> Passage:
    if before is None or edited is None or edited == before:
        return fresh
    return edited if unchanged else fresh


def _differences(before: Passage | None, fresh: Passage) -> list[str]:
    old = [line.text for line in before.lines] if before else []
    new = [line.text for line in fresh.lines]
    out: list[str] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if tag != "equal":
            out += [f"{fresh.title}, no longer: “{text}”" for text in old[i1:i2]]
            out += [f"{fresh.title}, now: “{text}”" for text in new[j1:j2]]
    return out


def _by_key(text: DraftText) -> dict[str, Passage]:
    return {p.key: p for p in text.passages}
