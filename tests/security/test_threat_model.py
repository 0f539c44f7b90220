"""SECURITY.md tells of every route there is, and every test it names is there."""

import re
from pathlib import Path

from bot.teams.service_urls import ServiceUrls
from tests.security.whole import whole

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if line.startswith("| `")]
OF_A_PROVIDER = re.compile(r"^/crisis/(twilio|plivo)/")


def _covers(named: str, path: str) -> bool:
    pattern = re.escape(named).replace(r"\*", ".*").replace("<provider>", "[a-z]+").replace(r"/\.\*", "(/.*)?")
    return re.fullmatch(pattern.replace("/.*", "(/.*)?"), path) is not None


async def test_every_route_of_the_running_product_is_in_the_table(tmp_path: Path) -> None:
    named = [route for row in ROWS for route in re.findall(r"`([^`]+)`", row[0])]
    async with whole(tmp_path) as running:
        paths = {resource.canonical for resource in running.baton.web.router.resources()}
    assert {"/slack/events", "/api/messages", "/console", "/healthz", "/crisis/twilio/reply"} <= paths
    assert not [path for path in sorted(paths) if not any(_covers(route, path) for route in named)]


def test_a_route_that_is_not_in_the_table_would_be_found() -> None:
    assert _covers("/console/*", "/console/c/{conversation}/say")
    assert _covers("/console/*", "/console")
    assert _covers("/crisis/<provider>/*", "/crisis/plivo/reply")
    assert not _covers("/console/*", "/consoles")
    assert not _covers("/slack/events", "/slack/event")


def test_every_test_named_is_there() -> None:
    named = re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", TEXT)
    assert len(named) > 20
    for path, test in named:
        assert (ROOT / path).exists(), path
        if test:
            assert re.search(rf"^(async )?def {test}\(", (ROOT / path).read_text(), re.MULTILINE), f"{path}::{test}"


def test_every_row_names_a_threat_a_mitigation_and_a_test() -> None:
    assert len(ROWS) > 20
    for row in ROWS:
        assert len(row) == 4, row
        assert all(row), row
        assert "`tests/" in row[3], row


def test_no_address_out_of_a_payload_is_fetched() -> None:
    """Service URLs of Teams are the only addresses of a payload that are ever called; metadata and loopback are not."""
    urls = ServiceUrls()
    refused = [
        "http://169.254.169.254/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://localhost/",
        "file:///etc/passwd",
    ]
    refused += ["https://smba.trafficmanager.net.evil.example/", "https://evil.example#smba.trafficmanager.net"]
    assert not [url for url in refused if urls.allows(url)]
    assert urls.allows("https://smba.trafficmanager.net/teams")
