"""The strict server from PyPI, `sekmet-fhir`, as a subprocess: started once a session, on a loopback port, stopped by its pid."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ehr_clients.smart_auth import PrivateKey, SmartBackend

type Json = dict[str, Any]
SCOPE = "system/*.read system/*.write"
_ABSENT = {
    "CareTeam",
    "QuestionnaireResponse",
    "Questionnaire",
    "RiskAssessment",
    "DetectedIssue",
    "CommunicationRequest",
}


@dataclass(frozen=True)
class Sekmet:
    base_url: str
    keys: dict[str, PrivateKey]  # by algorithm

    def auth(self, algorithm: str = "ES384") -> SmartBackend:
        return SmartBackend(self.keys[algorithm], base_url=self.base_url, scope=SCOPE)


@contextmanager
def running(folder: Path) -> Iterator[Sekmet]:
    command = shutil.which("sekmet", path=str(Path(sys.executable).parent))
    assert command is not None, "sekmet-fhir is a development dependency"
    keys = {"RS384": _key(folder, "rsa"), "ES384": _key(folder, "ec")}
    port = _free_port()
    base_url = f"http://127.0.0.1:{port}/fhir"
    settings = folder / "settings.yaml"
    settings.write_text(json.dumps(_settings(folder, port, base_url, keys)))
    with (folder / "sekmet.log").open("wb") as log:
        process = subprocess.Popen([command, "serve", "-c", str(settings)], cwd=folder, stdout=log, stderr=log)
        try:
            _wait_until_up(process, f"{base_url}/metadata")
            yield Sekmet(base_url, keys)
        finally:
            os.kill(process.pid, signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)


async def load(server: Sekmet, resources: list[Json]) -> list[Json]:
    """Puts what this server takes and returns it: references to what it has no type for are left out with their resource."""
    taken = [resource for resource in resources if resource["resourceType"] not in _ABSENT]
    async with aiohttp.ClientSession() as session:
        header = await server.auth().authorization(session)
        headers = {"Authorization": header or "", "Content-Type": "application/fhir+json"}
        entries = [
            {"resource": resource, "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"}}
            for resource in taken
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        async with session.post(server.base_url, data=json.dumps(bundle), headers=headers) as answer:
            assert answer.status == 200, (await answer.text())[:500]
    await asyncio.sleep(0)
    return taken


def _settings(folder: Path, port: int, base_url: str, keys: dict[str, PrivateKey]) -> Json:
    clients = [
        {"client_id": key.client_id, "jwks": {"keys": [_public(key)]}, "scopes": "system/*.*"} for key in keys.values()
    ]
    return {
        "base_url": base_url,
        "host": "127.0.0.1",
        "port": port,
        "public_url": f"http://127.0.0.1:{port}",
        "data_dir": str(folder / "data"),
        "own_private_key_path": str(folder / "own.pem"),
        "server_auth": {
            "types": ["smart"],
            "token_lifetime": 15,
            "enforce_scopes": True,
            "smart_clients": clients,  # one for each kind of key: a set of both kinds makes this server stumble
        },
        "validation": {"inbound": "strict"},
        "simulator": {"enabled": False},
        "log_inbound": False,
    }


def _key(folder: Path, kind: str) -> PrivateKey:
    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP384R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return PrivateKey(f"baton-{kind}", f"key-{kind}", pem)


def _public(key: PrivateKey) -> Json:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    private: Any = load_pem_private_key(key.pem, None)
    algorithm: Any = jwt.get_algorithm_by_name(key.algorithm())
    found: Json = algorithm.to_jwk(private.public_key(), as_dict=True)
    return found | {"kid": key.key_id, "alg": key.algorithm(), "use": "sig", "key_ops": ["verify"]}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_up(process: "subprocess.Popen[bytes]", url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, "sekmet stopped by itself; see sekmet.log"
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("sekmet did not come up")
