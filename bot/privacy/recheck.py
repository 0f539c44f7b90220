"""What a person's own words add to a draft: checked again for recipient, 42 CFR Part 2 and identifiers. Pure.

The draft was made from what policy let through; an edit may bring in what it did not. Some additions are refused, some
may stay once the person says in words that they mean it. Nothing typed is lost either way.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.privacy.consent import holds_protected, is_withheld
from bot.privacy.labels import speaks_of_substances
from bot.privacy.notices import carried, superseded
from skills.kit import DraftText, LineKind

CONFIRMED: Final = "keep"


class Concern(StrEnum):
    """The value ends the rule id in the audit trail: `edit.other_client`."""

    OUTDATED_NOTICE = "outdated_notice"  # 42 CFR 2.32 as it was before 2024
    NOTICE_REMOVED = "notice_removed"  # 2.32(a)
    OTHER_CLIENT = "other_client"
    WITHHELD_SUBSTANCE = "withheld_substance"  # 2.31: no consent covers it, so nobody types it in again
    SUBSTANCE = "substance"
    RECIPIENT = "recipient"  # the receiver comes from the request, never from a text
    IDENTIFIER = "identifier"


SENTENCES: Final = {
    Concern.OUTDATED_NOTICE: "The text has an outdated wording of the 42 CFR Part 2 notice. Take it out.",
    Concern.NOTICE_REMOVED: "The 42 CFR Part 2 notice is gone from the text. It must stay as it was.",
    Concern.OTHER_CLIENT: "The text names another client. Take it out.",
    Concern.WITHHELD_SUBSTANCE: "The text now speaks of substance use, and no consent on file covers that here.",
    Concern.SUBSTANCE: "The text now speaks of substance use; the draft did not.",
    Concern.RECIPIENT: "The text asks to pass it on. It goes to the receiver named above, and to nobody else.",
    Concern.IDENTIFIER: "The text has identifiers that the draft did not have",
}
MAY_STAY: Final = frozenset({Concern.SUBSTANCE, Concern.RECIPIENT, Concern.IDENTIFIER})

_ALIAS: Final = re.compile(r"\bC-\d{1,9}\b", re.IGNORECASE)
_PASS_ON: Final = re.compile(
    r"\b(cc|copy|fax|send|forward|e-?mail|text|mail|hand) (it|this|a copy|copies|the (summary|handoff|note|letter))\b"
    r"|^\s*(cc|copy to|fax to|forward to)\b",
    re.IGNORECASE,
)
_NUMBERED: Final = r"(MRN|record (no\.?|number)|member (id|no\.?)|account (no\.?|number))"
_BORN: Final = r"(DOB|d\.o\.b\.|date of birth|birth ?date|born( on)?)"
_STREET: Final = r"(Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Blvd|Way|Place|Pl)"
_IDENTIFIERS: Final = {  # Safe Harbor kinds a person is likely to type (45 CFR 164.514(b)(2))
    "phone number": re.compile(
        r"(?<!\d)(\+?1[ .-]?)?\(?\d{3}\)?[ .-]?\d{3}[ .-]\d{4}(?!\d)|(?<!\d)\d{3}-\d{4}(?!\d)|(?<!\d)\d{10}(?!\d)"
    ),
    "email address": re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"),
    "social security number": re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])"),
    "record number": re.compile(rf"\b{_NUMBERED}\W{{0,3}}[\w-]*\d[\w-]*", re.IGNORECASE),
    "birth date": re.compile(rf"\b{_BORN}\W{{0,3}}[\w/., -]{{0,14}}\d{{2,4}}", re.IGNORECASE),
    "street address": re.compile(rf"\b\d{{1,5}} (?:[A-Z][\w']+ ){{1,3}}{_STREET}\b"),
    "web address": re.compile(r"\bhttps?://\S+|\bwww\.\S+", re.IGNORECASE),
}
_NAMES: Final = (
    re.compile(r"\b(?:Mr|Mrs|Ms|Mx|Dr|Miss)\.? [A-Z][\w'-]+"),
    re.compile(r"\b[A-Z][a-z'-]+(?: [A-Z]\.)?(?: [A-Z][a-z'-]+)+"),
)
_TITLES: Final = frozenset({"Mr", "Mrs", "Ms", "Mx", "Dr", "Miss"})
_ENDS: Final = frozenset(".!?:;\n")
_NO_NAMES: Final = re.compile(  # needs a clinician's review: capitalised pairs of words that are nobody's name
    r"\b(Safety|Treatment|Care|Crisis|Progress|Discharge) (Plan|Team|Note|Line|Summary|Manager|Coordinator)\b"
    r"|\b(Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|March|April|June|July|August"
    r"|September|October|November|December)\b|\b(Emergency Department|Columbia Protocol|Stanley Brown)\b"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """`kinds`: which identifiers, by kind; never what they are."""

    concern: Concern
    kinds: tuple[str, ...] = ()

    @property
    def may_stay(self) -> bool:
        return self.concern in MAY_STAY

    @property
    def sentence(self) -> str:
        said = SENTENCES[self.concern]
        return f"{said}: {', '.join(self.kinds)}." if self.kinds else said


def findings(
    before: DraftText, after: DraftText, *, base: DraftText, stamp: str, alias: str, staff: Iterable[str] = ()
) -> tuple[Finding, ...]:
    """What the new words of an edit bring in. `base`: as drafted; `staff`: names of colleagues, who may be named."""
    known = "\n".join([before.plain(), base.plain(), *staff])
    new = _new_words(before, after)
    return tuple(_found(before, after, new, known, stamp, alias)) if new or before != after else ()


def _found(before: DraftText, after: DraftText, new: str, known: str, stamp: str, alias: str) -> Iterator[Finding]:
    if superseded(after.plain()):
        yield Finding(Concern.OUTDATED_NOTICE)
    if carried(before.plain()) and not carried(after.plain()):
        yield Finding(Concern.NOTICE_REMOVED)
    if {found.upper() for found in _ALIAS.findall(new)} - {alias.upper()}:
        yield Finding(Concern.OTHER_CLIENT)
    if not holds_protected(stamp) and speaks_of_substances(new) and not speaks_of_substances(known):
        yield Finding(Concern.WITHHELD_SUBSTANCE if is_withheld(stamp) else Concern.SUBSTANCE)
    if any(_PASS_ON.search(line) for line in new.splitlines()):
        yield Finding(Concern.RECIPIENT)
    if kinds := tuple(_new_identifiers(new, known)):
        yield Finding(Concern.IDENTIFIER, kinds)


def _new_words(before: DraftText, after: DraftText) -> str:
    """The lines a person wrote that did not stand in the draft before."""
    stood = {line.text for line in before.lines}
    lines = [line for line in after.lines if line.kind is LineKind.EDITED]
    return "\n".join(line.text for line in lines if line.text not in stood)


def _new_identifiers(new: str, known: str) -> Iterator[str]:
    for kind, pattern in _IDENTIFIERS.items():
        if any(_key(found.group()) not in _key(known) for found in pattern.finditer(new)):
            yield kind
    plain = _NO_NAMES.sub(" . ", new)
    if any(_stranger(found, plain, known) for pattern in _NAMES for found in pattern.finditer(plain)):
        yield "name"


def _stranger(found: re.Match[str], text: str, known: str) -> bool:
    """A name of which some part does not stand in the draft at all. A sentence's first word is no part of one."""
    parts = re.findall(r"[A-Z][\w'-]+", found.group())
    opens = found.start() == 0 or text[: found.start()].rstrip(" “\"'(")[-1:] in _ENDS
    parts = [part for part in (parts[1:] if opens else parts) if part not in _TITLES]
    return any(not re.search(rf"\b{re.escape(part)}\b", known) for part in parts)


def _key(text: str) -> str:
    """Letters and digits only: the same number written otherwise is the same number."""
    return re.sub(r"\W+", "", text).casefold()


def confirmed(words: str) -> bool:
    """Whether the person wrote that they mean it."""
    return words.strip(" .!\"'“”").casefold() == CONFIRMED
