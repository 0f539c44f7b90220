"""The draft's states: no walk leads from an end to a filing, and a stale press never counts."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.drafts import MOVES, Draft, Stale, State, may_move, stale

NOW = datetime(2026, 11, 23, 19, tzinfo=UTC)
ENDS = {State.FILED, State.REJECTED, State.EXPIRED, State.SUPERSEDED, State.BLOCKED}


def draft(state: State, *, version: int = 1, left_s: float = 3600) -> Draft:
    return Draft(
        id="d",
        request_id="r",
        skill="handoff",
        alias="C-102",
        client_id="x",
        team="harbor",
        asked_by="vega",
        to_staff=None,
        state=state,
        version=version,
        trouble=None,
        decided_by=None,
        decided_at=None,
        filed_at=None,
        accept_by=None,
        accepted_by=None,
        accepted_at=None,
        returned_at=None,
        recalled_by=None,
        recalled_at=None,
        expires_at=NOW + timedelta(seconds=left_s),
        created_at=NOW,
    )


def test_every_state_says_where_it_may_go() -> None:
    assert set(MOVES) == set(State)
    assert {state for state, after in MOVES.items() if not after} == ENDS


@given(st.lists(st.sampled_from(State), max_size=30))
def test_a_draft_is_filed_only_after_a_yes_and_never_comes_back_from_an_end(wishes: list[State]) -> None:
    state, walked = State.WAITING, [State.WAITING]
    for wish in wishes:
        if may_move(state, wish):
            state = wish
            walked.append(state)
    for before, after in pairwise(walked):
        assert before not in ENDS
        if after is State.FILED:
            assert before is State.APPROVED
        if after is State.APPROVED:
            assert before in {State.WAITING, State.FILING_FAILED}
        if after is State.EXPIRED:
            assert before is State.WAITING


@given(st.sampled_from(State), st.integers(1, 5), st.integers(0, 6), st.integers(-1_000_000, 1_000_000))
def test_a_press_counts_only_on_the_waiting_version_that_was_shown_in_time(
    state: State, version: int, shown: int, left_s: int
) -> None:
    found = stale(draft(state, version=version, left_s=left_s), shown, NOW)
    assert (found is None) == (state is State.WAITING and version == shown and left_s > 0)
    assert found is not Stale.DECIDED or state is not State.WAITING
