"""What accompanies a consented disclosure: the notice of 42 CFR 2.32(a), word for word, and the scope of the consent.

Both wordings are those of the 2024 rule (89 FR 12472; compliance by 16 February 2026). Compare with eCFR 2.32 at each
release: a test holds the sha256 of both, so that nobody changes a letter without noticing.
"""

from datetime import date, datetime
from typing import Final

from ehr_clients.models import Consent

SHORT: Final = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."  # 2.32(a)(2)
LONG: Final = (  # 2.32(a)(1)
    "This record which has been disclosed to you is protected by Federal confidentiality rules (42 CFR part 2). These "
    "rules prohibit you from using or disclosing this record, or testimony that describes the information contained in "
    "this record, in any civil, criminal, administrative, or legislative proceedings by any Federal, State, or local "
    "authority, against the patient, unless authorized by the consent of the patient, except as provided at 42 CFR "
    "2.12(c)(5) or as authorized by a court in accordance with 42 CFR 2.64 or 2.65. In addition, the Federal rules "
    "prohibit you from making any other use or disclosure of this record unless at least one of the following applies: "
    "(i) Further use or disclosure is expressly permitted by the written consent of the individual whose information "
    "is being disclosed in this record or as otherwise permitted by 42 CFR part 2. (ii) You are a covered entity or "
    "business associate and have received the record for treatment, payment, or health care operations, or (iii) You "
    "have received the record from a covered entity or business associate as permitted by 45 CFR part 164, subparts A "
    "and E. A general authorization for the release of medical or other information is NOT sufficient to meet the "
    "required elements of written consent to further use or redisclose the record (see 42 CFR 2.31)."
)
SHA256: Final = {
    "short": "79fee3d6dff7e052183c61b66bfed589f0f45dcf330bb277e07b396bd12e9774",
    "long": "d82205a18044f9f45776343d91e26d8ddb44bf13e136af169ec73d755facd9a8",
}
SUPERSEDED: Final = (  # of the rules before 2024; neither says what the law says now
    "prohibits unauthorized disclosure",
    "prohibit you from making any further disclosure",
)
PURPOSES: Final = {
    "TREAT": "treatment",
    "HPAYMT": "payment",
    "HOPERAT": "operations",
    "ETREAT": "emergency treatment",
    "HLEGAL": "legal proceedings",
}


def scope(consent: Consent) -> str:
    """A clear explanation of the scope of a consent (2.32(b)): to whom, for what, until when."""
    rule = consent.rule
    to = ", ".join(sorted(rule.actors)) if rule and rule.actors else "recipients not named"
    named = sorted(PURPOSES.get(code, code) for code in rule.purposes) if rule else []
    ends = f"until {_day(rule.ends)}" if rule and rule.ends else "no end date"
    return f"Consent on file: to {to}; for {', '.join(named) or 'a purpose not named'}; {ends}; can be revoked."


def scopes(consents: tuple[Consent, ...]) -> tuple[tuple[str, Consent], ...]:
    """The scope of every Part 2 consent in force, each with the consent it is of."""
    active = [c for c in consents if c.part2 and c.status == "active" and c.rule is not None and c.rule.permit]
    return tuple((scope(consent), consent) for consent in active)


def _day(when: datetime | date) -> str:
    return f"{when:%Y-%m-%d}"
