"""What every browser is told, and what the open routes say to anybody."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.security.whole import Whole, whole

TEMPLATES = Path(__file__).parents[2] / "bot" / "web" / "templates"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(tmp_path) as running:
        yield running


@pytest.mark.parametrize(
    "address", ["/console", "/console/c/harbor-care", "/console/nothing", "/console/static/console.css"]
)
async def test_the_console_runs_nothing_inline_and_is_framed_by_nobody(site: Whole, address: str) -> None:
    headers = (await site.visitor().open(address)).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_no_template_holds_what_the_policy_would_block(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\bsrc=)", text)
    assert "|safe" not in text.replace(" ", "")


async def test_the_open_routes_name_nobody(site: Whole) -> None:
    names = [person.name.split()[-1] for person in site.baton.office.clinic.staff]
    for address in ("/healthz", "/readyz", "/metrics"):
        page = await site.visitor().open(address)
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert not [name for name in names if name in page.html]
        assert not re.search(r"\bC-1\d\d\b|Patient/|U0SB", page.html)
