"""A synthetic clinic: 18 charts written by hand, three teams, and the code that compiles them into FHIR R4 bundles."""

from ehr_clients.sandbox.clinic.compile import bundles

__all__ = ["bundles"]
