"""The whole product, opened from its settings and closed again: the console answers, the worker works, it is restarted."""

from pathlib import Path

from aiohttp.test_utils import TestClient, TestServer

from bot.app import LANE_LIMITS, PATIENCE, opened
from bot.chat import Action, Notice, Place, Platform, Typed, Who
from bot.drafts import State
from bot.flow import records
from bot.flow.desk import JOBS, VERBS
from bot.settings import Settings

HARBOR = Place(Platform.WEB, "console", "harbor-care")


async def test_open_ask_close_open_again(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/baton.sqlite")
    async with opened(settings) as baton:
        answer = await baton.desk.typed(Typed("/handoff C-101", Who(Platform.WEB, "console", "osei"), HARBOR, "one"))
        assert isinstance(answer, Notice)
        await baton.worker.until_idle(timeout_s=30)
        async with TestClient(TestServer(baton.web)) as visitor:
            assert (await visitor.get("/healthz")).status == 200
            assert (await visitor.get("/readyz")).status == 200
            assert "baton_jobs" in await (await visitor.get("/metrics")).text()
        assert baton.charts.sandbox is not None
        counted = baton.charts.sandbox.counts()
    async with opened(settings) as baton:
        assert baton.charts.sandbox is not None
        assert baton.charts.sandbox.counts() == counted  # a restart of the sandbox loses and doubles nothing
        async with baton.office.db.read() as conn:
            (draft,) = await records.open_drafts(conn)
        assert (draft.alias, draft.state) == ("C-101", State.WAITING)
        again = await baton.desk.typed(Typed("/handoff C-101", Who(Platform.WEB, "console", "osei"), HARBOR, "one"))
        assert again == answer


def test_every_button_and_every_job_has_somebody_who_does_it() -> None:
    assert set(VERBS) == set(Action)
    assert set(PATIENCE) <= set(JOBS)
    assert set(LANE_LIMITS) == {"chat", "tell", "ehr"}
