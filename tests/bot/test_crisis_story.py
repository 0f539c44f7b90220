"""`baton demo --story crisis`: every promise of the story is held, and one that is not is told."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from bot import crisis_story
from bot.settings import Profile, Settings


async def told(folder: Path) -> dict[str, object]:
    settings = Settings(profile=Profile.DEMO, database_url=f"sqlite+aiosqlite:///{folder}/unused.sqlite")
    return await crisis_story.once(settings, Console(file=io.StringIO()))


async def test_from_a_filed_questionnaire_to_a_closed_escalation(tmp_path: Path) -> None:
    result = await told(tmp_path)
    assert result["ok"], result["held"]
    assert result["state"] == "closed"
    written = {str(ref).partition("/")[0] for ref in result["ehr"]["written"]}  # type: ignore[index]  # JSON
    assert written >= {"Flag", "DocumentReference", "Communication", "CarePlan", "Task", "Provenance", "AuditEvent"}
    assert str(result["ehr"]["filed"]).startswith("QuestionnaireResponse/")  # type: ignore[index]  # JSON
    assert {"sms", "chat"} <= {page["way"] for page in result["pages"]}  # type: ignore[attr-defined]  # JSON


async def test_an_item_nine_of_zero_is_no_crisis_and_the_story_says_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crisis_story, "ANSWERS", (1, 1, 1, 1, 1, 1, 1, 1, 0))
    with pytest.raises(crisis_story.CrisisStoryFailed, match="Nothing was opened"):
        await told(tmp_path)
