"""`/baton help | whoami | status | queue` on every platform: about the person and the machine, never about a client."""

from pathlib import Path

import pytest

from bot.chat import Notice, Place, Platform, Typed, Who
from bot.flow import baton
from ehr_clients.errors import EhrUnavailable
from skills.kit import Tone
from tests.fakes.office import HARBOR, LOUNGE, SLACK_HARBOR, Between, Json, Work, at_work

EVERYWHERE = [HARBOR, LOUNGE, SLACK_HARBOR]


async def asked(work: Work, words: str, by: str = "vega", at: Place = HARBOR) -> str:
    said = await work.typed(by, words, at)
    assert isinstance(said, Notice)
    return said.text


@pytest.mark.parametrize("at", EVERYWHERE, ids=lambda place: f"{place.platform}-{place.conversation}")
@pytest.mark.parametrize("words", ["/baton whoami", "baton whoami", "whoami", "Whoami"])
async def test_whoami_says_what_the_clinic_file_knows(tmp_path: Path, words: str, at: Place) -> None:
    async with at_work(tmp_path) as work:
        said, vega = await asked(work, words, at=at), work.staff("vega")
        assert vega.name in said
        assert vega.licence is not None
        assert f"{vega.licence.type}, {vega.licence.state}, until {vega.licence.expires:%d %b %Y}" in said
        for who in vega.identities():
            assert who.user in said
        assert "clinician" in said
        assert "Harbor" in said


async def test_a_licence_that_has_expired_is_said(tmp_path: Path) -> None:
    def expired(plain: Json) -> None:
        next(s for s in plain["staff"] if s["id"] == "vega")["licence"]["expires"] = "2026-11-22"

    async with at_work(tmp_path) as work:
        work.change_clinic(expired)
        said = await work.typed("vega", "/baton whoami")
        assert isinstance(said, Notice)
        assert "EXPIRED on 22 Nov 2026" in said.text
        assert said.tone is Tone.WARNING


@pytest.mark.parametrize("words", ["/baton help", "/baton", "help", "/baton something else"])
async def test_help_lists_every_command(tmp_path: Path, words: str) -> None:
    async with at_work(tmp_path) as work:
        said = await asked(work, words)
        assert "/handoff" in said
        assert "/baton help | whoami | status | queue" in said


async def test_status_says_how_everything_is(tmp_path: Path) -> None:
    async with at_work(tmp_path) as work:
        said = await asked(work, "/baton status")
        for line in ("EHR: answers", "Model: off", "Queue: 0 due, nothing waits", "Slack", "Microsoft Teams"):
            assert line in said


async def test_status_says_that_the_ehr_is_away(tmp_path: Path) -> None:
    class Away(Between):
        async def before(self, name: str) -> None:
            raise EhrUnavailable("the EHR does not answer")

    async with at_work(tmp_path, ehr=Away) as work:  # type: ignore[arg-type]  # it has every method of the EHR behind it
        said = await work.typed("vega", "status")
        assert isinstance(said, Notice)
        assert "EHR: does not answer" in said.text
        assert said.tone is Tone.WARNING


async def test_the_queue_is_for_supervisors_and_a_refusal_is_recorded(tmp_path: Path) -> None:
    async with at_work(tmp_path) as work:
        supervisor = next(s.id for s in work.office.clinic.staff if set(s.roles) & baton.MAY_SEE_QUEUE and s.web)
        assert (await asked(work, "/baton queue", supervisor)).startswith("Due: 0 due")
        assert "access_refused" not in await work.actions()
        assert await asked(work, "/baton queue") == baton.QUEUE_CLOSED.sentence
        (refused,) = [event for event in await work.trail() if event.action == "access_refused"]
        assert refused.fields["reason"] == "role.queue"


async def test_a_stranger_learns_nothing(tmp_path: Path) -> None:
    async with at_work(tmp_path) as work:
        for words in ("baton whoami", "status", "queue"):
            stranger = Who(Platform.WEB, "console", "nobody")
            said = await work.desk.typed(Typed(words, stranger, HARBOR, f"d-{words}"))
            assert isinstance(said, Notice)
            assert "I do not know you" in said.text
