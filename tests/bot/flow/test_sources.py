"""The page that lays each line beside its sources: who may see it, where it leads, and that it decides nothing."""

from bot.chat import Action, Detail, Notice
from skills.kit import Rows
from tests.fakes.office import SLACK_HARBOR, Work, asked


async def test_sources_open_from_the_draft_and_lead_back(work: Work) -> None:
    draft = await asked(work)
    detail = await work.press("vega", Action.REVIEW, draft)
    assert isinstance(detail, Detail)
    [button] = [each for each in detail.buttons if each.action is Action.SOURCES]
    page = await work.press("vega", Action.SOURCES, draft, page=button.values["page"])
    assert isinstance(page, Detail)
    assert [each.action for each in page.buttons if each.label == "Back to the draft"] == [Action.REVIEW]
    assert any(isinstance(block, Rows) for block in page.blocks)


async def test_nobody_approves_by_reading_sources_alone(work: Work) -> None:
    draft = await asked(work)
    first = await work.press("vega", Action.SOURCES, draft, SLACK_HARBOR, page="1")
    assert isinstance(first, Detail)
    for number in range(1, first.pages + 1):
        await work.press("vega", Action.SOURCES, draft, SLACK_HARBOR, page=str(number))
    assert isinstance(await work.press("vega", Action.APPROVE, draft), Detail), "the draft itself is shown first"


async def test_reading_sources_is_in_the_trail(work: Work) -> None:
    draft = await asked(work)
    before = (await work.actions()).count("detail_viewed")
    await work.press("vega", Action.SOURCES, draft)
    assert (await work.actions()).count("detail_viewed") == before + 1


async def test_sources_are_refused_to_whoever_may_not_read(work: Work) -> None:
    draft = await asked(work)
    answer = await work.press("merritt", Action.SOURCES, draft)
    assert isinstance(answer, Notice)
