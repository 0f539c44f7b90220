"""A Bot Framework token issuer on loopback, in a thread of its own: whoever fetches its keys on the loop is found out."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, override

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

ISSUER = "https://api.botframework.com"


@lru_cache
def _key(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class TeamsIssuer:
    """`delay_s` makes it slow; `endorsements` are those of its one key."""

    endorsements: tuple[str, ...] = ("msteams",)
    delay_s: float = 0.0
    down: bool = False
    asked: list[str] = field(default_factory=list)
    url: str = ""

    @property
    def metadata_url(self) -> str:
        return f"{self.url}/v1/.well-known/openidconfiguration"

    def token(self, audience: str, service_url: str, *, key: str = "published", **claims: Any) -> str:
        now = int(time.time())
        said = {"iss": ISSUER, "aud": audience, "serviceurl": service_url, "iat": now, "nbf": now, "exp": now + 3600}
        return jwt.encode(said | claims, _key(key), algorithm="RS256", headers={"kid": f"kid-{key}"})

    def keys(self) -> dict[str, Any]:
        entry = jwt.algorithms.RSAAlgorithm.to_jwk(_key("published").public_key(), as_dict=True)
        return {"keys": [entry | {"kid": "kid-published", "use": "sig", "endorsements": list(self.endorsements)}]}


@contextmanager
def running_issuer(**settings: Any) -> Iterator[TeamsIssuer]:
    issuer = TeamsIssuer(**settings)

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            time.sleep(issuer.delay_s)
            body = json.dumps(issuer.keys()).encode()
            self.send_response(503 if issuer.down else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
