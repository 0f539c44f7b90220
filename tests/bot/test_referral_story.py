"""`baton demo --story referral`: every promise of the story is held, and one that is not is told."""

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bot import referral_story
from bot.settings import Profile, Settings


async def told(folder: Path) -> dict[str, Any]:
    settings = Settings(profile=Profile.DEMO, database_url=f"sqlite+aiosqlite:///{folder}/unused.sqlite")
    return await referral_story.once(settings, Console(file=io.StringIO()))


async def test_from_a_nudge_to_a_closed_loop(tmp_path: Path) -> None:
    result = await told(tmp_path)
    assert result["ok"], result["held"]
    assert result["steps"] == ["kept", "report_back", "closed"]
    assert result["figures"]["before"]["Closed loop"].startswith("1 of ")
    assert result["figures"]["after"]["Closed loop"].startswith("2 of ")
    assert set(result["platforms"]) == {"slack", "teams", "web"}
    for drawn in result["platforms"].values():
        assert "Got help" in str(drawn)
        assert "Sleep study" not in str(drawn)


async def test_a_task_that_says_nothing_of_a_visit_breaks_the_promise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(referral_story, "KEPT", {"text": "in progress"})
    monkeypatch.setattr(referral_story, "REPORT", referral_story.REPORT | {"step": "accepted"})
    with pytest.raises(referral_story.ReferralStoryFailed, match="waits for a decision"):
        await told(tmp_path)
