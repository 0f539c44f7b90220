"""Only what the telephone company signed, for this address and this body, is a callback.

The expected signatures were computed with openssl from the companies' public descriptions, not with this code.
"""

from collections.abc import AsyncIterator, Mapping

import aiohttp
import pytest

from bot.crisis.ways.plivo import Plivo
from bot.crisis.ways.telephone import Account, Form
from bot.crisis.ways.twilio import Twilio

TOKEN = "12345"
TWILIO_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
TWILIO_FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
TWILIO_SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="  # in Twilio's documentation
PLIVO_URL = "https://baton.example.org/crisis/plivo/status"
PLIVO_FORM = {"To": "12155550101", "Status": "failed", "MessageUUID": "m-1"}
NONCE = "05429567804466091622"
PLIVO_PLAIN = "fCaI4oJJAcKCZp/D/A3IC5EKjvQMkjmspfk9wydoYVg="
PLIVO_QUERY = "Zv3qLDfjUp1l9ZFbXSoc1snNaxT/sDKUFnrp4inJTGM="
PLIVO_NO_FIELDS = "rg6LLHaxTblOPcZF8+cWInk3sv0LpxSrTUQRjPnWCZU="


async def _never(ref: str) -> bool:
    return False


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as one:
        yield one


@pytest.fixture
def account() -> Account:
    return Account("AC1", TOKEN, "+12155550198", "http://127.0.0.1:9", "https://baton.example.org")


@pytest.fixture
def twilio(session: aiohttp.ClientSession, account: Account) -> Twilio:
    return Twilio(session, account, claimed=_never)


@pytest.fixture
def plivo(session: aiohttp.ClientSession, account: Account) -> Plivo:
    return Plivo(session, account, claimed=_never)


def _by_twilio(signature: str) -> Mapping[str, str]:
    return {"X-Twilio-Signature": signature}


def _by_plivo(signature: str, nonce: str = NONCE) -> Mapping[str, str]:
    return {"X-Plivo-Signature-V3": signature, "X-Plivo-Signature-V3-Nonce": nonce}


def test_the_signature_of_twilios_own_example_is_right(twilio: Twilio) -> None:
    assert twilio.genuine(TWILIO_URL, TWILIO_FORM, _by_twilio(TWILIO_SIGNATURE))


@pytest.mark.parametrize(
    ("url", "form", "signature"),
    [
        (TWILIO_URL, TWILIO_FORM, "SSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (TWILIO_URL, TWILIO_FORM, ""),
        ("https://mycompany.com/other.php?foo=1&bar=2", TWILIO_FORM, TWILIO_SIGNATURE),
        ("https://mycompany.com/myapp.php?foo=1", TWILIO_FORM, TWILIO_SIGNATURE),
        ("http://mycompany.com/myapp.php?foo=1&bar=2", TWILIO_FORM, TWILIO_SIGNATURE),
        (TWILIO_URL, TWILIO_FORM | {"Digits": "1"}, TWILIO_SIGNATURE),
        (TWILIO_URL, TWILIO_FORM | {"More": ""}, TWILIO_SIGNATURE),
    ],
    ids=["other", "none", "other path", "other query", "other scheme", "other body", "a field more"],
)
def test_a_signature_for_anything_else_is_wrong(twilio: Twilio, url: str, form: Form, signature: str) -> None:
    assert not twilio.genuine(url, form, _by_twilio(signature))


@pytest.mark.parametrize(
    ("url", "form", "signature"),
    [
        (PLIVO_URL, PLIVO_FORM, PLIVO_PLAIN),
        (PLIVO_URL, PLIVO_FORM, f"c29tZXRoaW5nIGVsc2U=,{PLIVO_PLAIN}"),
        (f"{PLIVO_URL}?b=2&a=1", PLIVO_FORM, PLIVO_QUERY),
        (PLIVO_URL, {}, PLIVO_NO_FIELDS),
    ],
    ids=["fields", "one of several", "query and fields", "neither"],
)
def test_plivos_signature_v3_is_right(plivo: Plivo, url: str, form: Form, signature: str) -> None:
    assert plivo.genuine(url, form, _by_plivo(signature))


@pytest.mark.parametrize(
    ("url", "form", "headers"),
    [
        (PLIVO_URL, PLIVO_FORM, _by_plivo(PLIVO_QUERY)),
        (PLIVO_URL, PLIVO_FORM, _by_plivo(PLIVO_PLAIN, "1")),
        (PLIVO_URL, PLIVO_FORM, _by_plivo("")),
        (PLIVO_URL, PLIVO_FORM, {}),
        (f"{PLIVO_URL}x", PLIVO_FORM, _by_plivo(PLIVO_PLAIN)),
        (PLIVO_URL, PLIVO_FORM | {"Status": "delivered"}, _by_plivo(PLIVO_PLAIN)),
    ],
    ids=["of another request", "other nonce", "empty", "none", "other address", "other body"],
)
def test_plivos_signature_for_anything_else_is_wrong(
    plivo: Plivo, url: str, form: Form, headers: Mapping[str, str]
) -> None:
    assert not plivo.genuine(url, form, headers)


def test_a_repetition_is_known_and_another_state_of_the_same_page_is_not(twilio: Twilio, plivo: Plivo) -> None:
    sent, failed = ({"MessageSid": "SM1", "MessageStatus": state} for state in ("sent", "failed"))
    assert twilio.delivery("status", sent, {}) == twilio.delivery("status", dict(sent), {})
    assert twilio.delivery("status", sent, {}) != twilio.delivery("status", failed, {})
    assert plivo.delivery("status", sent, _by_plivo("x", "1")) != plivo.delivery("status", sent, _by_plivo("x", "2"))


def test_an_account_shows_neither_token_nor_number(account: Account) -> None:
    assert TOKEN not in repr(account)
    assert "2155550198" not in repr(account)
