"""What goes to a recipient is recorded, in the commit that keeps its receipt, and never goes without its notice.

Everything is recorded, whatever the basis; which of it a client is told of is decided when they ask.
"""

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.drafts import Draft
from bot.flow.office import Office
from bot.flow.records import Content
from bot.privacy.consent import WITHIN_PROGRAM, holds_protected
from bot.privacy.disclosures import Basis, Details, Disclosure, record
from bot.privacy.notices import carried, superseded
from bot.store.jobs import Never
from ehr_clients.port import CommunicationWrite, DocumentWrite, Write
from skills.kit import Purpose, Step

_BASIS = {
    Purpose.TREATMENT: Basis.TREATMENT,
    Purpose.PAYMENT: Basis.PAYMENT,
    Purpose.OPERATIONS: Basis.OPERATIONS,
    Purpose.EMERGENCY: Basis.TREATMENT,
}


def check_notice(write: Write) -> None:
    """Raises Never when protected records would leave without the notice of 42 CFR 2.32, or with an outdated one."""
    if not isinstance(write, DocumentWrite | CommunicationWrite):
        return
    if superseded(write.text):
        raise Never("notice_outdated")
    if write.part2 and not carried(write.text):
        raise Never("notice_missing")


async def note_disclosure(
    conn: AsyncConnection, office: Office, draft: Draft, content: Content, step: Step, key: str, output_hash: str
) -> None:
    """Record a message that was stored. A document of our own chart is no disclosure."""
    if not isinstance(step.write, CommunicationWrite):
        return
    purpose = office.shelf[draft.skill].purpose
    basis = basis_of(content.consent_hash, purpose)
    if step.write.outside:  # what may be read within the program without consent does not leave it without one
        basis = Basis.CONSENT if step.write.part2 else _BASIS[purpose]
    consents = tuple(f"{ref}@{v}" for ref, v in content.sources.items() if ref.startswith("Consent/"))
    made = Disclosure(
        key=key,
        client_id=draft.client_id,
        at=office.clock(),
        basis=basis,
        purpose=purpose.value,
        part2=step.write.part2,
        details=_details(office, draft, purpose, outside=step.write.outside),
        draft_id=draft.id,
        consents=consents if basis is Basis.CONSENT else (),
        output_hash=output_hash,
        by=draft.decided_by or "baton",
    )
    await record(conn, office.seal, made)


def basis_of(stamp: str, purpose: Purpose) -> Basis:
    """With protected records in it: the consent, or none needed within one program (42 CFR 2.12(c)(3))."""
    if stamp == WITHIN_PROGRAM.stamp():
        return Basis.WITHIN_PROGRAM
    return Basis.CONSENT if holds_protected(stamp) else _BASIS[purpose]


def _details(office: Office, draft: Draft, purpose: Purpose, *, outside: str | None) -> Details:
    """To whom. Of a provider outside the name is known, and no address: that is where a person sends it."""
    title, words = office.shelf[draft.skill].title, purpose.name.lower()
    if outside:
        return Details(recipient=outside, description=title, purpose=words)
    to = office.people.by_id(draft.to_staff) if draft.to_staff else None
    recipient = f"{to.name}, {to.title}" if to else f"the {office.clinic.team(draft.team).name} team"
    return Details(recipient=recipient, address=office.clinic.clinic.name, description=title, purpose=words)
