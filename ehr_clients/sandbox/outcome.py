"""How this server says no: an HTTP status and an OperationOutcome, in a sentence without patient data."""

from collections.abc import Mapping
from typing import Any

type Resource = dict[str, Any]
"""FHIR JSON as it came. A server of any resource type has no narrower type for it; clients of ours map it to models."""


class FhirError(Exception):
    """The request ends here: `status` and one issue with a FHIR issue-type `code`. The text never repeats request
    values.
    """

    def __init__(self, status: int, code: str, text: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text
        self.headers = dict(headers or {})

    def outcome(self) -> Resource:
        return outcome("error", self.code, self.text)


def outcome(severity: str, code: str, text: str) -> Resource:
    issue = {"severity": severity, "code": code, "diagnostics": text}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def invalid(text: str) -> FhirError:
    return FhirError(400, "invalid", text)


def not_found(text: str) -> FhirError:
    return FhirError(404, "not-found", text)


def not_supported(text: str, *, status: int = 400) -> FhirError:
    return FhirError(status, "not-supported", text)
