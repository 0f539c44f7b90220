"""The sandbox clinic: an in-process FHIR R4 server over bundles of synthetic charts, strict so that a demo is honest.

    async with SandboxServer(bundles=[folder], state_file=file, client_id="baton", client_secret=...) as clinic:
        clinic.base_url, clinic.token_url        what a FHIR client is configured with
        clinic.faults.fail_next(2, 503)          make it misbehave (see faults.py)
        clinic.resources_written()               what was written since the charts were loaded, newest first

The way of one request, by file:
    server.py         sockets and HTTP: headers in, headers out, the door (Bearer token), faults
    oauth.py          who may come in: client secret or private_key_jwt, opaque tokens, scopes
    interaction.py    one request and its answer, from HTTP or from an entry of a bundle
    rest.py           what each interaction means: read, vread, history, search, create, update
    transactions.py   batch and transaction bundles, built from the same interactions
    validation.py     what a resource must have before it is stored
    query.py          reads a search; params.py is its table, dates.py its calendar
    search.py         what matches, in which order, and what comes along
    paging.py         the pages of one search, behind opaque links
    store.py          every version of every resource in memory, with its indexes; journal.py is the file behind it
    bundles.py        reads folders of FHIR bundles into the store, once
    capability.py     /metadata and the SMART configuration, generated from the tables the code runs on
    faults.py         what a test or a demo can make go wrong
    outcome.py paths.py references.py   the small words the others speak

The only log line names the class of an exception nobody expected: bodies and search values cannot get into it.
"""

from ehr_clients.sandbox.bundles import LoadReport
from ehr_clients.sandbox.faults import Faults
from ehr_clients.sandbox.server import SandboxServer

__all__ = ["Faults", "LoadReport", "SandboxServer"]
