"""Settings, secrets, the public address and the clinic file: what stops a start, told as findings."""

import asyncio
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from bot.check.finding import Finding, fail, ok, skipped, warn
from bot.check.given import Given
from bot.settings import DEMO_SECRET

SHORTEST_SECRET: Final = 32
ENDS_SOON: Final = timedelta(days=21)
OWN_CHECK: Final = ("SECRET_KEY", "PUBLIC_URL")  # told by a check of their own
UNREADABLE: Final = "The settings cannot be read, so this was not looked at."


async def settings(given: Given) -> Sequence[Finding]:
    found = [part for line in given.settings_problems for part in _apart(line)]
    if not found:
        return [ok("settings", "Every setting that this profile needs is there.")]
    told = "Baton would not start with these settings."
    return [fail("settings", told, "Set or correct each of the lines below.", found)]


def _apart(line: str) -> list[str]:
    """What the start puts into one sentence, a setting a line, without those that another check tells."""
    _, missing, names = line.partition("missing: ")
    if not missing:
        return [line]
    parts = [part if part.startswith("BATON_") else f"BATON_{part}" for part in names.split(", BATON_")]
    return [f"missing: {part}" for part in parts if not part.removeprefix("BATON_").startswith(OWN_CHECK)]


async def secrets(given: Given) -> Sequence[Finding]:
    if given.settings is None:
        return [skipped("secrets", UNREADABLE)]
    secret = given.settings.secret_key.get_secret_value()
    old = [key.get_secret_value() for key in given.settings.old_secret_keys]
    if not given.real:
        return [ok("secrets", "The demo has made-up clients only, and needs no secret of its own.")]
    mend = "Set BATON_SECRET_KEY to at least 32 random characters, for example of `openssl rand -base64 48`."
    if secret == DEMO_SECRET:
        return [fail("secrets", "The secret key is the demo's, which everybody knows.", mend)]
    if len(secret) < SHORTEST_SECRET:
        return [fail("secrets", f"The secret key is shorter than {SHORTEST_SECRET} characters.", mend)]
    if old:
        told = f"{len(old)} old secret keys still open what they sealed."
        return [warn("secrets", told, "Run `baton rotate-key`, then take them out of BATON_OLD_SECRET_KEYS.")]
    return [ok("secrets", "The secret key is none that others know.")]


async def public_url(given: Given) -> Sequence[Finding]:
    if given.settings is None:
        return [skipped("public_url", UNREADABLE)]
    if not given.real:
        return [ok("public_url", "The demo is reached from this machine only.")]
    parts = urlsplit(given.settings.public_url)
    if parts.scheme != "https" or not parts.hostname:
        mend = "Set BATON_PUBLIC_URL to the https address under which people and platforms reach Baton."
        return [fail("public_url", "The public address is not https.", mend)]
    return [await _certificate(parts.hostname, parts.port or 443)]


async def _certificate(host: str, port: int) -> Finding:
    """From here the way to our own address may be closed: that is no fault, so it is only told."""
    try:
        async with asyncio.timeout(5):
            _, writer = await asyncio.open_connection(host, port, ssl=ssl.create_default_context())
    except ssl.SSLCertVerificationError:
        mend = "Install a certificate for this name from an authority that Slack and Microsoft trust."
        return fail("public_url", "The certificate of the public address is not valid.", mend)
    except (OSError, TimeoutError):
        mend = "Where the network does not lead back to itself, open the address once from outside."
        return warn("public_url", "The public address could not be reached from here.", mend)
    try:
        ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(writer.get_extra_info("peercert")["notAfter"]), UTC)
    finally:
        writer.close()
    if ends - datetime.now(UTC) < ENDS_SOON:
        return warn("public_url", f"The certificate of the public address ends on {ends:%Y-%m-%d}.", "Renew it.")
    return ok("public_url", f"The public address answers over TLS; its certificate is good until {ends:%Y-%m-%d}.")


async def clinic(given: Given) -> Sequence[Finding]:
    if given.settings is None:
        return [skipped("clinic", UNREADABLE)]
    if given.clinic is None:
        told = "The clinic file cannot be used."
        return [fail("clinic", told, "Correct each of the lines below in the clinic file.", given.clinic_problems)]
    people = sum(staff.active for staff in given.clinic.staff)
    return [ok("clinic", f"The clinic file is whole: {len(given.clinic.teams)} teams, {people} active people.")]
