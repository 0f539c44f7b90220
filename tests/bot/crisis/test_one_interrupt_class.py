"""Nothing else in the product may interrupt people the way a crisis does. The import rule is checked by lint-imports."""

import re
from pathlib import Path

import bot

HERE = Path(bot.__file__).parent
READS_THE_WAYS = re.compile(r"\boffice\.ways\b|crisis_page|[^_]jobs\.CRISIS|lane=CRISIS")


def test_only_the_crisis_engine_reads_the_ways_and_uses_its_lane() -> None:
    found = {
        str(path.relative_to(HERE))
        for path in HERE.rglob("*.py")
        if READS_THE_WAYS.search(path.read_text()) and "crisis" not in path.relative_to(HERE).parts
    }
    assert found <= {"app.py", "flow/desk.py"}, "the first sets its patience, the second names its handler"


def test_the_search_finds_the_engine_itself() -> None:
    assert READS_THE_WAYS.search((HERE / "crisis" / "engine.py").read_text())
