"""A person's own page: what they asked for, what waits for their decision, what they should accept."""

from bot.chat import Action, Button, Home, HomeLine, Who
from bot.clinic import StaffMember
from bot.drafts import Draft, State
from bot.flow import own_page, present, records, views
from bot.flow.intake import STRANGER
from bot.flow.office import Office

MOST = 20


async def home(office: Office, who: Who) -> Home:
    staff = office.people.by_chat(who)
    if staff is None:
        return Home(STRANGER, ())
    async with office.db.read() as conn:
        drafts = await records.open_drafts(conn)
    mine = [d for d in drafts if staff.id in {d.asked_by, d.decided_by}]
    for_me = [d for d in drafts if d not in mine and _concerns(d, staff)]
    sections = (("My open drafts", _lines(office, mine)), ("Waiting for me", _lines(office, for_me)))
    return Home(f"Hello {staff.name}.", (*sections, *own_page.sections(office, staff)))


def _concerns(draft: Draft, staff: StaffMember) -> bool:
    """Addressed to this person, or to their team and not accepted by anyone."""
    if draft.state is not State.FILED:
        return False
    return draft.to_staff == staff.id or (draft.to_staff is None and draft.team in staff.teams)


def _lines(office: Office, drafts: list[Draft]) -> tuple[HomeLine, ...]:
    lines = tuple(_line(office, draft) for draft in drafts[:MOST])
    rest = len(drafts) - len(lines)
    return (*lines, HomeLine(f"and {rest} more", "newest first")) if rest > 0 else lines


def _line(office: Office, draft: Draft) -> HomeLine:
    skill = office.shelf[draft.skill]
    accepts = skill.approval.acceptance is not None
    status = views.status_of(draft, present.names(office, draft), accepts=accepts)
    button = Button(Action.REVIEW, "Open", draft.id, draft.version, opens=True)
    return HomeLine(f"{skill.title} {draft.alias}", status.text, button)
