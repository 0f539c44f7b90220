"""How a draft got its words, for the card, the audit trail and the figures: codes and counts, never text."""

from dataclasses import dataclass
from typing import Literal

from skills.kit.words import plural

WHY = {
    "off": "no model is set up",
    "team": "this team's drafts are not put into words by a model",
    "skill": "this kind of draft is always made so",
    "part2": "it holds records under 42 CFR Part 2, which no model here may see",
    "nothing": "there was nothing for a model to put into words",
    "not_cleared": "the text could not be cleared for the model",
    "residue": "the text could not be cleared for the model",
    "timeout": "the model took too long",
    "queue": "too many drafts were waiting for the model",
    "breaker_open": "the model has failed several times and is left alone for a moment",
    "rate_limited": "the model has too much to do",
    "unreachable": "the model does not answer",
    "server_error": "the model does not answer",
    "not_accepted": "the model's provider did not accept the request",
    "request_declined": "the model's provider did not accept the request",
    "refused": "the model declined",
    "content_filter": "the model's content filter declined",
    "truncated": "the model's answer was cut off",
    "not_finished": "the model's answer was cut off",
    "not_in_shape": "the model's answer could not be used",
    "not_an_answer": "the model's answer could not be used",
    "unknown_tag": "the model's answer named somebody it was not told of",
    "unsupported": "too much of the model's answer is not in the chart",
    "too_long": "the model's answer was too long",
    "fault": "something went wrong on our side while it was put into words",
}


QUIET = frozenset({"off", "team", "skill", "part2", "nothing"})  # as set up: nothing went wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """`reason` is a code of WHY, None when a model's words are used. Tokens were spent either way."""

    path: Literal["model", "template"]
    reason: str | None = None
    model: str | None = None
    prompt: str | None = None  # the version of the instructions: handoff-1
    kept: int = 0
    removed: int = 0
    put_back: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def sentence(self) -> str:
        """What the card says."""
        if self.path == "template":
            return f"From the template: {WHY.get(self.reason or '', WHY['fault'])}."
        checked = plural(self.kept + self.removed, "sentence")
        put_back = f", {plural(self.put_back, 'statement')} put back from the template" if self.put_back else ""
        return (
            f"Worded by {self.model} (prompt {self.prompt}), {checked} checked against the chart, "
            f"{self.removed} removed{put_back}."
        )


def from_template(reason: str) -> How:
    return How(path="template", reason=reason)
