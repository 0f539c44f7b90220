"""A drawn-up text is put into words by a model, where one is set up and may be used; else it stays, and says why.

Done once for each version that is kept, outside of every transaction; never to compare two readings, never at filing.
"""

from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.drafting.assemble import LEFT_OUT
from bot.drafting.drafter import Call, Drafted
from bot.drafting.how import How, from_template
from bot.flow import calls, trail
from bot.flow.office import Office, new_id
from bot.flow.reading import Drawn, Order
from bot.flow.records import Content
from bot.privacy.audit import Action as Audited
from bot.privacy.audit import ModelUse, Outcome
from bot.privacy.record import record_of
from skills.kit import DraftText, Prompt


async def worded(office: Office, order: Order, drawn: Drawn, *, before: Content | None = None) -> Drawn:
    """The same drawing with its final words. Raises only when the audit trail or the database fails.

    `before`: the version that this one replaces; where the chart still says what its words rest on, they stay.
    """
    if reason := _not_wanted(office, order, drawn):
        return replace(drawn, how=from_template(reason))
    assert order.skill.prompt is not None
    prompt = order.skill.prompt(drawn.facts)
    if before and before.how and before.how.path == "model" and order.skill.prompt(before.facts) == prompt:
        return replace(drawn, text=_as_before(drawn.template, prompt, before.base), how=before.how)
    book = _Book(office, order, new_id())
    record = record_of(drawn.chart, office.clinic.staff)
    drafted = await office.drafter.draft(drawn.text, prompt, record, announce=book.announce)
    await book.settle(drafted)
    used = book.use if drafted.how.path == "model" else None
    return replace(drawn, text=drafted.text, how=drafted.how, use=used)


def _not_wanted(office: Office, order: Order, drawn: Drawn) -> str | None:
    """Why no model is asked, as a code of how.WHY; None when one is."""
    if office.drafter.model is None:
        return "off"
    if order.skill.prompt is None:
        return "skill"
    if office.clinic.team(order.team).drafting != "model":
        return "team"
    return "part2" if drawn.part2 and not office.drafter.part2 else None


def _as_before(template: DraftText, prompt: Prompt, worded_before: DraftText) -> DraftText:
    """The fresh template with the wanted passages as they were worded, and with what that wording left out."""
    keys = {each.key for each in prompt.wanted}
    old = {p.key: p for p in worded_before.passages}
    passages = [old.get(p.key, p) if p.key in keys else p for p in template.passages]
    rest = [old[LEFT_OUT]] if LEFT_OUT in old else []
    place = next((n for n, p in enumerate(passages, start=1) if p.key == prompt.rest), len(passages))
    return replace(template, passages=(*passages[:place], *rest, *passages[place:]))


@dataclass(slots=True)
class _Book:
    """What is written down about one question, before and after."""

    office: Office
    order: Order
    id: str
    use: ModelUse | None = None

    async def announce(self, call: Call) -> None:
        """If the trail fails here, nothing is sent."""
        office, order = self.office, self.order
        async with office.db.write() as conn:
            await calls.announced(
                conn,
                office.seal,
                self.id,
                call,
                request_id=order.request_id,
                skill=order.skill.name,
                now=office.clock(),
            )
            self.use = ModelUse(
                provider=call.provider,
                name=call.model,
                prompt=call.prompt,
                instructions_hash=call.instructions_hash,
                prompt_hash=call.prompt_hash,
            )
            await self._note(conn, Audited.MODEL_CALLED)

    async def settle(self, drafted: Drafted) -> None:
        how, office = drafted.how, self.office
        if how.reason in {"off", "nothing"}:
            return
        async with office.db.write() as conn:
            if self.use is None:
                await self._never_sent(conn, how)
            else:
                cost = office.drafter.cost(how)
                await calls.answered(conn, office.seal, self.id, drafted, cost=cost)
            if how.path == "template":
                await self._note(conn, Audited.MODEL_REFUSED, how)

    async def _never_sent(self, conn: AsyncConnection, how: How) -> None:
        office, order = self.office, self.order
        model = office.drafter.model
        self.use = ModelUse(provider=model.provider, name=model.name, prompt=how.prompt) if model else None
        await calls.not_sent(
            conn,
            self.id,
            how,
            provider=model.provider if model else "",
            request_id=order.request_id,
            skill=order.skill.name,
            now=office.clock(),
        )

    async def _note(self, conn: AsyncConnection, action: Audited, how: How | None = None) -> None:
        about = trail.About("request", self.order.request_id, None, self.order.client_id)
        more = {"reason": how.reason, "outcome": Outcome.REFUSED, "counts": counts(how)} if how else {}
        await trail.note(conn, self.office, action, None, about, model=self.use, **more)


def counts(how: How) -> dict[str, int]:
    """What a version's words cost and what the check did, for its audit event."""
    return {
        "prompt_tokens": how.prompt_tokens,
        "completion_tokens": how.completion_tokens,
        "sentences_kept": how.kept,
        "sentences_removed": how.removed,
        "statements_put_back": how.put_back,
    }
