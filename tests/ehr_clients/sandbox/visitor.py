"""A plain HTTP visitor of the sandbox clinic, so that the tests speak FHIR and not aiohttp."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

import aiohttp

from ehr_clients.sandbox import SandboxServer

SECRET = "open sesame"


class Reply(NamedTuple):
    status: int
    json: dict[str, Any]
    headers: Mapping[str, str]

    @property
    def issue(self) -> str:
        """The code of the OperationOutcome's first issue."""
        assert self.json["resourceType"] == "OperationOutcome", self.json
        code: str = self.json["issue"][0]["code"]
        return code

    def ids(self, mode: str = "match") -> list[str]:
        return [e["resource"]["id"] for e in self.json.get("entry", []) if e["search"]["mode"] == mode]


class Visitor:
    def __init__(self, server: SandboxServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session
        self.token = ""

    async def sign_in(self, scope: str = "") -> None:
        reply = await self.ask_token(
            grant_type="client_credentials", client_id="baton", client_secret=SECRET, scope=scope
        )
        assert reply.status == 200, reply
        self.token = reply.json["access_token"]

    async def ask_token(self, headers: dict[str, str] | None = None, /, **form: Any) -> Reply:
        async with self.session.post(self.server.token_url, data=form, headers=headers) as response:
            return Reply(response.status, await response.json(), response.headers)

    async def get(self, path: str, headers: dict[str, str] | None = None, /, **query: Any) -> Reply:
        return await self.send("GET", path + ("?" + urlencode(query) if query else ""), headers=headers)

    async def post(self, path: str, resource: Any, headers: dict[str, str] | None = None) -> Reply:
        return await self.send("POST", path, json=resource, headers=headers)

    async def put(self, path: str, resource: Any, headers: dict[str, str] | None = None) -> Reply:
        return await self.send("PUT", path, json=resource, headers=headers)

    async def send(self, method: str, path: str, headers: dict[str, str] | None = None, **body: Any) -> Reply:
        url = path if path.startswith("http") else self.server.base_url + path
        sent = {"Authorization": f"Bearer {self.token}"} | (headers or {})
        async with self.session.request(method, url, headers=sent, **body) as response:
            text = await response.text()
            return Reply(response.status, await response.json(content_type=None) if text else {}, response.headers)


def communication(**elements: Any) -> dict[str, Any]:
    """A Communication about the client of the small chart that this server takes."""
    return {
        "resourceType": "Communication",
        "status": "completed",
        "subject": {"reference": "Patient/c1"},
        "payload": [{"contentString": "Warm handoff to the evening team."}],
    } | elements
