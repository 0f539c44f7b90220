"""The EHR: whether it answers, lets us in, what becomes of each kind of write, and whether its clock and ours agree."""

from collections.abc import Sequence
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import aiohttp

from bot import clinical_systems
from bot.check.configuration import UNREADABLE
from bot.check.finding import Finding, fail, ok, skipped, warn
from bot.check.given import Given
from bot.settings import EhrSettings
from ehr_clients.errors import EhrRefused, EhrUnavailable
from ehr_clients.port import Capability, ClientQuery, Ehr, Op

NAMES: Final = ("ehr", "ehr_token", "ehr_writes")
MOST_APART: Final = timedelta(seconds=60)
TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
NOBODY: Final = "baton-check-nobody"
REACH_MEND: Final = "See that BATON_EHR__BASE_URL is the FHIR base, the server runs, and this machine reaches it."
LET_IN_MEND: Final = (
    "See that BATON_EHR__CLIENT_ID and its secret or key are those that the EHR registered, that the app is active "
    "there, and that BATON_EHR__SCOPE asks for no more than was granted."
)
FILING: Final = "DocumentWrite"  # without it no draft can be filed


async def ehr(given: Given) -> Sequence[Finding]:
    """The demo's EHR is opened anew, beside the one that may be running."""
    if given.settings is None:
        return [skipped(name, UNREADABLE) for name in NAMES]
    if given.settings_problems and given.settings.ehr.kind == "fhir_r4" and not given.settings.ehr.base_url:
        return [skipped(name, "The settings of the EHR come first.") for name in NAMES]
    try:
        if await _turned_away(given.settings.ehr):
            return [ok("ehr", "The EHR's token server answers."), _refused(), skipped("ehr_writes", "The token first.")]
        async with clinical_systems.opened(given.settings.ehr, state_file=None, bundles=None) as charts:
            return await _looked(charts.ehr)
    except (OSError, ValueError, AssertionError) as error:
        told = f"The credentials for the EHR cannot be used ({type(error).__name__})."
        return [fail("ehr_token", told, LET_IN_MEND)]


async def _turned_away(ours: EhrSettings) -> bool:
    """Asked by itself: once the adapter has no token it only says that the EHR is not available."""
    if ours.kind == "sandbox":
        return False
    try:
        async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
            await clinical_systems.auth_of(ours).authorization(session)
    except EhrRefused:
        return True
    except EhrUnavailable:
        return False
    return False


async def _looked(opened: Ehr) -> list[Finding]:
    try:
        matrix = await opened.capabilities()
    except (EhrUnavailable, EhrRefused):
        first = fail("ehr", "The EHR does not answer, or does not say what it can do.", REACH_MEND)
        return [first, *(skipped(name, "The EHR comes first.") for name in NAMES[1:])]
    return [ok("ehr", "The EHR answers and says what it can do."), await _let_in(opened), _writes(matrix)]


async def _let_in(opened: Ehr) -> Finding:
    """A search for an alias that nobody has: it needs a token, and names no client."""
    try:
        await opened.find(ClientQuery(alias=NOBODY))
    except EhrRefused:
        return _refused()
    except EhrUnavailable:
        return fail("ehr_token", "The EHR's token server does not answer, or is busy.", REACH_MEND)
    return ok("ehr_token", "The EHR lets Baton in.")


def _refused() -> Finding:
    return fail("ehr_token", "The EHR does not accept Baton's credentials or scope.", LET_IN_MEND)


def _writes(matrix: Sequence[Capability]) -> Finding:
    lines = [f"{each.kind}: {each.op.value if each.op else 'not possible'}, {each.how}" for each in matrix]
    if any(each.kind == FILING and each.op is None for each in matrix):
        mend = "Ask the EHR's vendor to allow the creation of DocumentReference or Communication for this app."
        return fail("ehr_writes", "Nothing can be filed to this EHR.", mend, lines)
    other = [each.kind for each in matrix if each.op is not Op.NATIVE]
    if other:
        told = (
            f"{len(other)} of {len(matrix)} kinds of reading and writing take another way or none: {', '.join(other)}."
        )
        return warn("ehr_writes", told, "The lines below say what becomes of each; ask the vendor for the rest.", lines)
    return ok("ehr_writes", f"Each of {len(matrix)} kinds of reading and writing goes the way meant for it.", lines)


async def clock(given: Given) -> Sequence[Finding]:
    """By the Date header of /metadata, which needs no token; half of the time that the answer took is unknown."""
    ours = given.settings.ehr if given.settings else None
    if ours is None or ours.kind == "sandbox" or not ours.base_url:
        return [ok("clock", "The demo's EHR has this machine's clock.")] if ours else [skipped("clock", UNREADABLE)]
    try:
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT) as session,
            session.get(f"{ours.base_url.rstrip('/')}/metadata") as answer,
        ):
            theirs = parsedate_to_datetime(answer.headers["Date"])
    except (aiohttp.ClientError, OSError, TimeoutError):
        return [skipped("clock", "The EHR comes first.")]
    except (KeyError, ValueError):
        return [
            warn("clock", "The EHR does not say what time it is.", "Compare its clock with this machine's by hand.")
        ]
    apart = abs(given.clock() - theirs)
    if apart > MOST_APART:
        mend = (
            "Switch on time synchronisation (NTP) on this machine, or on the EHR's: tokens and audit times rest on it."
        )
        return [fail("clock", f"Our clock and the EHR's are {apart.total_seconds():.0f} seconds apart.", mend)]
    return [ok("clock", f"Our clock and the EHR's are {apart.total_seconds():.0f} seconds apart.")]
