"""What leaves for somebody outside: a template's list of fields, and nothing else. Data, with the rule each rests on.

A recipient outside treatment gets the minimum for the purpose (45 CFR 164.502(b), 164.514(d)(3)), or what the
authorization names (164.508). A field that is not on the list does not travel, whoever asks for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.privacy.fields import FieldClass

F = FieldClass


@dataclass(frozen=True, slots=True)
class TemplateField:
    name: str  # in words, as the card says it
    of: FieldClass


@dataclass(frozen=True, slots=True)
class Template:
    """`needs_authorization`: a signed HIPAA authorization (164.508), by its id. `blocked` names who decides instead."""

    name: str
    recipient: str  # "the school"
    rule: str
    fields: tuple[TemplateField, ...]
    needs_authorization: bool
    blocked: str | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """What travels, and the names of what was offered and does not. `refused`: why nothing travels at all."""

    sent: Mapping[str, str]
    left_out: tuple[str, ...]
    rule: str
    refused: str | None = None


def _fields(of: FieldClass, *names: str) -> tuple[TemplateField, ...]:
    return tuple(TemplateField(name, of) for name in names)


AUTHORIZATION = _fields(F.IDENTITY, "authorization id")
SCHOOL = Template(
    name="school",
    recipient="the school",
    rule="template.school",
    fields=(*AUTHORIZATION, *_fields(F.SCHEDULE, "attendance dates"), *_fields(F.PLAN, "limits", "accommodations")),
    needs_authorization=True,
)
EMPLOYER = Template(  # WH-380-E goes to the employee; the diagnosis is off, genetic information is never on it
    name="employer",
    recipient="the employer",
    rule="template.fmla",  # 29 CFR 825.306; 29 CFR 1635 (GINA)
    fields=(
        *_fields(F.IDENTITY, "authorization id", "provider"),
        *_fields(F.SCHEDULE, "start", "duration", "intermittent frequency and duration"),
        *_fields(F.PLAN, "incapacity", "functions affected"),
    ),
    needs_authorization=True,
)
PAYER = Template(
    name="prior_auth",
    recipient="the payer",
    rule="template.prior_auth",  # payment: 164.506(c), minimum necessary applies
    fields=(
        *_fields(F.COVERAGE, "member", "plan", "codes and units"),
        *_fields(F.SCHEDULE, "dates of service"),
        *_fields(F.DX, "diagnosis"),
        *_fields(F.PLAN, "criteria met", "treatment plan", "failed care"),
        *_fields(F.SAFETY, "risk level"),
        *_fields(F.IDENTITY, "NPI", "peer-to-peer line"),
    ),
    needs_authorization=False,
)
REFERRAL = Template(
    name="referral",
    recipient="the provider referred to",
    rule="template.referral",  # treatment by a provider: exempt (164.502(b)(2)(i)); the list is still the list
    fields=(
        *_fields(F.IDENTITY, "name", "birth date", "consents", "reply-to"),
        *_fields(F.CONTACT, "phone", "language"),
        *_fields(F.PLAN, "reason and question", "urgency", "tried treatments", "barriers", "needed by"),
        *_fields(F.DX, "diagnosis"),
        *_fields(F.MEDS, "medications", "allergies"),
        *_fields(F.SAFETY, "risk"),
        *_fields(F.MEASURES, "measures"),
        *_fields(F.COVERAGE, "coverage"),
    ),
    needs_authorization=False,
)
LEGAL = Template(
    name="legal",
    recipient="a court, an attorney or the police",
    rule="part2.subpart_e",  # 42 CFR 2.61-2.67; 45 CFR 164.512(e), (f)
    fields=(),
    needs_authorization=False,
    blocked="compliance",
)
ALL: Final = (SCHOOL, EMPLOYER, PAYER, REFERRAL, LEGAL)


def cut(template: Template, offered: Mapping[str, str]) -> Cut:
    """The template's own fields of what is offered; every other is named as left out."""
    everything = tuple(offered)
    if template.blocked:
        words = f"Requests of {template.recipient} go to {template.blocked}; nothing is sent from here."
        return Cut({}, everything, template.rule, words)
    if template.needs_authorization and not offered.get("authorization id", "").strip():
        return Cut({}, everything, "authorization.required", f"Sending to {template.recipient} needs an authorization.")
    names = [field.name for field in template.fields]
    sent = {name: offered[name] for name in names if offered.get(name, "").strip()}
    return Cut(sent, tuple(name for name in offered if name not in names), template.rule)
