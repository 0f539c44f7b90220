"""The 2.32 notice in what leaves us: whether it stands there, and whether an outdated wording stands in its place.

A consented disclosure of 42 CFR Part 2 records carries the notice and a copy of the consent or a clear explanation of
its scope (2.32(a), (b)). The texts themselves are in `skills/kit/part2_notice.py`, pinned by their hash.
"""

import hashlib

from skills.kit.part2_notice import LONG, SHA256, SHORT, SUPERSEDED


class NoticeTampered(Exception):
    """A legal text differs from the one that was checked against the rule: nothing may carry it."""


def carried(text: str) -> bool:
    """Whether the whole of one of the two notices stands in a text, however its lines are broken."""
    flat = _flat(text)
    return any(_flat(notice) in flat for notice in (SHORT, LONG))


def superseded(text: str) -> str | None:
    """The outdated wording that a text carries, or None. The rule of today also contains some of the same words."""
    flat = _flat(text).replace(_flat(LONG), " ").replace(_flat(SHORT), " ").casefold()
    return next((old for old in SUPERSEDED if old in flat), None)


def attached(text: str) -> str:
    """The text with the short notice at its end, unless it carries one."""
    pinned()
    return text if carried(text) else f"{text.rstrip()}\n{SHORT}"


def pinned() -> None:
    """Raises NoticeTampered when a notice is not the text that was checked."""
    for name, text in (("short", SHORT), ("long", LONG)):
        if hashlib.sha256(text.encode()).hexdigest() != SHA256[name]:
            raise NoticeTampered(f"The {name} notice of 42 CFR 2.32 is not the text that was checked.")


def _flat(text: str) -> str:
    return " ".join(text.split())
