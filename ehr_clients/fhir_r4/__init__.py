"""Any EHR that speaks FHIR R4.

client.py        the port
sections.py      which searches answer which section; searching.py runs them
reading.py       one client's chart: asks, completes names and texts, puts into words
material.py      what was read, and what of it may be shown; labels.py says how it may travel
mapping.py       section -> words: people treatment plans coordination consents notes instruments
values.py        tolerant readers of raw JSON; plain_text.py those of attachments
writing.py       stores once, reads back, compares; builders.py makes the resources
"""

from ehr_clients.fhir_r4.client import FhirR4, FhirR4Settings

__all__ = ["FhirR4", "FhirR4Settings"]
