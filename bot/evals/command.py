"""`baton eval NAME --set FILE [--json]`: score one part of Baton on a file of cases. Each eval is a module of its own.

A module has `score(path: Path, ...) -> Scores` (JSON-ready) and registers itself here; it is imported when it is run.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print the scores as JSON.")]

eval_app = typer.Typer(no_args_is_help=True, help="Score a part of Baton on a file of cases.")


@eval_app.callback()
def _evaluations() -> None:
    """Each evaluation is named, also while there is only one."""


@eval_app.command()
def retrieval(
    cases: Annotated[Path, typer.Option("--set", exists=True, dir_okay=False, help="Objectives and sentences.")],
    as_json: AsJson = False,  # noqa: FBT002 - typer's form of a flag
) -> None:
    """How many of the sentences that speak to an objective are among the first five found."""
    from bot.evals.retrieval import in_words, score  # noqa: PLC0415 - start-up stays fast

    _say(score(cases), in_words, as_json=as_json)


@eval_app.command()
def risk(
    cases: Annotated[Path, typer.Option("--set", exists=True, dir_okay=False, help="Sentences, and what must alert.")],
    as_json: AsJson = False,  # noqa: FBT002 - typer's form of a flag
) -> None:
    """How many sentences that must alert do, and how many alerts are right."""
    from bot.evals.risk import in_words, score  # noqa: PLC0415 - start-up stays fast

    _say(score(cases), in_words, as_json=as_json)


@eval_app.command()
def injection(
    cases: Annotated[Path, typer.Option("--set", exists=True, dir_okay=False, help="Attacks and ordinary texts.")],
    as_json: AsJson = False,  # noqa: FBT002 - typer's form of a flag
) -> None:
    """Whether planted words change where a draft goes or what it says, with a model that obeys them."""
    from bot.evals.injection import in_words, score  # noqa: PLC0415 - start-up stays fast

    _say(score(cases), in_words, as_json=as_json)


@eval_app.command()
def deid(
    cases: Annotated[Path, typer.Option("--set", exists=True, dir_okay=False, help="Texts with marked identifiers.")],
    as_json: AsJson = False,  # noqa: FBT002 - typer's form of a flag
    record: Annotated[bool, typer.Option(help="Use the client's record, where a case has one.")] = True,  # noqa: FBT002 - as above
    ner: Annotated[bool, typer.Option(help="Add the trained recognizer (the extra `ner`).")] = False,  # noqa: FBT002 - as above
    gate: Annotated[bool, typer.Option(help="Mask what nobody knows.")] = True,  # noqa: FBT002 - as above
) -> None:
    """How much of what identifies a person is masked, and how much else."""
    from bot.evals.deid import in_words, report  # noqa: PLC0415 - start-up stays fast
    from bot.evals.deid_cases import BadCase  # noqa: PLC0415 - as above
    from bot.privacy.recognizers.ner import NerNotInstalled, spacy_ner  # noqa: PLC0415 - as above

    try:
        scores = report(cases, with_record=record, gate=gate, ner=spacy_ner() if ner else None)
    except (BadCase, NerNotInstalled) as refused:
        typer.echo(str(refused), err=True)
        raise typer.Exit(2) from None
    _say(scores, in_words, as_json=as_json)


@eval_app.command()
def drafts(
    cases: Annotated[Path, typer.Option("--set", exists=True, dir_okay=False, help="Drafted sentences and sources.")],
    as_json: AsJson = False,  # noqa: FBT002 - typer's form of a flag
) -> None:
    """How many drafts with a planted error the source checks catch, by kind, and how many faithful ones they stop."""
    from bot.evals.drafts import in_words, score  # noqa: PLC0415 - start-up stays fast

    _say(score(cases), in_words, as_json=as_json)


def _say[S](scores: S, in_words: Callable[[S], str], *, as_json: bool) -> None:
    typer.echo(json.dumps(scores) if as_json else in_words(scores))
