"""The example in the folder's README is a skill that keeps every promise."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from skills.kit import Section, Signed, Skill
from tests.fakes import charts

README = Path(__file__).parents[2] / "skills" / "README.md"


@pytest.fixture
def example() -> Iterator[Skill[Any]]:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    module = ModuleType("skills_readme_example")
    sys.modules[module.__name__] = module  # a dataclass looks its module up
    exec(compile(code, str(README), "exec"), module.__dict__)  # the README is ours
    yield module.SKILL
    del sys.modules[module.__name__]


@pytest.mark.parametrize(
    ("chart", "line"),
    [
        ("rich", "Last visit kept: 11/09/2026."),
        ("empty", "Last visit kept: not documented."),
        ("unreadable", "Last visit: The appointments section was not read (unsupported)."),
    ],
)
def test_the_example_runs_and_tells_missing_from_none(example: Skill[Any], chart: str, line: str) -> None:
    facts = example.gather(charts.request(), charts.chart(charts.EVERY[chart], example.reads))
    text = example.compose(facts)
    assert text.passages[0].plain() == line
    assert example.card(facts, text).detail
    (step,) = example.writes(facts, text, Signed(charts.VEGA, charts.NOW))
    assert step.write.client_id == charts.CLIENT.id


def test_the_example_declares_what_it_reads(example: Skill[Any]) -> None:
    assert example.reads == {Section.CLIENT, Section.APPOINTMENTS}
