"""The receiver: reads all, asks, says it back in their own words; or nobody does and it goes back."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bot.chat import Action, CardView, Detail, Form, Notice
from bot.drafts import State
from bot.flow import expire
from bot.store.jobs import Job
from tests.fakes.office import LIGHTHOUSE, OWN_WORDS, Work, accepted, approved, asked, at_work


async def test_accepted_means_filed_in_the_receivers_own_words(work: Work) -> None:
    draft = await accepted(work)
    assert draft.accepted_by == "osei"
    said = [r for r in work.written("Communication") if "Read-back" in str(r)]
    assert len(said) == 1
    assert OWN_WORDS in str(said[0])
    assert work.card().status.text.endswith("Accepted by Daniel Osei, LPC at 14:00.")
    assert work.card("direct.osei").status == work.card().status


async def test_nobody_accepts_what_they_have_not_read(work: Work) -> None:
    draft = await approved(work)
    early = await work.press("osei", Action.SAVE_ACCEPT, draft, read_back=OWN_WORDS)
    assert isinstance(early, Notice)
    assert "review the whole handoff first" in early.text
    shown = await work.press("osei", Action.ACCEPT, draft)
    assert isinstance(shown, Detail), "it is shown instead of a form"
    last = await work.read_all("osei", draft)
    assert isinstance(last, Detail)
    assert [button.action for button in last.buttons][:2] == [Action.ACCEPT, Action.ASK]
    assert isinstance(await work.press("osei", Action.ACCEPT, draft), Form)


@pytest.mark.parametrize("somebody", ["vega", "raman", "brandt", "whitaker", "doyle"])
async def test_a_named_handoff_is_accepted_by_its_receiver_only(work: Work, somebody: str) -> None:
    draft = await approved(work)
    await work.read_all(somebody, draft)
    answer = await work.press(somebody, Action.SAVE_ACCEPT, draft, read_back=OWN_WORDS)
    assert isinstance(answer, Notice)
    assert (await work.draft()).accepted_by is None


async def test_a_handoff_to_the_team_is_for_any_of_its_licensed_members_but_the_sender(work: Work) -> None:
    draft = await approved(work, to=None)
    for somebody in ("vega", "whitaker", "baptiste", "coleman"):
        await work.read_all(somebody, draft)
        assert isinstance(await work.press(somebody, Action.SAVE_ACCEPT, draft, read_back=OWN_WORDS), Notice), somebody
    await work.read_all("doyle", draft)  # in the team, not on the care team
    assert isinstance(await work.press("doyle", Action.SAVE_ACCEPT, draft, read_back=OWN_WORDS), CardView)
    await work.settled()
    assert (await work.draft()).accepted_by == "doyle"


async def test_two_receivers_at_once_and_one_takes_over(work: Work) -> None:
    draft = await approved(work, to=None)
    for somebody in ("doyle", "raman"):
        await work.read_all(somebody, draft)
    await asyncio.gather(*(work.press(s, Action.SAVE_ACCEPT, draft, read_back=OWN_WORDS) for s in ("doyle", "raman")))
    await work.settled()
    assert (await work.actions()).count("handoff_accepted") == 1
    assert len([r for r in work.written("Communication") if "Read-back" in str(r)]) == 1
    late = await work.press("raman", Action.ACCEPT, draft)
    assert isinstance(late, Notice)
    assert late.text.startswith("Already accepted by")


@pytest.mark.parametrize("words", ["", "ok", "got it thanks", "yes yes yes yes yes yes"])
async def test_a_read_back_that_is_too_short_comes_back_with_the_words(work: Work, words: str) -> None:
    draft = await approved(work)
    await work.read_all("osei", draft)
    back = await work.press("osei", Action.SAVE_ACCEPT, draft, read_back=words)
    assert isinstance(back, Form)
    assert back.fields[0].value == words
    assert back.fields[0].error
    assert (await work.draft()).accepted_by is None


async def test_a_copied_read_back_comes_back_with_the_words(work: Work) -> None:
    draft = await approved(work)
    shown = await work.read_all("osei", draft)
    assert isinstance(shown, Detail)
    lines = [line.text for b in shown.blocks if (p := getattr(b, "passage", None)) for line in p.lines]
    copied = [max(lines, key=len), " ".join(sorted(lines, key=len)[-3:])]
    for words in copied:
        back = await work.press("osei", Action.SAVE_ACCEPT, draft, read_back=words)
        assert isinstance(back, Form), words
        assert back.fields[0].value == words
        assert "own words" in back.fields[0].error


async def test_a_question_goes_to_the_sender_and_the_answer_comes_back(work: Work) -> None:
    draft = await approved(work)
    await work.read_all("osei", draft)
    assert isinstance(await work.press("osei", Action.ASK, draft), Form)
    await work.press("osei", Action.SAVE_ASK, draft, question="Does the sister know about Friday?")
    await work.settled()
    notice = work.notices("vega")[-1]
    assert "sister" not in notice.text
    (button,) = notice.buttons
    assert isinstance(await work.press("raman", Action.ANSWER, button.subject), Notice)
    form = await work.press("vega", Action.ANSWER, button.subject)
    assert isinstance(form, Form)
    assert "sister" in form.intro
    await work.press("vega", Action.SAVE_ANSWER, button.subject, answer="She does, since Tuesday.")
    await work.settled()
    assert "answered" in work.told("osei")[-1]
    assert "1 question of the receiver, 1 answered" in str(work.card().card.summary)
    shown = await work.press("osei", Action.REVIEW, draft)
    assert "She does, since Tuesday." in str(shown)
    await work.press("osei", Action.SAVE_ACCEPT, draft, read_back=OWN_WORDS)
    await work.settled()
    said = next(r for r in work.written("Communication") if "Read-back" in str(r))
    assert "Question: Does the sister know about Friday?" in str(said)
    assert "Answer: She does, since Tuesday." in str(said)


# Time


async def test_unaccepted_it_goes_back_and_can_be_sent_again_and_again(work: Work) -> None:
    draft = await approved(work)
    await work.read_all("osei", draft)
    for round_ in (1, 2):
        await work.later(minutes=239)
        assert (await work.draft()).returned_at is None
        await work.later(minutes=2)
        returned = await work.draft()
        assert returned.returned_at is not None
        assert "NOT accepted by" in work.card().status.text
        assert sum("was not accepted in time" in words for words in work.told("vega")) == round_
        late = await work.press("osei", Action.SAVE_ACCEPT, draft, read_back=OWN_WORDS)
        assert isinstance(late, Notice)
        assert "went back to its sender" in late.text
        await work.press("vega", Action.RETRY, draft)
        await work.settled()
        assert sum("waits for you once more" in words for words in work.told("osei")) == round_
    await work.press("osei", Action.SAVE_ACCEPT, draft, read_back=OWN_WORDS)
    await work.later(minutes=300)
    done = await work.draft()
    assert (done.accepted_by, done.returned_at) == ("osei", None)


async def test_accepted_at_the_very_moment_it_would_go_back(work: Work) -> None:
    draft = await approved(work)
    await work.read_all("osei", draft)
    work.clock.now += timedelta(minutes=241)
    finish = await expire.give_back(work.office, Job(1, "give_back", draft.id, "clock", 1))
    assert finish is not None
    await work.press("osei", Action.SAVE_ACCEPT, draft, read_back=OWN_WORDS)
    async with work.office.db.write() as conn:
        await finish(conn)
    done = await work.draft()
    assert (done.accepted_by, done.returned_at) == ("osei", None)


async def test_a_receiver_who_is_not_on_the_care_team_reads_only_while_it_lies_with_them(work: Work) -> None:
    draft = await approved(work, to="doyle")
    assert isinstance(await work.read_all("doyle", draft), Detail)
    await work.later(minutes=241)
    assert isinstance(await work.read_all("doyle", draft), Notice)
    await work.press("vega", Action.RETRY, draft)
    assert isinstance(await work.read_all("doyle", draft), Detail)
    await work.press("vega", Action.SAVE_RECALL, draft, reason="Wrong colleague")
    assert isinstance(await work.read_all("doyle", draft), Notice)


async def test_nobody_decides_and_it_expires_without_a_trace_in_the_chart(work: Work) -> None:
    draft = await asked(work)
    await work.read_all("vega", draft)
    await work.later(hours=23)
    assert (await work.draft()).state is State.WAITING
    await work.later(hours=2)
    assert (await work.draft()).state is State.EXPIRED
    late = await work.press("vega", Action.APPROVE, draft)
    assert isinstance(late, Notice)
    assert not work.server.resources_written()
    assert work.card().status.text.startswith("Expired without a decision")
    assert all(row["text"] is None for row in await work.rows("draft_versions"))


async def test_a_click_after_the_time_does_not_count_even_before_the_timer_rang(work: Work) -> None:
    draft = await asked(work)
    await work.read_all("vega", draft)
    work.clock.now = draft.expires_at
    late = await work.press("vega", Action.APPROVE, draft)
    assert isinstance(late, Notice)
    assert "expired" in late.text
    assert (await work.draft()).state is State.WAITING


# Recall


async def test_a_recall_is_an_addendum_and_deletes_nothing(work: Work) -> None:
    draft = await approved(work)
    (document,) = work.written("DocumentReference")
    assert isinstance(await work.press("vega", Action.SAVE_RECALL, draft, reason=""), Form)
    await work.press("vega", Action.SAVE_RECALL, draft, reason="The dose is wrong")
    await work.press("vega", Action.SAVE_RECALL, draft, reason="The dose is wrong")
    await work.settled()
    addendum, first = work.written("DocumentReference")
    assert first == document
    assert addendum["relatesTo"][0]["target"]["reference"] == f"DocumentReference/{document['id']}"
    assert work.card().status.text.startswith("RECALLED by Marisol Vega, LCSW at 14:00")
    assert "was recalled" in work.told("osei")[-1]
    assert isinstance(await work.press("osei", Action.ACCEPT, draft), Notice)
    assert all(row["text"] is None for row in await work.rows("draft_versions"))
    await work.later(hours=5)
    assert (await work.draft()).returned_at is None


async def test_a_recall_after_the_acceptance_reaches_the_receiver(work: Work) -> None:
    draft = await accepted(work)
    await work.press("vega", Action.SAVE_RECALL, draft, reason="Other client's plan in it")
    await work.settled()
    assert len(work.written("DocumentReference")) == 2
    assert "was recalled" in work.told("osei")[-1]


async def test_words_that_the_ehr_declines_are_not_lost_in_silence(work: Work) -> None:
    draft = await approved(work)
    await work.read_all("osei", draft)
    work.server.faults.fail_next(1, 422, resource_type="Communication", method="POST")
    await work.press("osei", Action.SAVE_ACCEPT, draft, read_back=OWN_WORDS)
    await work.settled()
    assert "could not be filed" in work.told("osei")[-1]
    shown = await work.press("osei", Action.REVIEW, draft)
    assert OWN_WORDS in str(shown)


async def test_after_it_is_over_only_hashes_stay(work: Work) -> None:
    draft = await accepted(work)
    (version,) = await work.rows("draft_versions")
    assert all(version[name] is None for name in ("facts", "text", "base", "changes", "sources"))
    assert len(version["content_hash"]) == 64
    seal = work.office.seal
    for row in await work.rows("exchanges"):
        assert seal.open(row["words"], context=f"exchanges.words/{row['id']}") == ""
    shown = await work.press("vega", Action.REVIEW, draft)
    assert isinstance(shown, Detail)
    assert "The text is in the chart" in str(shown.blocks)


async def test_a_handoff_into_another_team(tmp_path: Path) -> None:
    async with at_work(tmp_path) as work:
        await work.typed("raman", "/handoff C-102", LIGHTHOUSE)
        await work.settled()
        draft = await work.draft()
        await work.read_all("raman", draft, LIGHTHOUSE)
        await work.press("raman", Action.APPROVE, draft, LIGHTHOUSE)
        await work.settled()
        filed = await work.draft()
        assert (filed.team, filed.state) == ("lighthouse", State.FILED)
        assert isinstance(await work.read_all("baptiste", filed, LIGHTHOUSE), Detail)
        assert isinstance(
            await work.press("baptiste", Action.SAVE_ACCEPT, filed, LIGHTHOUSE, read_back=OWN_WORDS), CardView
        )
        assert filed.accept_by is not None
        assert filed.filed_at is not None
        assert (filed.accept_by - filed.filed_at).total_seconds() == 120 * 60
