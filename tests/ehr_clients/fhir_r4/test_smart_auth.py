import asyncio
import base64
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ehr_clients.errors import EhrRefused, EhrUnavailable
from ehr_clients.http import FhirHttp
from ehr_clients.smart_auth import ClientSecret, PrivateKey, SmartBackend
from tests.ehr_clients.fhir_r4.scripted import Scripted, hangs_up, says, says_text


def pem(key: Any) -> bytes:
    found: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return found


RSA, P384 = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())
SECRET = ClientSecret("baton", "s3cret:/ü")


def token(number: int = 1, life: object = 300) -> Any:
    return says(200, {"access_token": f"t{number}", "token_type": "bearer", "expires_in": life})


@pytest.mark.parametrize(("key", "algorithm"), [(RSA, "RS384"), (P384, "ES384")])
async def test_an_assertion_is_signed_for_this_token_server_and_short_lived(key: Any, algorithm: str) -> None:
    async with Scripted([token()]) as server, aiohttp.ClientSession() as session:
        url = f"{server.base_url}/token"
        auth = SmartBackend(
            PrivateKey("baton", "k1", pem(key)), base_url=server.base_url, token_url=url, scope="system/*.cruds"
        )
        assert await auth.authorization(session) == "Bearer t1"
        form = parse_qs(server.asked[0][3].decode())
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        claims = jwt.decode(form["client_assertion"][0], public, algorithms=[algorithm], audience=url)
    header = jwt.get_unverified_header(form["client_assertion"][0])
    assert (header["alg"], header["kid"]) == (algorithm, "k1")
    assert claims["iss"] == claims["sub"] == "baton"
    assert claims["exp"] - claims["iat"] <= 300
    assert form["scope"] == ["system/*.cruds"]


async def test_every_assertion_is_used_once() -> None:
    key = PrivateKey("baton", "k1", pem(P384))
    assertions = [key.form_and_headers("https://t")[0]["client_assertion"] for _ in range(3)]
    found = {jwt.decode(assertion, options={"verify_signature": False})["jti"] for assertion in assertions}
    assert len(found) == 3


def test_another_kind_of_key_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="P-384"):
        PrivateKey("baton", "k1", pem(ec.generate_private_key(ec.SECP256R1())))


def test_secrets_do_not_print() -> None:
    assert "s3cret" not in repr(SECRET)
    assert "PRIVATE" not in repr(PrivateKey("baton", "k1", pem(P384)))


async def test_a_client_secret_goes_by_basic_authentication() -> None:
    async with Scripted([token()]) as server, aiohttp.ClientSession() as session:
        await SmartBackend(SECRET, base_url=server.base_url, token_url=server.base_url).authorization(session)
        sent = base64.b64decode(server.asked[0][2]["Authorization"].removeprefix("Basic ")).decode()
    assert sent == "baton:s3cret%3A%2F%C3%BC"


async def test_the_token_server_is_discovered() -> None:
    async with Scripted([token()]) as server, aiohttp.ClientSession() as session:
        server.answers.insert(0, says(200, {"token_endpoint": f"{server.base_url}/t"}))
        await SmartBackend(SECRET, base_url=server.base_url).authorization(session)
        assert [path for _, path, _, _ in server.asked] == ["/fhir/.well-known/smart-configuration", "/fhir/t"]


async def test_many_callers_share_one_token() -> None:
    async with Scripted([token(1), token(2)]) as server, aiohttp.ClientSession() as session:
        auth = SmartBackend(SECRET, base_url=server.base_url, token_url=server.base_url)
        headers = await asyncio.gather(*(auth.authorization(session) for _ in range(20)))
        assert set(headers) == {"Bearer t1"}
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("life", "still_good_at", "renewed_at"), [(15, 11.9, 12.1), (3600, 3539, 3541), ("oops", 47, 49)]
)
async def test_a_token_is_renewed_a_little_before_its_end(
    life: object, still_good_at: float, renewed_at: float
) -> None:
    now = 0.0
    async with Scripted([token(1, life), token(2, life)]) as server, aiohttp.ClientSession() as session:
        auth = SmartBackend(SECRET, base_url=server.base_url, token_url=server.base_url, clock=lambda: now)
        await auth.authorization(session)
        now = still_good_at
        assert await auth.authorization(session) == "Bearer t1"
        now = renewed_at
        assert await auth.authorization(session) == "Bearer t2"


async def test_a_rejected_token_is_replaced_once_and_the_request_sent_again() -> None:
    """The FHIR server forgot the first token; a second 401 would be final."""

    async def fhir(request: web.Request) -> web.StreamResponse:
        return web.json_response({"ok": True}, status=200 if request.headers["Authorization"] == "Bearer t2" else 401)

    async with Scripted([token(1), token(2), token(3)]) as tokens, Scripted([fhir]) as server:
        auth = SmartBackend(SECRET, base_url=server.base_url, token_url=tokens.base_url)
        async with FhirHttp(server.base_url, auth=auth) as http:
            await http.get("Patient/1")
            assert len(server.asked) == 2
            assert len(tokens.asked) == 2


async def test_a_second_401_is_a_refusal() -> None:
    async with Scripted([token(1), token(2), token(3)]) as tokens, Scripted([says(401)]) as server:
        auth = SmartBackend(SECRET, base_url=server.base_url, token_url=tokens.base_url)
        async with FhirHttp(server.base_url, auth=auth) as http:
            with pytest.raises(EhrRefused, match="credentials"):
                await http.get("Patient/1")
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (says(401, {"error": "invalid_client", "error_description": "s3cret"}), EhrRefused),
        (says(400, {"error": "invalid_scope"}), EhrRefused),
        (says(200, {"token_type": "bearer"}), EhrRefused),
        (says(503), EhrUnavailable),
        (says(429), EhrUnavailable),
        (says_text("<html>"), EhrUnavailable),
        (hangs_up, EhrUnavailable),
    ],
)
async def test_a_token_server_that_says_no_or_nothing(answer: Any, error: type[Exception]) -> None:
    async with Scripted([answer]) as server, aiohttp.ClientSession() as session:
        auth = SmartBackend(SECRET, base_url=server.base_url, token_url=f"{server.base_url}/t", timeout_s=0.3)
        with pytest.raises(error) as caught:
            await auth.authorization(session)
    told = f"{caught.value} {caught.value.__context__!r}"
    assert "s3cret" not in told
    assert "127.0.0.1" not in told


async def test_a_discovered_token_server_must_be_as_secure_as_the_ehr() -> None:
    async with Scripted([says(200, {"token_endpoint": "ftp://x"})]) as server, aiohttp.ClientSession() as session:
        with pytest.raises(EhrRefused, match="token server"):
            await SmartBackend(SECRET, base_url=server.base_url).authorization(session)
