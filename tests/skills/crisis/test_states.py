"""The states' policy pack: phrases stay on unless a line says otherwise, and every line asks for counsel."""

import tomllib
from pathlib import Path

import pytest

import skills.crisis
from skills.crisis.signals import StatePolicy
from skills.crisis.states import policy_of

PACK = tomllib.loads((Path(skills.crisis.__file__).parent / "rules" / "states.toml").read_text("utf-8"))


@pytest.mark.parametrize("state", ["IL", "il", " NV ", "UT", "ME", "TX", ""])
def test_each_state_reads_its_line_or_the_default(state: str) -> None:
    line = PACK.get(state.strip().upper(), PACK["default"])
    assert policy_of(state) == StatePolicy(phrases=line["phrases"])


def test_every_line_asks_for_counsel() -> None:
    assert all("verify with counsel" in line["note"] for line in PACK.values())
