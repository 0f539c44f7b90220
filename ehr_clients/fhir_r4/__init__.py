"""Any EHR that speaks FHIR R4.

client.py is the port; reading.py and writing.py do the work; searching.py and sections.py ask; mapping.py, notes.py and
instruments.py put answers into words; builders.py makes what is written; labels.py says how things may travel.
"""

from ehr_clients.fhir_r4.client import FhirR4, FhirR4Settings

__all__ = ["FhirR4", "FhirR4Settings"]
