"""What is the gravest thing to say about one administration of an instrument, compared with the one before it."""

from collections.abc import Iterator, Sequence

from skills.kit import Assessment, instruments


def pairs(sittings: Sequence[Assessment]) -> Iterator[tuple[Assessment, Assessment | None]]:
    """Each sitting, newest first, with the one before it of the same instrument."""
    for index, sitting in enumerate(sittings):
        before = (one for one in sittings[index + 1 :] if one.instrument == sitting.instrument)
        yield sitting, next(before, None)


def gravest(sitting: Assessment, before: Assessment | None) -> tuple[str, str, tuple[str, ...]]:
    """Kind, words for a channel, words for one authorised person. C-SSRS by its level, never summed."""
    if sitting.instrument == "C-SSRS":
        return _screen(sitting)
    said = _said(sitting, before)
    if sitting.instrument == "PHQ-9":
        nine = sitting.answer(9)
        if nine is None:
            return "item9_not_on_file", "New PHQ-9, item 9 is not on file", said
        if nine > 0:
            return "item9", "New PHQ-9 with item 9 above zero", said
    if _moved(sitting, before):
        return "level_change", f"New {sitting.instrument}, its level changed", said
    return "assessment", f"New {sitting.instrument}", said


def _screen(sitting: Assessment) -> tuple[str, str, tuple[str, ...]]:
    level = instruments.cssrs_level(sitting)
    if level != instruments.CSSRS_ALL_NO:
        return "risk_screen", "New suicide risk screen that is not all no", (f"C-SSRS: {level}",)
    return "assessment", "New suicide risk screen", (f"C-SSRS: {level}",)


def _said(sitting: Assessment, before: Assessment | None) -> tuple[str, ...]:
    name, total = sitting.instrument, sitting.total
    said = ["No total on file"]
    if total is not None:
        band = instruments.band(name, total)
        said = [f"Total {total:g}" + (f" ({band})" if band else "")]
        if before is not None and before.total is not None:
            said.append(instruments.change(name, before.total, total).capitalize())
    if name == "PHQ-9":
        said.append(instruments.item_nine(sitting.answer(9)).capitalize())
    return tuple(said)


def _moved(sitting: Assessment, before: Assessment | None) -> bool:
    if before is None or sitting.total is None or before.total is None:
        return False
    name = sitting.instrument
    bands = instruments.band(name, before.total), instruments.band(name, sitting.total)
    return bands[0] != bands[1] or instruments.worse(name, before.total, sitting.total)
