"""The language model, where one is set up: one made-up sentence, de-identified like everything that goes there."""

from collections.abc import Sequence
from typing import Final

from bot.app import drafter_of
from bot.check.configuration import UNREADABLE
from bot.check.finding import Finding, fail, ok, skipped, warn
from bot.check.given import Given
from bot.drafting.port import ModelFailed, ModelUnavailable, Shape
from bot.privacy.deid import CannotVouch, RawPrompt, residue, scrub

ORDERS: Final = (
    "Answer with exactly one sentence for the passage below, in the asked JSON shape, that repeats what its part says "
    'and cites it.\n- "probe" is a trial. Parts: S1.'
)
SENTENCE: Final = "The client came to the group and took part in it."
SHAPE: Final = Shape(passages=("probe",), ids=("S1",), most=1)
MEND: Final = (
    "See that BATON_LLM__BASE_URL, __API_KEY and __MODEL are right and this machine reaches the address. Until then "
    "each draft comes from the template and says so."
)


async def model(given: Given) -> Sequence[Finding]:
    if given.settings is None:
        return [skipped("model", UNREADABLE)]
    if given.settings.llm.kind == "none":
        return [ok("model", "No model is set up: drafts come from the template.")]
    async with drafter_of(given.settings.llm) as drafter:
        assert drafter.model is not None, "a model is set up"
        try:
            safe = scrub(RawPrompt(ORDERS, (SENTENCE,)), None)
            answer = await drafter.model.complete(safe, SHAPE, residue=lambda body: residue(body, safe.tags, None))
        except ModelUnavailable as error:
            return [fail("model", f"The model does not answer ({error.code}).", MEND)]
        except (ModelFailed, CannotVouch) as error:
            return [warn("model", f"The model answered, and not as it was asked ({error.code}).", MEND)]
    return [ok("model", f"The model answers, as {answer.model}.")]
