"""`baton demo --story digest`: every promise of the story is held, and one that is not is told."""

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bot import digest_story
from bot.settings import Profile, Settings


async def told(folder: Path) -> dict[str, Any]:
    settings = Settings(profile=Profile.DEMO, database_url=f"sqlite+aiosqlite:///{folder}/unused.sqlite")
    return await digest_story.once(settings, Console(file=io.StringIO()))


async def test_three_mornings_and_a_week(tmp_path: Path) -> None:
    result = await told(tmp_path)
    assert result["ok"], result["held"]
    quiet = next(morning for morning in result["mornings"] if morning["what"] == "A quiet day")
    assert (quiet["state"], quiet["messages"]) == ("quiet", 0)
    after = next(morning for morning in result["mornings"] if morning["what"].startswith("After a night"))
    assert (after["state"], after["messages"]) == ("delivered", 1)
    assert {"item9", "missed_visit"} <= set(after["by_kind"])
    assert set(result["platforms"]) == {"slack", "teams", "web"}
    for drawn in result["platforms"].values():
        assert "C-102" in str(drawn)
        assert "item 9: 2" not in str(drawn).lower()


async def test_a_night_in_which_item_nine_was_zero_breaks_the_promise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digest_story, "ANSWERS", (1, 1, 1, 1, 1, 1, 1, 1, 0))
    result = await told(tmp_path)
    assert not result["held"]["item 9 comes first"]
    assert not result["ok"]
