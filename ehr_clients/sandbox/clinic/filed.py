"""What somebody files in the sandbox clinic while it is open, for demos: a PHQ-9 as a portal would send it."""

from collections.abc import Sequence
from datetime import datetime

from ehr_clients.codes import LOINC, PHQ9
from ehr_clients.sandbox.clinic.terms import FREQUENCY
from ehr_clients.sandbox.outcome import Resource


def phq9(client_id: str, answers: Sequence[int], at: datetime) -> Resource:
    """A QuestionnaireResponse with the nine items, each 0 to 3."""
    items = [
        {"linkId": f"/{code}", "answer": [{"valueCoding": {"system": LOINC, "code": said[0], "display": said[1]}}]}
        for code, said in zip(PHQ9.items, (FREQUENCY[answer] for answer in answers), strict=True)
    ]
    return {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": f"http://loinc.org/q/{PHQ9.panel}",
        "status": "completed",
        "subject": {"reference": f"Patient/{client_id}"},
        "authored": at.isoformat(timespec="seconds"),
        "item": items,
    }
