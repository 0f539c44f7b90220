"""What of a prompt is shown to a model: not the safety statements, which no model may reword and so need not see,
and nothing of a record that talks to software instead of to a colleague.

The parts of the request are numbered; part N is the evidence SN of what was asked, and our words say so.
"""

from dataclasses import dataclass, replace

from bot.drafting.orders import origins
from bot.drafting.port import Shape
from bot.drafting.untrusted import cleaned
from bot.privacy.deid import RawPrompt
from skills.kit import Evidence, Prompt, Topic


@dataclass(frozen=True, slots=True)
class Asked:
    """`prompt` holds what is asked, renumbered from S1; `fixed` what stays in the template's own words."""

    prompt: Prompt
    fixed: tuple[Evidence, ...]

    def shape(self) -> Shape:
        ids = tuple(each.id for each in self.prompt.evidence)
        keys = tuple(each.key for each in self.prompt.wanted)
        return Shape(keys, ids, sum(each.most for each in self.prompt.wanted))

    def raw(self, words: str) -> RawPrompt:
        """`words` are the instructions. What follows them here is ours too: titles, numbers and limits."""
        frame = "\n".join(self._frame(each.key) for each in self.prompt.wanted)
        return RawPrompt(f"{words}\n\nPassages:\n{frame}", tuple(cleaned(each.text) for each in self.prompt.evidence))

    def _frame(self, key: str) -> str:
        wanted = next(each for each in self.prompt.wanted if each.key == key)
        mine = [each for each in self.prompt.evidence if each.passage == key]
        notes = [each.id for each in mine if each.quoted]
        drugs = [each.id for each in mine if each.topic is Topic.MEDICATION]
        return " ".join(
            [
                f'- "{key}" ({wanted.title}): {wanted.holds} At most {wanted.most} sentences.',
                f"Parts: {_listed([each.id for each in mine])}.",
                f"Written by people: {_listed(notes)}. About medication: {_listed(drugs)}.",
            ]
        )


def _stays(evidence: Evidence, suspect: frozenset[str]) -> bool:
    """In the template's own words: every safety statement, and what stands in a record that gives orders."""
    return evidence.topic is Topic.SAFETY or any(source.ref in suspect for source in evidence.line.sources)


def _listed(ids: list[str]) -> str:
    return ", ".join(ids) or "none"


def asked(prompt: Prompt) -> Asked:
    """Apart: safety, and records that talk to software. A passage with nothing left to word is not asked for."""
    suspect = origins((source.ref, each.text) for each in prompt.evidence for source in each.line.sources)
    fixed = tuple(each for each in prompt.evidence if _stays(each, suspect))
    open_to = [each for each in prompt.evidence if not _stays(each, suspect)]
    numbered = tuple(replace(each, id=f"S{number}") for number, each in enumerate(open_to, start=1))
    keys = {each.passage for each in numbered}
    wanted = tuple(each for each in prompt.wanted if each.key in keys)
    return Asked(replace(prompt, evidence=numbered, wanted=wanted), fixed)
