"""What a team's referrals add up to: each is counted once, and what is not known is counted apart."""

from hypothesis import given
from hypothesis import strategies as st

from skills.kit import Referral
from skills.referral import Closure, Step, figures, standing
from tests.skills.referral.made import NOW, PHILADELPHIA, REPORT, referral, task

CLOSED = referral(task("completed", "7.0", reports=(REPORT,)), status="completed")
REFUSED = referral(task("rejected", reason="They are full."), status="revoked")
KEPT = referral(task("in-progress", "5.1.4"))
SENT = referral(task("requested"))
DRAFTED = referral(status="draft")
UNKNOWN = referral(task("in-progress", modified=None))
UNREACHED = referral(task("on-hold", "unreachable"))
ALL = (CLOSED, REFUSED, KEPT, SENT, DRAFTED, UNKNOWN, UNREACHED)


def of(*found: Referral) -> tuple[object, ...]:
    made = figures([standing(each, PHILADELPHIA, NOW) for each in found], PHILADELPHIA, NOW)
    return made.closed_loop.words, made.got_help.words


def test_a_team_in_figures() -> None:
    found = figures([standing(each, PHILADELPHIA, NOW) for each in ALL], PHILADELPHIA, NOW)
    assert (found.total, found.not_known) == (7, 1)
    assert {step: count for step, count in found.funnel.items() if count} == {
        Step.DRAFTED: 1,
        Step.SENT: 1,
        Step.KEPT: 1,
        Step.CLOSED: 2,
        Step.UNREACHABLE: 1,
    }
    assert list(found.funnel) == list(Step)
    assert found.closed_loop.words == "2 of 5; 1 not known"  # the draft has not left: it is in no rate
    assert found.got_help.words == "2 of 4; 2 not known"
    assert found.closed_by == {Closure.VISIT_AND_REPORT: 1, Closure.REFUSAL: 1, Closure.REDIRECT: 0}
    assert found.ageing == {"0 to 2": 0, "3 to 5": 0, "6 to 10": 3, "11 to 20": 1, "over 20": 0, "not known": 1}
    assert found.overdue == 3


def test_closed_and_helped_are_two_figures() -> None:
    assert of(REFUSED) == ("1 of 1", "0 of 1")
    assert of(KEPT) == ("0 of 1", "1 of 1")


def test_of_nothing_there_is_no_share() -> None:
    found = figures([], PHILADELPHIA, NOW)
    assert (found.closed_loop.share, found.got_help.share) == (None, None)
    assert figures([standing(UNKNOWN, PHILADELPHIA, NOW)], PHILADELPHIA, NOW).closed_loop.share is None


@given(st.lists(st.sampled_from(ALL)))
def test_every_referral_is_counted_once(found: list[Referral]) -> None:
    made = figures([standing(each, PHILADELPHIA, NOW) for each in found], PHILADELPHIA, NOW)
    left = len(found) - made.funnel[Step.DRAFTED]
    assert sum(made.funnel.values()) + made.not_known == made.total == len(found)
    assert sum(made.ageing.values()) == len(found) - made.funnel[Step.CLOSED]
    assert made.closed_loop.known + made.closed_loop.unknown == left
    assert made.got_help.known + made.got_help.unknown == left
    assert sum(made.closed_by.values()) == made.funnel[Step.CLOSED]
