"""`baton eval NAME --set FILE [--json]`: score one part of Baton on a file of cases. Each eval is a module of its own.

A module has `score(path: Path, ...) -> Scores` (JSON-ready) and registers itself here; it is imported when it is run.
"""

import typer

eval_app = typer.Typer(no_args_is_help=True, help="Score a part of Baton on a file of cases.")
