"""Where the bot's words may be sent: Microsoft's own connector hosts, over https, and nowhere else."""

from dataclasses import dataclass
from urllib.parse import urlsplit

GLOBAL_SERVICE_URL = "https://smba.trafficmanager.net/teams"
MICROSOFT_HOSTS = frozenset(
    {
        "smba.trafficmanager.net",
        "smba.infra.gcc.teams.microsoft.com",
        "smba.infra.gov.teams.microsoft.us",
        "smba.infra.dod.teams.microsoft.us",
    }
)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class ServiceUrls:
    """`loopback` is for tests and Microsoft's local test client: it also allows plain http to this machine."""

    hosts: frozenset[str] = MICROSOFT_HOSTS
    loopback: bool = False

    def allows(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
            host, _port = parts.hostname or "", parts.port
        except ValueError:
            return False
        if parts.username or parts.password:
            return False
        if self.loopback and host in LOOPBACK:
            return parts.scheme in {"http", "https"}
        return parts.scheme == "https" and host in self.hosts
