"""How many kills and faults a run of the suite really made, for its last lines. Works with and without pytest-xdist."""

from collections import Counter
from dataclasses import dataclass

import pytest

NAME = "faults"


@dataclass(frozen=True, slots=True)
class Tally:
    """Travels with a test's report, so that the tests of other processes count too: a plain dict can."""

    counted: dict[str, int]

    def add(self, what: str, times: int = 1) -> None:
        self.counted[what] = self.counted.get(what, 0) + times


def tally_of(item: pytest.Item) -> Tally:
    tally = Tally({})
    item.user_properties.append((NAME, tally.counted))
    return tally


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, []) if r.when == "call"]
    total: Counter[str] = Counter()
    for report in reports:
        for name, counted in report.user_properties:
            total.update(counted if name == NAME else {})
    if total:
        terminalreporter.section("kills and faults")
        for what, count in sorted(total.items()):
            terminalreporter.write_line(f"{count:6} {what}")
