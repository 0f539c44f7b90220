"""Presses everything that can be pressed, as everybody, and fills in every form twice: empty, then in full.

It knows no skill: what it does next follows from the buttons and forms that the product itself put up.
"""

from collections.abc import Collection, Mapping

from bot.chat import Action, Field, Form, Reply
from tests.parity.views import Key
from tests.parity.worlds import World

SENTENCE = "I saw him on Monday, we went through the plan, and I ring him on Thursday."
KNOWN: Mapping[str, str] = {
    "owner": "osei",
    "days": "3",
    "due": "2026-12-01",
    "kind": "resolved",
    "level": "low",
    "means": "done",
    "safety_plan_on": "2026-11-23",
    "next_contact_at": "2026-11-25 10:00",
    "contacts": "mother 215-555-0100",
    "notified": "nobody",
    "when": "",
    "step": "accepted",
    "how": "call",
}
LATE = {Action.APPROVE: 1, Action.REJECT: 2, Action.RECALL: 3}
MOST = 250  # presses of one walk: a product that puts up new buttons for ever would be walked for ever


async def walk(
    world: World, cast: Collection[str], *, outsiders: Collection[str] = (), avoid: Collection[Action] = ()
) -> set[Action]:
    """From what stands there now until nothing is left that somebody has not tried. What was pressed and sent.

    `outsiders` try each kind of button once; the `cast` every page of each, and what is there to read anew in each version.
    """
    tried, done = set[object](), set[Action]()
    for _ in range(MOST):
        found = _next(world, cast, outsiders, tried, avoid)
        if found is None:
            return done
        person, button, trial = found
        tried.add(trial)
        done.add(Action(button.action))
        for form in _forms(await world.press(person, button)):
            done |= await _filled(world, person, form)
    raise AssertionError(f"After {MOST} presses there are still new buttons")


def _next(
    world: World, cast: Collection[str], outsiders: Collection[str], tried: set[object], avoid: Collection[Action]
) -> tuple[str, Key, object] | None:
    """Looking before deciding, else in the order in which actions are named."""
    trials: list[tuple[Key, str, object]] = [
        (button, person, (person, button.action)) for person in outsiders for button in world.offered(person)
    ]
    trials += [
        (button, person, (person, button, _read_anew(world, button)))
        for person in cast
        for button in world.offered(person)
    ]
    for button, person, trial in sorted(trials, key=lambda one: _turn(one[0])):
        if trial not in tried and button.action not in avoid:
            return person, button, trial
    return None


def _read_anew(world: World, button: Key) -> int:
    """Each version is read from its first page to its last before anybody may decide about it."""
    return world.version(button) if button.action == Action.REVIEW else 0


def _turn(button: Key) -> tuple[int, int]:
    return LATE.get(Action(button.action), 0), [*Action].index(Action(button.action))


def _forms(said: list[Reply]) -> list[Form]:
    return [view for view in said if isinstance(view, Form)][-1:]


async def _filled(world: World, person: str, form: Form) -> set[Action]:
    """Empty first: the form comes back with what is wrong. Then with all that it asks for."""
    again = _forms(await world.submit(person, form.action.value, dict.fromkeys((f.key for f in form.fields), "")))
    if again:
        values = {field.key: KNOWN.get(field.key) or _words(field) for field in form.fields}
        await world.submit(person, form.action.value, values)
    return {form.action}


def _words(field: Field) -> str:
    """A line more than there was."""
    return f"{field.value}\n{SENTENCE}".strip() if field.multiline else field.value or SENTENCE
