"""Who may do what with an escalation. Pure; an answer carries its rule. Whoever was paged may always answer."""

from datetime import datetime

from bot.clinic import StaffMember
from bot.crisis.recipients import CLINICAL
from bot.people import licensed
from bot.privacy.policy import Answer
from skills.kit import Role

YES = Answer(allowed=True, rule="crisis.responder")


def may_respond(staff: StaffMember, *, concerned: bool) -> Answer:
    """Acknowledge, hand over, accept, say that it is no crisis. `concerned`: paged, of the team, or treating."""
    if not staff.active:
        return Answer(allowed=False, rule="identity.inactive", sentence="You are no longer active in the clinic file.")
    if not set(staff.roles) & CLINICAL:
        sentence = "A crisis is answered by a clinician, a prescriber or a supervisor. Please call one of them."
        return Answer(allowed=False, rule="role.crisis", sentence=sentence)
    if concerned or Role.SUPERVISOR in staff.roles:
        return YES
    sentence = "You were not paged for this escalation and are not on its team, so nothing is shown."
    return Answer(allowed=False, rule="crisis.not_concerned", sentence=sentence)


def may_decide(staff: StaffMember, now: datetime, *, concerned: bool) -> Answer:
    """Assess, dispose, confirm, close: a clinical judgement, so with a current licence."""
    answer = may_respond(staff, concerned=concerned)
    if answer.allowed and not licensed(staff, now.date()):
        sentence = "This is a clinical judgement and needs a current licence on file. Ask a licensed colleague."
        return Answer(allowed=False, rule="licence.crisis", sentence=sentence)
    return answer


def may_ask_why(staff: StaffMember, *, concerned: bool) -> Answer:
    """What fired and what did not: those concerned, and compliance."""
    if staff.active and Role.COMPLIANCE in staff.roles:
        return Answer(allowed=True, rule="operations.compliance")
    return may_respond(staff, concerned=concerned)
