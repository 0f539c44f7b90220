"""What of a prompt is shown to a model: not the safety statements, which no model may reword and so need not see.

The parts of the request are numbered; part N is the evidence SN of what was asked, and our words say so.
"""

from dataclasses import dataclass, replace

from bot.drafting.port import Shape
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
        return RawPrompt(f"{words}\n\nPassages:\n{frame}", tuple(each.text for each in self.prompt.evidence))

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


def _listed(ids: list[str]) -> str:
    return ", ".join(ids) or "none"


def asked(prompt: Prompt) -> Asked:
    """Safety apart from the rest; a passage with nothing left to word is not asked for."""
    fixed = tuple(each for each in prompt.evidence if each.topic is Topic.SAFETY)
    open_to = [each for each in prompt.evidence if each.topic is not Topic.SAFETY]
    numbered = tuple(replace(each, id=f"S{number}") for number, each in enumerate(open_to, start=1))
    keys = {each.passage for each in numbered}
    wanted = tuple(each for each in prompt.wanted if each.key in keys)
    return Asked(replace(prompt, evidence=numbered, wanted=wanted), fixed)
