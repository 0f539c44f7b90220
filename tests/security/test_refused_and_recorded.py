"""Each attack is refused, and the refusal is in the audit trail by its rule. The same request, right, goes through."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from bot.app import now as real_now
from bot.chat import Action, Notice, Place, Platform, Press, Typed, Who
from bot.doors import RECORDED_A_MINUTE
from bot.flow.rates import Buckets, Rate
from bot.settings import RateSettings
from tests.bot.slack.slack_side import signed
from tests.security.whole import FORM, JSON_, Whole, activity, whole

VEGA_ENTRA = "5a9d0000-0000-4000-8000-000000000101"
HARBOR = Place(Platform.WEB, "console", "harbor-care")
VEGA = Who(Platform.WEB, "console", "vega")
COMMAND = {"command": "/handoff", "text": "C-102", "user_id": "U0SBVEGA", "team_id": "T0SANDBOX", "trigger_id": "1.2"}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Whole]:
    async with whole(tmp_path) as running:
        yield running


def _command(**more: str) -> bytes:
    return urlencode({**COMMAND, "channel_id": "C0SBHARBOR", **more}).encode()


async def test_a_forged_slack_request(site: Whole) -> None:
    raw = _command()
    for headers in (signed(raw, real_now(), "somebody else's secret"), {"X-Slack-Signature": "v0=0"}):
        assert (await site.post("/slack/events", raw, FORM, headers))[0] == 401
    assert await site.refusals() == ["slack.signature", "slack.timestamp"]
    assert (await site.slack(raw, FORM))[0] == 200


async def test_a_replayed_slack_request(site: Whole) -> None:
    raw = _command()
    headers = signed(raw, real_now())
    assert (await site.post("/slack/events", raw, FORM, headers))[0] == 200
    assert (await site.post("/slack/events", raw, FORM, headers))[0] == 401
    assert "slack.replayed" in await site.refusals()


async def test_a_tenant_of_somebody_else_in_teams(site: Whole) -> None:
    elsewhere = "99999999-9999-4999-8999-999999999999"
    place = {"tenantId": elsewhere, "id": "a:one", "conversationType": "personal"}
    foreign = activity(site, user=VEGA_ENTRA, conversation=place, channelData={"tenant": {"id": elsewhere}})
    assert (await site.teams(json.dumps(foreign).encode()))[0] == 403
    both = activity(site, user=VEGA_ENTRA, conversation=place)
    assert (await site.teams(json.dumps(both).encode()))[0] == 403
    assert await site.refusals() == ["teams.tenant_not_allowed"] * 2
    assert (await site.teams(json.dumps(activity(site, user=VEGA_ENTRA)).encode()))[0] == 200


@pytest.mark.parametrize(
    "address",
    ["http://169.254.169.254/latest/", "https://evil.example/", "https://smba.trafficmanager.net@evil.example/"],
)
async def test_a_service_url_that_leads_elsewhere_is_never_called(site: Whole, address: str) -> None:
    raw = json.dumps(activity(site, user=VEGA_ENTRA, serviceUrl=address)).encode()
    assert (await site.teams(raw, site.token(serviceurl=address)))[0] == 403
    assert await site.refusals() == ["teams.service_url_not_allowed"]


async def test_a_forged_teams_token(site: Whole) -> None:
    raw = json.dumps(activity(site, user=VEGA_ENTRA)).encode()
    assert (await site.teams(raw, site.token(iss="https://evil.example")))[0] == 401
    assert (await site.teams(raw, "not.a.token"))[0] == 401
    assert [rule.startswith("teams.") for rule in await site.refusals()] == [True, True]


async def test_a_forged_answer_of_the_telephone_company(site: Whole) -> None:
    form = {"MessageSid": "SM1", "From": "+12155550101", "To": "+12155550100", "Body": "1"}
    assert (await site.telephone("reply", form, token="somebody else's"))[0] == 401
    assert await site.refusals() == ["telephone.signature"]


async def test_a_page_of_somebody_else_at_the_console(site: Whole) -> None:
    """A form without the token that was drawn for this session: another site's, or an old one."""
    visitor = site.visitor()
    page = await visitor.open("/console/people")
    fields = page.forms[0].fields | {"person": "vega", "conversation": "harbor-care"}
    assert (await visitor.send("/console/be", fields | {"csrf": "guessed"})).status == 403
    assert await site.refusals() == ["console.csrf"]
    assert (await visitor.send("/console/be", fields)).status == 200


async def test_a_forged_button_of_an_outsider_and_of_a_colleague_who_left(site: Whole) -> None:
    for user in ("mallory", "quill"):
        who = Who(Platform.WEB, "console", user)
        reply = await site.baton.desk.press(Press(Action.CRISIS_ACK, "E-1", 1, who, HARBOR, {}, None, f"k-{user}"))
        assert isinstance(reply, Notice)
        assert "I do not know you" in reply.text
        assert isinstance(await site.baton.desk.typed(Typed("handoff C-102", who, HARBOR, f"t-{user}")), Notice)
    assert await site.refusals() == ["identity.unknown"] * 4


async def test_a_button_with_a_draft_that_does_not_exist_decides_nothing(site: Whole) -> None:
    press = Press(Action.APPROVE, "0123456789abcdef", 1, VEGA, HARBOR, {}, None, "forged")
    assert isinstance(await site.baton.desk.press(press), Notice)
    assert not [event for event in await site.trail() if event.action == "draft_approved"]


async def test_whoever_hammers_does_not_fill_the_trail(site: Whole) -> None:
    for _ in range(RECORDED_A_MINUTE + 5):
        assert (await site.post("/slack/events", b"x", JSON_, {}))[0] == 401
    assert await site.refusals() == ["slack.timestamp"] * RECORDED_A_MINUTE


# So much a minute


async def test_one_person_may_ask_for_so_much_and_a_crisis_always(tmp_path: Path) -> None:
    async with whole(tmp_path, rates=RateSettings(burst=2, per_minute=1)) as site:
        visitor = site.visitor()
        page = await visitor.open("/console/people")
        fields = page.forms[0].fields | {"person": "vega", "conversation": "harbor-care"}
        page = await visitor.send("/console/be", fields)
        said = [(await visitor.say(await visitor.open("/console/c/harbor-care"), "help")).text for _ in range(5)]
        assert ["lot in a short time" in text for text in said] == [False, False, True, True, True]
        assert await site.refusals() == ["rate.person"]
        for words in ("crisis", "ack E-1", "why E-1"):
            page = await visitor.say(await visitor.open("/console/c/harbor-care"), words)
            assert page.text.count("lot in a short time") == 3, words  # those of before, and no more
        assert "Write about whom, by alias" in page.text
        assert (await site.refusals()).count("rate.person") == 1


def test_a_bucket_refills_and_is_each_persons_own() -> None:
    at = [0.0]
    buckets = Buckets(Rate(burst=2, per_minute=60), clock=lambda: at[0])
    other = Who(Platform.SLACK, "T1", "U1")
    assert [buckets.take(VEGA) for _ in range(4)] == [True, True, None, False]
    assert buckets.take(other) is True
    at[0] = 1.0
    assert [buckets.take(VEGA) for _ in range(2)] == [True, None]
