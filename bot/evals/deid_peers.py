"""Other tools for the same task, each only where it is installed; none of them is needed for anything else."""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from bot.privacy.record import Record

if TYPE_CHECKING:
    from bot.evals.deid import Masks, System


def peers() -> "dict[str, System]":
    """The tools that are installed, by name."""
    found: dict[str, System] = {}
    if find_spec("presidio_analyzer"):
        found["Presidio"] = _presidio()
    if find_spec("philter_lite"):
        found["philter-lite"] = _philter()
    return found


def _presidio() -> "System":
    analyzer: Any = import_module("presidio_analyzer").AnalyzerEngine()

    def masks(text: str, record: Record | None) -> "Masks":
        return [(result.start, result.end) for result in analyzer.analyze(text=text, language="en")]

    return masks


def _philter() -> "System":
    philter: Any = import_module("philter_lite")
    filters: Any = philter.load_filters(philter.DEFAULT_FILTERS) if hasattr(philter, "DEFAULT_FILTERS") else None

    def masks(text: str, record: Record | None) -> "Masks":
        found: Any = philter.detect_phi(text, patterns=filters) if filters else philter.detect_phi(text)
        return [(each.start, each.stop) for each in found.phi]

    return masks
