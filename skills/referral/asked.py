"""What a draft about a referral is asked with, as lines of `Request.context`: which referral, and what is to be marked.

A skill knows one client and no list of referrals, so whoever asks names the order: `about(...)` makes the lines and
`read(...)` takes them apart again. Without a line "referral:" the newest open referral of the client is meant. The
lines may hold words about the client: they are kept sealed, and never logged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from skills.kit import Person
from skills.referral.steps import Evidence, EvidenceKind, Mark, Step


@dataclass(frozen=True, slots=True)
class Asked:
    """`referral_id`: of the order in the EHR. `owner`: who is to look after it from now on."""

    referral_id: str | None = None
    mark: Mark | None = None
    owner: Person | None = None


def about(referral_id: str, mark: Mark | None = None, owner: Person | None = None) -> tuple[str, ...]:
    lines = [f"referral:{referral_id}"]
    if mark:
        lines += _of_mark(mark)
    if owner:
        lines += [f"owner:{owner.ref}", f"owner name:{owner.name}", f"owner title:{owner.title}"]
    return tuple(" ".join(line.split()) for line in lines)


def _of_mark(mark: Mark) -> list[str]:
    said = mark.evidence
    when = [f"when:{said.when.isoformat()}"] if said.when else []
    kept = [f"kept in:{said.ref}"] if said.ref else []
    return [f"step:{mark.to}", f"kind:{said.kind}", f"said by:{said.said_by}", f"words:{said.words}", *when, *kept]


def read(context: Sequence[str]) -> Asked:
    """Lines that are not ours are left alone. A step or kind that does not exist marks nothing."""
    told = {name: value for line in context for name, colon, value in [line.partition(":")] if colon}
    owner = Person(told["owner"], told.get("owner name", ""), told.get("owner title", "")) if "owner" in told else None
    return Asked(told.get("referral") or None, _mark(told), owner)


def _mark(told: dict[str, str]) -> Mark | None:
    try:
        step, kind = Step(told.get("step", "")), EvidenceKind(told.get("kind", ""))
        when = date.fromisoformat(told["when"][:10]) if told.get("when") else None
    except ValueError:
        return None
    ref, words, said_by = told.get("kept in") or None, told.get("words", ""), told.get("said by", "")
    return Mark(step, Evidence(kind=kind, said_by=said_by, when=when, ref=ref, words=words))
