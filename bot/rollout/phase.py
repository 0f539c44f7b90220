"""The one place that says in which phase a skill is for a team, and what a phase other than live means for a draft.

off: it says so. sandbox: only clients of the team's test list. shadow: only the pilot group, one-to-one. In the last
two a draft is decided as any other and kept in Baton's own store: nothing is filed and nobody else gets anything.
"""

from dataclasses import replace
from typing import Final

from bot.chat import CardView, Place, Status
from bot.clinic import StaffMember, Team
from bot.drafts import Draft, State
from bot.flow.office import Office
from bot.privacy.policy import Answer
from bot.rollout.changes import Phase
from skills.kit import Banner, Tone

CAREFUL: Final = tuple(Phase)
TOLD: Final = {
    Phase.OFF: "SWITCHED OFF since: nothing of this is filed, and nobody else gets it.",
    Phase.SANDBOX: "SANDBOX: a trial with a test client. Nothing is filed, and nobody else gets it.",
    Phase.SHADOW: "SHADOW: for the pilot group only. Nothing is filed, and the receiver gets nothing.",
}


def phase(office: Office, team: str, skill: str) -> Phase:
    """Now. What two people confirmed last, else the clinic file's; a skill that is not named there is live."""
    changed = office.phases.of(team, skill)
    return changed or Phase(office.clinic.team(team).rollout.get(skill, "live"))


def live(office: Office, team: str, skill: str) -> bool:
    return phase(office, team, skill) is Phase.LIVE


def refusal(office: Office, skill: str, title: str, team: Team, staff: StaffMember, place: Place) -> Answer | None:
    """Why this person gets no draft of it here. None: no reason."""
    match phase(office, team.id, skill):
        case Phase.OFF:
            return _no("rollout.off", f"{title} is not switched on for the {team.name} team yet.")
        case Phase.SHADOW if staff.id not in team.pilot:
            return _no("rollout.pilot", f"{title} is tried out by the pilot group of the {team.name} team only.")
        case Phase.SHADOW if not place.personal:
            return _no("rollout.shadow", f"{title} is in shadow: write to me directly, so that nobody else sees it.")
        case _:
            return None


def client_refused(office: Office, skill: str, team: str, client_id: str, alias: str) -> Answer | None:
    """In the sandbox phase: a client who is not on the team's test list."""
    if phase(office, team, skill) is not Phase.SANDBOX:
        return None
    if {client_id, alias} & set(office.clinic.team(team).sandbox_clients):
        return None
    return _no("rollout.sandbox", "This is tried out with the team's test clients only, and this is none of them.")


def _no(rule: str, sentence: str) -> Answer:
    return Answer(allowed=False, rule=rule, sentence=sentence)


# A draft


def held(office: Office, draft: Draft) -> Phase | None:
    """The phase that keeps a draft from being filed: today's or that of its making, the more careful one. None: live.

    A draft of the shadow time stays one when the skill goes live, and one that is under way stops when it goes back.
    The draft of an escalation is never held: a crisis has no trial.
    """
    if office.shelf[draft.skill].approval.escalates:
        return None
    made = office.phases.of(draft.team, draft.skill, draft.created_at)
    then = made or Phase(office.clinic.team(draft.team).rollout.get(draft.skill, "live"))
    found = min(then, phase(office, draft.team, draft.skill), key=CAREFUL.index)
    return None if found is Phase.LIVE else found


def shown(office: Office, draft: Draft, view: CardView) -> CardView:
    """The card, saying its phase; an approved one says that this was all. What is in the chart stays as it is said."""
    found = held(office, draft)
    if found is None or draft.state not in {State.WAITING, State.APPROVED}:
        return view
    card = replace(view.card, summary=(*view.card.summary, Banner(Tone.WARNING, TOLD[found])))
    if draft.state is State.WAITING:
        return replace(view, card=card)
    status = Status(Tone.DONE, f"Approved in the {found} phase. Nothing is filed, and nobody else gets it.")
    return replace(view, card=card, status=status)
