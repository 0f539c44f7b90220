"""The door: who gets a token, what it is good for, and for how long."""

import base64
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ehr_clients.sandbox import SandboxServer
from ehr_clients.sandbox.oauth import ASSERTION_TYPE
from tests.ehr_clients.sandbox.visitor import SECRET, Reply, Visitor, communication

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP384R1())
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwks() -> dict[str, Any]:
    rsa_key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(RSA.public_key())) | {"kid": "rsa-1"}
    ec_key = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(EC.public_key())) | {"kid": "ec-1"}
    return {"keys": [rsa_key, ec_key]}


class Clock:
    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def door(small_chart: dict[str, Any], clock: Clock) -> AsyncIterator[Visitor]:
    async with (
        SandboxServer(
            bundles=[small_chart], client_secret=SECRET, jwks=jwks(), token_lifetime_s=15, clock=clock
        ) as server,
        aiohttp.ClientSession() as session,
    ):
        yield Visitor(server, session)


def claims(door: Visitor, **changed: Any) -> dict[str, Any]:
    now = int(time.time())
    mine = {
        "iss": "baton",
        "sub": "baton",
        "aud": door.server.token_url,
        "exp": now + 290,
        "jti": str(time.monotonic_ns()),
    }
    return {name: value for name, value in (mine | changed).items() if value is not None}


async def knock(door: Visitor, assertion: str, **form: str) -> Reply:
    return await door.ask_token(
        grant_type="client_credentials", client_assertion_type=ASSERTION_TYPE, client_assertion=assertion, **form
    )


def signed(payload: dict[str, Any], key: Any = RSA, alg: str = "RS384", kid: str | None = "rsa-1") -> str:
    return jwt.encode(payload, key, algorithm=alg, headers={"kid": kid} if kid else {})


async def test_the_secret_opens_in_the_form_and_as_basic(door: Visitor) -> None:
    by_form = await door.ask_token(grant_type="client_credentials", client_id="baton", client_secret=SECRET)
    basic = base64.b64encode(b"baton:open+sesame").decode()
    by_basic = await door.ask_token({"Authorization": f"Basic {basic}"}, grant_type="client_credentials")
    for reply in (by_form, by_basic):
        assert (reply.status, reply.json["expires_in"], reply.json["token_type"]) == (200, 15, "bearer")
        assert reply.headers["Cache-Control"] == "no-store"
    assert by_form.json["access_token"] != by_basic.json["access_token"]


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_id": "baton", "client_secret": "guess"}, 401, "invalid_client"),
        ({"client_id": "other", "client_secret": SECRET}, 401, "invalid_client"),
        ({}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"client_id": "baton", "client_secret": SECRET, "client_assertion": "x"}, 400, "invalid_request"),
        ({"client_id": "baton", "client_secret": SECRET, "scope": "patient/*.read openid"}, 400, "invalid_scope"),
    ],
)
async def test_a_wrong_form_gets_oauths_own_error(door: Visitor, form: dict[str, str], status: int, error: str) -> None:
    reply = await door.ask_token(**({"grant_type": "client_credentials"} | form))
    assert (reply.status, reply.json["error"]) == (status, error)


async def test_a_signed_assertion_opens(door: Visitor) -> None:
    assert (await knock(door, signed(claims(door)))).status == 200
    assert (await knock(door, signed(claims(door), EC, "ES384", "ec-1"), client_id="baton")).status == 200


async def test_an_assertion_opens_once(door: Visitor) -> None:
    assertion = signed(claims(door))
    assert (await knock(door, assertion)).status == 200
    assert (await knock(door, assertion)).json["error"] == "invalid_client"


WRONG_CLAIMS: list[dict[str, Any]] = [
    {"aud": "https://elsewhere.example/token"}, {"iss": "other"}, {"sub": "other"}, {"jti": None}, {"exp": None}, {"aud": None},
    {"exp": int(time.time()) + 3600}, {"exp": int(time.time()) - 5}, {"exp": True}, {"iss": None},
]  # fmt: skip


@pytest.mark.parametrize("changed", WRONG_CLAIMS)
async def test_an_assertion_with_a_wrong_claim_is_refused(door: Visitor, changed: dict[str, Any]) -> None:
    reply = await knock(door, signed(claims(door, **changed)))
    assert (reply.status, reply.json["error"]) == (401, "invalid_client")


async def test_an_assertion_with_a_wrong_signature_is_refused(door: Visitor) -> None:
    good = signed(claims(door))
    refused = [
        signed(claims(door), STRANGER),
        signed(claims(door), RSA, "RS256"),
        signed(claims(door), kid=None),
        signed(claims(door), kid="ec-1"),
        jwt.encode(claims(door), "", algorithm="none", headers={"kid": "rsa-1"}),
        good[:-8] + "AAAAAAAA",
        "not.a.jwt",
        "",
    ]
    assert [(await knock(door, each)).status for each in refused] == [401] * len(refused)
    assert (await knock(door, good)).status == 200


async def test_without_a_token_only_the_doorplates_can_be_read(door: Visitor) -> None:
    assert (await door.send("GET", "/metadata", headers={"Authorization": ""})).status == 200
    assert (await door.send("GET", "/.well-known/smart-configuration", headers={"Authorization": ""})).status == 200
    for authorization in ("", "Bearer guess", "Basic YTpi", "Bearer"):
        for method, path in (("GET", "/Patient/c1"), ("POST", "/Communication"), ("GET", "/"), ("POST", "/Robot")):
            reply = await door.send(method, path, headers={"Authorization": authorization})
            assert (reply.status, reply.issue) == (401, "login")
            assert reply.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_token_grows_old_and_can_be_revoked(door: Visitor, clock: Clock) -> None:
    await door.sign_in()
    clock.ahead = timedelta(seconds=14)
    assert (await door.get("/Patient/c1")).status == 200
    clock.ahead = timedelta(seconds=16)
    assert (await door.get("/Patient/c1")).status == 401
    await door.sign_in()
    assert (await door.get("/Patient/c1")).status == 200
    door.server.revoke_tokens()
    assert (await door.get("/Patient/c1")).status == 401


@pytest.mark.parametrize(
    ("scope", "read", "search", "create", "update"),
    [
        ("system/*.read", 200, 200, 403, 403),
        ("system/*.write", 403, 403, 201, 200),
        ("system/*.rs", 200, 200, 403, 403),
        ("system/*.r", 200, 403, 403, 403),
        ("system/Communication.cruds", 403, 403, 201, 200),
        ("system/Patient.read system/Communication.cu", 200, 200, 201, 200),
        ("system/Observation.read", 403, 403, 403, 403),
    ],
)
async def test_scopes_decide(door: Visitor, scope: str, read: int, search: int, create: int, update: int) -> None:
    await door.sign_in()
    mine = (await door.post("/Communication", communication())).json
    await door.sign_in(scope)
    assert (await door.get("/Patient/c1")).status == read
    assert (await door.get("/Patient")).status == search
    assert (await door.post("/Communication", communication())).status == create
    assert (await door.put("/Communication/" + mine["id"], mine)).status == update


async def test_scopes_decide_inside_a_bundle_too(door: Visitor) -> None:
    await door.sign_in("system/Observation.read")
    entry = {"request": {"method": "GET", "url": "Patient/c1"}}
    reply = await door.post("", {"resourceType": "Bundle", "type": "batch", "entry": [entry]})
    assert reply.json["entry"][0]["response"]["status"] == "403"
    write = {"request": {"method": "POST", "url": "Communication"}, "resource": communication()}
    reply = await door.post("", {"resourceType": "Bundle", "type": "transaction", "entry": [write]})
    assert reply.status == 403


async def test_no_more_is_granted_than_registered(small_chart: dict[str, Any]) -> None:
    async with (
        SandboxServer(
            bundles=[small_chart], client_secret=SECRET, scopes="system/*.rs system/Communication.cruds"
        ) as server,
        aiohttp.ClientSession() as session,
    ):
        door = Visitor(server, session)
        reply = await door.ask_token(
            grant_type="client_credentials", client_id="baton", client_secret=SECRET,
            scope="system/*.read system/*.write system/Communication.c system/Task.u",
        )  # fmt: skip
        assert reply.json["scope"] == "system/*.read system/Communication.c"
