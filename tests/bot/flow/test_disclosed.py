"""Protected records never leave without their notice, nor with an outdated one."""

from datetime import UTC, datetime

import pytest

from bot.flow.disclosed import basis_of, check_notice
from bot.privacy.consent import NOTHING_PROTECTED, WITHIN_PROGRAM, Ruling
from bot.privacy.disclosures import Basis
from bot.store.jobs import Never
from ehr_clients.port import CommunicationWrite
from skills.kit import Purpose
from skills.kit.part2_notice import SHORT, SUPERSEDED

NOW = datetime(2026, 11, 23, 19, tzinfo=UTC)


def message(text: str, *, part2: bool) -> CommunicationWrite:
    return CommunicationWrite(
        client_id="x", sender="Practitioner/a", recipients=("Practitioner/b",), text=text, when=NOW, part2=part2
    )


def test_with_its_notice_it_may_leave_and_without_it_may_not() -> None:
    check_notice(message(f"A handoff. {SHORT}", part2=True))
    check_notice(message("A handoff.", part2=False))
    with pytest.raises(Never, match="notice_missing"):
        check_notice(message("A handoff.", part2=True))


@pytest.mark.parametrize("old", SUPERSEDED)
def test_an_outdated_wording_leaves_in_nothing(old: str) -> None:
    with pytest.raises(Never, match="notice_outdated"):
        check_notice(message(f"{SHORT} This {old}.", part2=True))


def test_the_basis_follows_the_ruling() -> None:
    assert basis_of(WITHIN_PROGRAM.stamp(), Purpose.TREATMENT) is Basis.WITHIN_PROGRAM
    assert basis_of(Ruling(allowed=True, rule="part2.consent").stamp(), Purpose.TREATMENT) is Basis.CONSENT
    assert basis_of(NOTHING_PROTECTED.stamp(), Purpose.PAYMENT) is Basis.PAYMENT
    assert basis_of(Ruling(allowed=False, rule="part2.denied").stamp(), Purpose.TREATMENT) is Basis.TREATMENT
