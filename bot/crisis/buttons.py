"""The buttons of an escalation: each finds out who pressed and does what the typed word of the same name does."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from bot.chat import Action, Detail, Field, Form, Notice, Option, Picker, Press, Reply, sent_back
from bot.clinic import StaffMember
from bot.crisis import cards, form, moves, records, rights, verbs
from bot.crisis.disposition import Level
from bot.crisis.duty import duty, resources
from bot.crisis.escalation import State
from bot.crisis.records import Stored
from bot.crisis.sentences import standing
from bot.crisis.verbs import From
from bot.crisis.why import explained
from bot.flow import trail
from bot.flow.office import Office
from bot.privacy.audit import Action as Audited
from bot.privacy.policy import Answer
from skills.kit import Banner, Block, Row, Rows, Text, Title, Tone

STRANGER: Final = Notice(
    "I do not know you here. Ask your Baton administrator to add you to the clinic file.", Tone.STOP
)
MOST_SHOWN: Final = 60  # lines of a detail; `why E-17` has all


async def press(office: Office, pressed: Press) -> Reply:
    """What one press comes to. A stranger, or somebody who left, changes nothing, and that is recorded."""
    staff = office.people.by_chat(pressed.who)
    if staff is None:
        answer = Answer(allowed=False, rule="identity.unknown")
        about = trail.About("escalation", pressed.subject if records.number_of(pressed.subject) else "unknown")
        async with office.db.write() as conn:
            at = {"who": pressed.who, "place": pressed.place}
            await trail.note(conn, office, Audited.ACCESS_REFUSED, None, about, answer=answer, **at)
        return STRANGER
    return await _DOES[pressed.action](office, staff, pressed)


# One tap


async def _ack(office: Office, staff: StaffMember, pressed: Press) -> Reply:
    return await _with_buttons(office, pressed, await verbs.acknowledge(office, staff, pressed.subject, _at(pressed)))


async def _call(office: Office, staff: StaffMember, pressed: Press) -> Reply:
    return await verbs.call_me(office, staff, pressed.subject, _at(pressed))


async def _accept(office: Office, staff: StaffMember, pressed: Press) -> Reply:
    return await _with_buttons(office, pressed, await verbs.accept(office, staff, pressed.subject, _at(pressed)))


async def _decline(office: Office, staff: StaffMember, pressed: Press) -> Reply:
    return await verbs.decline(office, staff, pressed.subject, _at(pressed))


async def _confirm(office: Office, staff: StaffMember, pressed: Press) -> Reply:
    return await verbs.confirm_not_a_crisis(office, staff, pressed.subject, _at(pressed))


async def _close(office: Office, staff: StaffMember, pressed: Press) -> Reply:
    return await verbs.close(office, staff, pressed.subject, _at(pressed))


# Detail


async def _detail(office: Office, staff: StaffMember, pressed: Press) -> Reply:
    """What was signalled, with its sources; the story; whom to ring; the state's card. For those concerned only."""
    stored = await verbs.allowed(office, staff, pressed.subject, _at(pressed), rights.may_respond)
    if isinstance(stored, Notice):
        return stored
    async with office.db.write() as conn:
        signals = await records.signals(conn, office.seal, stored.number)
        told = await explained(conn, office.clinic, stored)
        about = moves.about(stored)
        at = {"who": pressed.who, "place": pressed.place}
        answer = Answer(allowed=True, rule=rights.YES.rule)
        await trail.note(conn, office, Audited.DETAIL_VIEWED, staff, about, answer=answer, **at)
    blocks: tuple[Block, ...] = (
        Title(f"{stored.code}, {stored.alias}"),
        Banner(Tone.STOP, standing(stored, office.clinic)),
        Rows(tuple(Row(f"Signal {n}", json.loads(words)["sentence"]) for n, words in enumerate(signals, start=1))),
        Rows(tuple(Row("To ring", line) for line in resources(office.clinic))),
        Banner(Tone.WARNING, duty(office.clinic)),
        *(Text(line) for line in told[1:][-MOST_SHOWN:]),
    )
    others = tuple(one for one in cards.buttons(stored) if one.action is not Action.CRISIS_DETAIL)
    return Detail(f"Crisis {stored.code}"[:24], blocks, others, subject=stored.code)


# What asks for more


async def _give(office: Office, staff: StaffMember, pressed: Press) -> Reply:
    stored = await verbs.allowed(office, staff, pressed.subject, _at(pressed), rights.may_respond)
    if isinstance(stored, Notice):
        return stored
    fit = [one for one in office.clinic.staff if rights.may_respond(one, concerned=True).allowed and one != staff]
    near = sorted(fit, key=lambda one: (stored.team not in one.teams, one.name))
    options = tuple(Option(one.id, f"{one.name}, {one.title}"[:75]) for one in near[:100])
    asked = f"To whom do you offer {stored.code}? You stay responsible until they accept."
    return Picker(asked, options, stored.code, action=Action.CRISIS_SAVE_GIVE)


async def _save_give(office: Office, staff: StaffMember, pressed: Press) -> Reply:
    to = pressed.values.get("choice", "")
    return await verbs.hand_over(office, staff, pressed.subject, to, _at(pressed))


async def _doubt(office: Office, staff: StaffMember, pressed: Press) -> Reply:
    stored = await verbs.allowed(office, staff, pressed.subject, _at(pressed), rights.may_respond)
    return stored if isinstance(stored, Notice) else _why_form(stored.code)


async def _save_doubt(office: Office, staff: StaffMember, pressed: Press) -> Reply:
    stored = await verbs.allowed(office, staff, pressed.subject, _at(pressed), rights.may_respond)
    if isinstance(stored, Notice):
        return stored
    why = pressed.values.get("reason", "").strip()
    if not why:
        return _why_form(stored.code, error="Say why in a few words.")
    return await verbs.not_a_crisis(office, staff, pressed.subject, why, _at(pressed))


def _why_form(code: str, error: str = "") -> Form:
    field = Field("reason", "Why it is not a crisis", max_length=2000, error=error)
    intro = "This closes nothing and stops no page: a second, licensed person must confirm it."
    return Form(Action.CRISIS_SAVE_DOUBT, f"Not a crisis {code}"[:24], intro, (field,), "Save", code, 0)


async def _assess(office: Office, staff: StaffMember, pressed: Press) -> Reply:
    stored = await verbs.allowed(office, staff, pressed.subject, _at(pressed), verbs.deciding(office))
    if isinstance(stored, Notice):
        return stored
    options = tuple(Option(one.value, one.value.capitalize()) for one in Level)
    asked = f"{stored.code}: the level you assessed with the client. It is yours: nothing is computed."
    return Picker(asked, options, stored.code, action=Action.CRISIS_SAVE_ASSESS)


async def _save_assess(office: Office, staff: StaffMember, pressed: Press) -> Reply:
    said = await assessed(office, staff, pressed.subject, pressed.values.get("choice", ""), _at(pressed))
    return await _with_buttons(office, pressed, said)


async def assessed(office: Office, staff: StaffMember, code: str, words: str, at: From) -> Notice:
    """Also for the typed `assess E-17 moderate`."""
    level = form.level_of(words)
    if level is None:
        return Notice(f"Say the level: assess {code} none, low, moderate or high.", Tone.WARNING)
    return await verbs.assess(office, staff, code, level, at)


async def _dispose(office: Office, staff: StaffMember, pressed: Press) -> Reply:
    return await disposition_form(office, staff, pressed.subject, _at(pressed))


async def disposition_form(office: Office, staff: StaffMember, code: str, at: From) -> Reply:
    """Also for the typed `disposition E-17`."""
    stored = await verbs.allowed(office, staff, code, at, verbs.deciding(office))
    if isinstance(stored, Notice):
        return stored
    if stored.now.state is not State.ASSESSED:
        return Notice(f"{standing(stored, office.clinic)} A disposition follows the assessment.", Tone.WARNING)
    return await _blank(office, stored)


async def _blank(office: Office, stored: Stored) -> Form:
    async with office.db.read() as conn:
        story = await records.story(conn, stored.number)
    level = next((str(one.body["level"]) for one in reversed(story) if one.kind == "assessed"), None)
    return form.blank(stored.code, level=level, duty=duty(office.clinic))


async def _save_dispose(office: Office, staff: StaffMember, pressed: Press) -> Reply:
    """What is missing comes back in words, with everything that was typed."""
    stored = await verbs.allowed(office, staff, pressed.subject, _at(pressed), verbs.deciding(office))
    if isinstance(stored, Notice):
        return stored
    zone, assessor = office.clinic.zone(stored.team), stored.now.assessed_by or staff.id
    done = form.filled(pressed.values, assessor=assessor, zone=zone)
    missing = done.form.missing() if done.form else ()
    if done.form is None or missing:
        error = f"Still missing: {'; '.join(missing)}." if missing else "Some fields need another look."
        return sent_back(await _blank(office, stored), pressed.values, done.wrong, error)
    said = await verbs.dispose(office, staff, pressed.subject, done.form, _at(pressed))
    if said.tone is not Tone.DONE:  # somebody was faster, or it went back: the words are still here
        return sent_back(await _blank(office, stored), pressed.values, {}, said.text)
    return await _with_buttons(office, pressed, said)


# Helpers


async def _with_buttons(office: Office, pressed: Press, said: Notice) -> Notice:
    """An answer that went through shows what can be done next."""
    number = records.number_of(pressed.subject)
    if said.tone is not Tone.DONE or number is None:
        return said
    async with office.db.read() as conn:
        stored = await records.one(conn, number)
    return Notice(said.text, said.tone, cards.buttons(stored)) if stored else said


def _at(pressed: Press) -> From:
    return From(pressed.who, pressed.place)


_DOES: Final[Mapping[Action, Callable[[Office, StaffMember, Press], Awaitable[Reply]]]] = {
    Action.CRISIS_ACK: _ack,
    Action.CRISIS_DETAIL: _detail,
    Action.CRISIS_CALL: _call,
    Action.CRISIS_GIVE: _give,
    Action.CRISIS_SAVE_GIVE: _save_give,
    Action.CRISIS_ACCEPT: _accept,
    Action.CRISIS_DECLINE: _decline,
    Action.CRISIS_DOUBT: _doubt,
    Action.CRISIS_SAVE_DOUBT: _save_doubt,
    Action.CRISIS_CONFIRM: _confirm,
    Action.CRISIS_ASSESS: _assess,
    Action.CRISIS_SAVE_ASSESS: _save_assess,
    Action.CRISIS_DISPOSE: _dispose,
    Action.CRISIS_SAVE_DISPOSE: _save_dispose,
    Action.CRISIS_CLOSE: _close,
}
VERBS: Final[Mapping[Action, Callable[[Office, Press], Awaitable[Reply]]]] = dict.fromkeys(_DOES, press)
