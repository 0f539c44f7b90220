"""/metadata says what the server does, no more and no less."""

import pytest
from fhir.resources.R4B.capabilitystatement import CapabilityStatement

from ehr_clients.sandbox.params import TYPES, Kind, params_of
from tests.ehr_clients.sandbox.visitor import Visitor, communication


async def test_the_statement_is_valid_and_names_the_token_endpoint(visitor: Visitor) -> None:
    statement = (await visitor.get("/metadata")).json
    CapabilityStatement.model_validate(statement)
    assert statement["fhirVersion"] == "4.0.1"
    uris = statement["rest"][0]["security"]["extension"][0]
    assert uris["extension"] == [{"url": "token", "valueUri": visitor.server.token_url}]
    smart = (await visitor.get("/.well-known/smart-configuration")).json
    assert smart["token_endpoint"] == visitor.server.token_url
    assert smart["token_endpoint_auth_methods_supported"] == ["client_secret_basic", "client_secret_post"]


@pytest.mark.parametrize("resource_type", sorted(TYPES))
async def test_every_stated_search_parameter_works(visitor: Visitor, resource_type: str) -> None:
    values = {Kind.DATE: "2026", Kind.REFERENCE: "Patient/c1"}
    query = {name: values.get(param.kind, "x") for name, param in params_of(resource_type).items()}
    reply = await visitor.get(f"/{resource_type}", {"Prefer": "handling=strict"}, **query)
    assert (reply.status, reply.json.get("total")) == (200, 0)


async def test_every_stated_include_works(visitor: Visitor) -> None:
    statement = (await visitor.get("/metadata")).json
    for resource in statement["rest"][0]["resource"]:
        if resource["type"] in {"Patient", "DocumentReference", "Task"}:
            query = [f"_include={each}" for each in resource["searchInclude"]]
            query += [f"_revinclude={each}" for each in resource["searchRevInclude"]]
            reply = await visitor.send(
                "GET", f"/{resource['type']}?{'&'.join(query)}", headers={"Prefer": "handling=strict"}
            )
            assert reply.status == 200
            assert "Provenance:target" in resource["searchRevInclude"]


async def test_what_is_stated_as_absent_is_refused(visitor: Visitor) -> None:
    statement = (await visitor.get("/metadata")).json
    stated = next(each for each in statement["rest"][0]["resource"] if each["type"] == "Communication")
    assert (stated["updateCreate"], stated["conditionalUpdate"], stated["conditionalDelete"]) == (
        False,
        False,
        "not-supported",
    )
    assert (await visitor.put("/Communication/new", communication(id="new"))).status == 405
    assert (await visitor.put("/Communication?identifier=x", communication())).status == 405
    assert (await visitor.send("DELETE", "/Communication/new")).status == 405
