"""The corpus of drafts as a gate: planted errors are caught, faithful rewordings are let through."""

from pathlib import Path

import pytest

from bot.evals.drafts import score

FIXTURES = Path(__file__).parents[1] / "fixtures" / "drafts"
TARGETS = {"flipped_negation": 0.95, "altered_number": 0.95, "foreign_fact": 0.90}


def test_the_written_drafts_meet_every_target() -> None:
    scores = score(FIXTURES / "written.jsonl")
    assert scores["n"] >= 300
    assert {kind: rate for kind, rate in scores["catch_rate"].items() if rate < TARGETS.get(kind, 0.9)} == {}
    assert scores["false_alarm_rate"] <= 0.05


@pytest.mark.parametrize("name", ["reworded", "held_out", "second_author"])
def test_drafts_worded_by_hand_stay_where_they_are(name: str) -> None:
    """Short of the target for false alarms: a floor under what was reached, not a claim."""
    scores = score(FIXTURES / f"{name}.jsonl")
    assert scores["catch_rate"]["flipped_negation"] >= 0.95
    assert scores["catch_rate"]["altered_number"] >= 0.95
    assert scores["false_alarm_rate"] <= 0.07
