"""42 CFR Part 2 and psychotherapy notes, in the whole flow: what is labelled, what only looks like it, who is covered."""

import json
from pathlib import Path

import pytest

from bot.chat import Action, Detail, Form, Notice
from bot.drafts import State
from bot.privacy.consent import holds_protected
from tests.fakes.office import LIGHTHOUSE, Json, Work, asked, at_work

SUBSTANCE = ("buprenorphine", "opioid", "methadone", "naltrexone", "alcohol")


async def ask(work: Work, by: str, client: str, to: str | None) -> str:
    """The whole text of the draft that comes."""
    await work.typed(by, f"/handoff {client.upper().replace('C', 'C-', 1)}" + (f" to {to}" if to else ""), LIGHTHOUSE)
    await work.settled()
    shown = await work.read_all(by, await work.draft(), LIGHTHOUSE)
    assert isinstance(shown, Detail), shown
    return str(shown.blocks).casefold()


async def stamp(work: Work) -> str:
    return str((await work.rows("draft_versions"))[-1]["consent_hash"])


@pytest.mark.parametrize(
    ("client", "by", "to", "shown"),
    [
        ("c103", "baptiste", "kowalczyk", True),  # within the program
        ("c103", "baptiste", "doyle", True),  # to Harbor, on the consent
        ("c105", "baptiste", "kowalczyk", True),  # revoked, but nothing leaves the program
        ("c105", "baptiste", "doyle", False),  # revoked
        ("c105", "frye", None, True),  # to the program's own team
    ],
)
async def test_labelled_records(tmp_path: Path, client: str, by: str, to: str | None, *, shown: bool) -> None:
    async with at_work(tmp_path, clients=(client,)) as work:
        text = await ask(work, by, client, to)
        assert any(word in text for word in SUBSTANCE) is shown
        assert holds_protected(await stamp(work)) is shown
        assert ("section_withheld" in await work.actions()) is not shown
        assert shown or "42 cfr part 2" in text


async def test_unlabelled_records_that_look_like_it_are_treated_as_protected(tmp_path: Path) -> None:
    async with at_work(tmp_path, clients=("c104",)) as work:
        await asked(work, by="doyle", alias="C-104", to=None)
        shown = await work.read_all("doyle", await work.draft())
        assert isinstance(shown, Detail)
        assert "naltrexone" not in str(shown.blocks).casefold()
        assert "42 CFR Part 2" in str(shown.blocks)


async def test_asking_in_a_programs_channel_does_not_make_it_the_programs_client(tmp_path: Path) -> None:
    async with at_work(tmp_path, clients=("c104",)) as work:
        text = await ask(work, "raman", "c104", "kowalczyk")
        assert "naltrexone" not in text
        assert not holds_protected(await stamp(work))


async def _consent_for(work: Work, *staff: str) -> None:
    """The consent on file is narrowed to these people."""
    (consent,) = await work.chart("Consent", "c103")
    actors = [
        {
            "role": {
                "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]
            },
            "reference": {"reference": work.staff(one).practitioner},
        }
        for one in staff
    ]
    provision: Json = consent.get("provision", {}) | {"actor": actors}
    await work.put(consent | {"provision": provision})


async def test_a_consent_for_one_recipient_is_none_for_others(tmp_path: Path) -> None:
    async with at_work(tmp_path, clients=("c103",)) as work:
        await _consent_for(work, "baptiste", "doyle")
        assert "buprenorphine" in await ask(work, "baptiste", "c103", "doyle")
        draft = await work.draft()
        assert isinstance(await work.read_all("kowalczyk", draft, LIGHTHOUSE), Detail)
        assert "buprenorphine" not in await ask(work, "baptiste", "c103", "osei")


async def test_a_reader_outside_the_consent_sees_nothing_even_on_the_care_team(tmp_path: Path) -> None:
    async with at_work(tmp_path, clients=("c103",)) as work:
        (team,) = await work.chart("CareTeam", "c103")
        brandt = {"member": {"reference": work.staff("brandt").practitioner}}
        await work.put(team | {"participant": [*team["participant"], brandt]})
        await _consent_for(work, "baptiste", "doyle")
        await ask(work, "baptiste", "c103", "doyle")
        draft = await work.draft()
        for action in (Action.REVIEW, Action.EDIT, Action.APPROVE):
            answer = await work.press("brandt", action, draft, LIGHTHOUSE)
            assert isinstance(answer, Notice)
            assert "42 CFR Part 2" in answer.text
            assert "buprenorphine" not in answer.text
        assert isinstance(await work.press("baptiste", Action.EDIT, draft, LIGHTHOUSE), Form)
        work.server.faults.fail_next(None, 503, resource_type="Consent")
        unsure = await work.press("baptiste", Action.REVIEW, draft, LIGHTHOUSE)
        assert isinstance(unsure, Notice | Detail)  # within the program no consent is needed
        unsure = await work.press("brandt", Action.REVIEW, draft, LIGHTHOUSE)
        assert isinstance(unsure, Notice)


async def test_a_consent_revoked_after_the_approval_stops_the_filing(tmp_path: Path) -> None:
    async with at_work(tmp_path, clients=("c103",)) as work:
        await ask(work, "baptiste", "c103", "doyle")
        draft = await work.draft()
        await work.kill()
        await work.press("baptiste", Action.APPROVE, draft, LIGHTHOUSE)
        (consent,) = await work.chart("Consent", "c103")
        await work.put(consent | {"status": "inactive"})
        await work.restart()
        await work.settled()
        fresh = await work.draft()
        assert (fresh.state, fresh.version, fresh.trouble) == (State.WAITING, 2, "consent_changed")
        assert not work.written("DocumentReference")
        shown = await work.read_all("baptiste", fresh, LIGHTHOUSE)
        assert isinstance(shown, Detail)
        text = json.dumps(str([b for b in shown.blocks if "What changed" not in str(b)])).casefold()
        assert "buprenorphine" not in text
        assert "no longer holds" in work.told("baptiste")[-1]


async def test_what_was_said_about_protected_records_is_labelled_too(tmp_path: Path) -> None:
    async with at_work(tmp_path, clients=("c103",)) as work:
        await ask(work, "baptiste", "c103", "doyle")
        await work.press("baptiste", Action.APPROVE, await work.draft(), LIGHTHOUSE)
        await work.settled()
        filed = await work.draft()
        assert isinstance(await work.read_all("doyle", filed, LIGHTHOUSE), Detail)
        await work.press(
            "doyle",
            Action.SAVE_ACCEPT,
            filed,
            LIGHTHOUSE,
            read_back="Mine from Monday on, first look at cravings and sleep.",
        )
        await work.settled()
        said = work.written("Communication")
        assert len(said) == 2
        assert all("42CFRPart2" in json.dumps(one["meta"]["security"]) for one in said)


async def test_psychotherapy_notes_and_instructions_in_notes_surface_nowhere(tmp_path: Path) -> None:
    async with at_work(tmp_path, clients=("c106", "c109")) as work:
        for client, by in (("C-106", "brandt"), ("C-109", "doyle")):
            draft = await asked(work, by=by, alias=client, to=None)
            shown = await work.read_all(by, draft)
            await work.press(by, Action.APPROVE, draft)
            await work.settled()
            assert (await work.draft()).state is State.FILED
            everything = str(shown) + json.dumps(work.server.resources_written())
            everything += str([views for chat in work.chats.values() for views in chat.posts.values()])
            assert "CANARY-PSY" not in everything
        blocked = [e for e in await work.trail() if e.action == "blocked_psychotherapy_note"]
        assert len(blocked) == 1
        assert blocked[0].fields["counts"] == {"notes": 2}


async def test_instructions_in_a_note_change_nothing(tmp_path: Path) -> None:
    async with at_work(tmp_path, clients=("c109",)) as work:
        draft = await asked(work, by="doyle", alias="C-109", to="osei")
        assert draft.to_staff == "osei"
        assert draft.state is State.WAITING
        assert not work.server.resources_written()
