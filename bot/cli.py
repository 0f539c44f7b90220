"""The command line: `baton demo|serve|worker|audit`, and those of `bot/upkeep/commands.py` and `bot/unfinished.py`."""

import asyncio
import hashlib
import json
import signal
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from aiohttp import web
from rich.console import Console
from sqlalchemy.engine import make_url

from bot import app as building
from bot import crisis_story, digest_story, log, referral_story, settings, unfinished
from bot import demo as story
from bot.bench import command as measuring
from bot.check.commands import commands as check_commands
from bot.clinic import ClinicFileInvalid
from bot.crisis.commands import commands as crisis_commands
from bot.evals.command import eval_app
from bot.manifests.commands import commands as manifest_commands
from bot.privacy import accounting, audit
from bot.settings import Profile, Settings, SettingsInvalid
from bot.store.schema import SchemaRefused
from bot.store.session import Database, DatabaseInUse
from bot.upkeep.commands import commands
from bot.upkeep.portable import BackupRefused

TALES = {
    "crisis": (crisis_story.once, crisis_story.print_result),
    "digest": (digest_story.once, digest_story.print_result),
    "referral": (referral_story.once, referral_story.print_result),
}
GRACE_S = 5.0  # for requests under way when told to stop

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
trail = typer.Typer(no_args_is_help=True, help="Verify or export the audit trail.")
cli.add_typer(trail, name="audit")
cli.add_typer(eval_app, name="eval")
STOPPED = (DatabaseInUse, SchemaRefused, BackupRefused)
REFUSALS = (SettingsInvalid, ClinicFileInvalid, *STOPPED, story.StoryFailed, ValueError)


def main() -> None:
    """The entry point. A refusal is a sentence and exit status 2, never a traceback."""
    log.configure("WARNING", json=False)
    try:
        cli()
    except REFUSALS as error:
        print(str(error), file=sys.stderr)
        raise SystemExit(2) from None


@cli.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Tell the whole story on the terminal and stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --once: one JSON object on stdout.")] = False,
    tale: Annotated[str, typer.Option("--story", help="crisis | digest | referral: tells it and stops.")] = "",
    bundles: Annotated[Path | None, typer.Option(help="A folder of FHIR R4 bundles instead of the clinic.")] = None,
    client: Annotated[str | None, typer.Option(help="With --once: alias or EHR id of the client.")] = None,
    port: Annotated[int, typer.Option(help="Port of the sandbox page.")] = 8080,
) -> None:
    """The sandbox clinic with everything in it; needs no account, no key and no network."""
    if bundles is not None and not bundles.is_dir():
        raise ValueError(f"{bundles} is not a folder.")
    log.configure("WARNING", json=False)
    ours = _demo_settings(bundles, port)
    if tale:
        _told(ours, tale, as_json=as_json)
        return
    if not once:
        asyncio.run(_serve(ours, bundles=bundles, state=_demo_folder(bundles) / "ehr.jsonl"))
        return
    show = Console(stderr=as_json)
    chosen = client or (None if bundles else "C-102")
    if chosen is None:
        raise ValueError("Say which client of that folder: --client with the id of a Patient.")
    result = asyncio.run(story.once(ours, show, client=chosen, bundles=bundles))
    if as_json:
        print(json.dumps(result))
    else:
        story.print_result(show, result)
    if result["content_hash"] != result["readback_hash"] or not result["audit"]["verified"]:
        raise story.StoryFailed("The text read back from the chart differs from what was approved.")


@cli.command()
def serve() -> None:
    """The product: chat platforms, console and worker in one process. Settings come from BATON_* variables."""
    ours = settings.load()
    log.configure("INFO", json=True)
    asyncio.run(_serve(ours))


@cli.command()
def worker() -> None:
    """Work alone: jobs, calendar and inbox without a web server. Any number of them beside `baton serve`."""
    ours = settings.load()
    log.configure("INFO", json=True)
    asyncio.run(_work(ours))


@trail.command()
def verify(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Find any altered, removed or inserted event and name it. Exit status 1 when there is one."""
    verdict = asyncio.run(_verdict(_audited()))
    faults = [{"seq": fault.seq, "kind": fault.kind, "sentence": fault.sentence} for fault in verdict.faults]
    if as_json:
        print(json.dumps({"events": verdict.events, "ok": verdict.ok, "faults": faults}))
    else:
        words = "the chain is whole" if verdict.ok else f"{len(faults)} faults"
        print(f"{verdict.events} events: {words}.", *(f"  - {fault['sentence']}" for fault in faults), sep="\n")
    raise typer.Exit(0 if verdict.ok else 1)


@trail.command()
def export(
    form: Annotated[str, typer.Option("--format", help="csv or fhir")] = "csv",
    out: Annotated[Path | None, typer.Option(help="A file; standard output when left out.")] = None,
) -> None:
    """Write the whole trail as CSV or as a FHIR Bundle of AuditEvents. The export is itself recorded."""
    if form not in {"csv", "fhir"}:
        raise ValueError("The format is csv or fhir.")
    with out.open("w", encoding="utf-8", newline="") if out else nullcontext(sys.stdout) as target:
        asyncio.run(_export(_audited(), form, target))


# What the commands share


def _told(ours: Settings, tale: str, *, as_json: bool) -> None:
    """Exit status 0 only when everything held."""
    if tale not in TALES:
        raise ValueError(f"The stories to choose from are: {', '.join(TALES)}.")
    tell, print_result = TALES[tale]
    show = Console(stderr=as_json)
    result = asyncio.run(tell(ours, show))
    if as_json:
        print(json.dumps(result))
    else:
        print_result(show, result)
    raise typer.Exit(0 if result["ok"] else 1)


def _demo_settings(bundles: Path | None, port: int) -> Settings:
    folder = _demo_folder(bundles)
    url = f"sqlite+aiosqlite:///{folder}/baton.sqlite"
    return Settings(profile=Profile.DEMO, database_url=url, port=port, public_url=f"http://127.0.0.1:{port}")


def _demo_folder(bundles: Path | None) -> Path:
    """One folder for each set of charts, so that one demo's drafts never meet another's clients."""
    name = "clinic" if bundles is None else hashlib.sha256(str(bundles.resolve()).encode()).hexdigest()[:12]
    return Path("var") / "demo" / name


def _audited() -> Settings:
    """The database the environment names, else the demo's."""
    ours = settings.load()
    default = Settings.model_fields["database_url"].default
    demo_file = _demo_folder(None) / "baton.sqlite"
    if ours.profile is Profile.DEMO and ours.database_url == default and demo_file.exists():
        return _demo_settings(None, ours.port)
    database = make_url(ours.database_url).database
    if ours.database_url.startswith("sqlite") and not Path(database or "").exists():
        raise ValueError("There is no database yet: start `baton demo` or `baton serve` first.")
    return ours


async def _serve(ours: Settings, *, bundles: Path | None = None, state: Path | None = None) -> None:
    told = told_to_stop()
    async with building.opened(ours, bundles=bundles, ehr_state=state) as baton:
        runner = web.AppRunner(baton.web, access_log=None, shutdown_timeout=GRACE_S)
        await runner.setup()
        try:
            await web.TCPSite(runner, ours.host, ours.port).start()
            if ours.profile is Profile.DEMO:
                print(f"The sandbox clinic is open: http://{ours.host}:{ours.port}/  (stop with Ctrl-C)", flush=True)
            await told.wait()
        except OSError as error:
            raise ValueError(f"Port {ours.port} is taken: choose another with --port or BATON_PORT.") from error
        finally:
            await runner.cleanup()


async def _work(ours: Settings) -> None:
    told = told_to_stop()
    async with building.opened(ours):
        await told.wait()


def told_to_stop() -> asyncio.Event:
    """Set by SIGINT and SIGTERM from now on. Ask for it before opening anything: a start can be stopped too."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, told.set)
    return told


async def _verdict(ours: Settings) -> audit.Verdict:
    async with Database(ours.database_url, visiting=True) as db, db.read() as conn:
        return await audit.verify(conn)


async def _export(ours: Settings, form: str, target: Any) -> None:
    """That it is exported stands in the trail first, and so in what is exported."""
    async with Database(ours.database_url, visiting=True) as db:
        async with db.write() as conn:
            await audit.append(conn, audit.Event(action=audit.Action.EXPORT, reason=form))
        async with db.read() as conn:
            if form == "csv":
                await audit.export_csv(conn, target)
            else:
                json.dump(await audit.export_fhir(conn), target, indent=2)


cli.add_typer(commands(configured=settings.load, in_use=_audited))
cli.add_typer(unfinished.commands(in_use=_audited))
cli.add_typer(crisis_commands(in_use=_audited))
cli.add_typer(accounting.commands(in_use=_audited), name="disclosures")
cli.add_typer(measuring.commands())
cli.add_typer(manifest_commands(configured=settings.load), name="manifests")
cli.add_typer(check_commands(in_use=_audited))
