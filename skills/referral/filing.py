"""What both messages about a referral file beside themselves."""

from skills.kit import DraftText, ProvenanceWrite, Signed
from skills.referral.facts import ReferralFacts


def provenance(facts: ReferralFacts, text: DraftText, signed: Signed) -> ProvenanceWrite:
    return ProvenanceWrite(
        client_id=facts.client_id,
        targets=("@communication",),
        verifier=signed.by.ref,
        when=signed.at,
        sources=text.refs(),
    )
