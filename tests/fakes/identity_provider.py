"""The certified `oidc-provider` of npm on loopback, and a person who signs in on its own pages."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import aiohttp
from yarl import URL

from tests.fakes.node import NODE_FOLDER, require_node
from tests.fakes.visitor import _read

CLIENT_ID, CLIENT_SECRET = "baton-console", "a secret:of the client/in tests"


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    issuer: str

    async def signs_in(self, browser: aiohttp.ClientSession, address: str, login: str, *, until: str) -> str:
        """Walks the provider's pages as `login` and returns the address it sends the browser back to."""
        for _ in range(12):
            if address.startswith(until):
                return address
            async with browser.get(URL(address, encoded=True), allow_redirects=False) as answer:
                page = await answer.text()
            if answer.status in {302, 303}:
                address = urljoin(address, answer.headers["Location"])
                continue
            assert answer.status == 200, (answer.status, page[:300])
            forms = _read(page).forms  # it signs a session out by itself when somebody else's credentials are given
            form = next((each for each in forms if "prompt" in each.fields), forms[0])
            fields = form.fields | ({"login": login, "password": "any"} if "login" in form.fields else {})
            async with browser.post(urljoin(address, form.action), data=fields, allow_redirects=False) as answer:
                assert answer.status in {302, 303}, (answer.status, (await answer.text())[:300])
                address = urljoin(address, answer.headers["Location"])
        raise AssertionError(f"The provider never sent the browser back: {urlsplit(address).path}")


@asynccontextmanager
async def identity_provider(
    redirect_uri: str, accounts: Mapping[str, Mapping[str, object]]
) -> AsyncIterator[IdentityProvider]:
    """Its accounts are the logins that may be typed, with what it says about each."""
    node = require_node("oidc-provider")
    given = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "redirect_uri": redirect_uri, "accounts": accounts}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        node, "oidc_provider.mjs", json.dumps(given), cwd=NODE_FOLDER, stdin=pipe, stdout=pipe, stderr=pipe
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        issuer = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip()
        assert issuer, "The identity provider did not start."
        yield IdentityProvider(issuer)
    finally:
        process.stdin.close()
        await asyncio.wait_for(process.communicate(), 10)
