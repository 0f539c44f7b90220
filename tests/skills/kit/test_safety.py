"""What counts as a denial: little. The near misses are the point of these tables."""

import pytest

from skills.kit.safety import Said, rated, said

SAYINGS = [
    ("Denies SI/HI.", Said.DENIED),
    ("Denies suicidal thoughts.", Said.DENIED),
    ("No SI, HI, AVH endorsed today.", Said.DENIED),
    ("SI: none reported. HI: none.", Said.DENIED),
    ("SI (-), HI (-), AH (-)", Said.DENIED),
    ("neg SI/HI/SIB", Said.DENIED),
    ("Asked directly about suicide: denies thoughts, wish to be dead, or plan since the last visit.", Said.DENIED),
    ("Denies SI/HI; hospice medication is gone and there are no firearms in the home.", Said.DENIED),
    ("SI not assessed today.", Said.NOT_ASSESSED),
    ("Suicide risk was not asked about.", Said.NOT_ASSESSED),
    ("Unable to assess SI, client asleep.", Said.NOT_ASSESSED),
    ("Safety was not assessed today.", Said.NOT_ASSESSED),
    ("Risk not assessed, session ended early.", Said.NOT_ASSESSED),
    ("Item 9 was not answered.", Said.NOT_ASSESSED),
    ("Homework was not completed.", None),
    ("Declined to answer the C-SSRS.", Said.NOT_ASSESSED),
    ("Denies SI; HI not assessed.", Said.NOT_ASSESSED),
    ("C-SSRS deferred.", Said.NOT_ASSESSED),
    ("No longer denies suicidal thoughts.", Said.MENTIONED),
    ("Initially denied SI, then disclosed thoughts of jumping.", Said.MENTIONED),
    ("Denies SI but wished she would not wake up.", Said.MENTIONED),
    ("Denies SI today; says the thought of not waking up came by once.", Said.MENTIONED),
    ("Denies SI, attempt last month.", Said.MENTIONED),
    ("Client states 'I don't want to wake up anymore.'", Said.MENTIONED),
    ("Bought a gun on Friday.", Said.MENTIONED),
    ("Cut her forearm with a razor last night.", Said.MENTIONED),
    ("kms tonight fr", Said.MENTIONED),
    ("Goal: client will report no SI for 30 days.", Said.MENTIONED),
    ("Passive SI.", Said.MENTIONED),
    ("Father died by suicide when she was 9.", Said.MENTIONED),
    ("Call 988 if suicidal thoughts return.", Said.ADVISED),
    ("Reviewed safety plan: what to do should SI recur.", Said.ADVISED),
    ("Reviewed safety plan after the overdose attempt last night.", Said.MENTIONED),
    ("The screener reads moderate because of an attempt long ago.", Said.MENTIONED),
    ("Two prior attempts, last in 2016.", Said.MENTIONED),
    ("Made two attempts to reach her.", None),
    ("Slept well.", None),
    ("Si, claro, he said hi.", None),
    ("The workload is killing him.", None),
    ("", None),
]


@pytest.mark.parametrize(("sentence", "expected"), SAYINGS)
def test_said(sentence: str, expected: Said | None) -> None:
    assert said(sentence) == expected


RATINGS = [
    ("Risk low today.", "low"),
    ("Suicide risk assessed as low.", "low"),
    ("Risk is high.", "high"),
    ("Moderate suicide risk.", "moderate"),
    ("C-SSRS screener completed with client: moderate.", "moderate"),
    ("Risk moderate: ideation, no intent.", "moderate"),
    ("Risk was high, now risk is low.", None),
    ("Risk is not low.", None),
    ("High risk factors: none.", None),
    ("Blood pressure high.", None),
]


@pytest.mark.parametrize(("sentence", "level"), RATINGS)
def test_rated(sentence: str, level: str | None) -> None:
    assert rated(sentence) == level
