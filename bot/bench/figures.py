"""What all benches share: medians, ratios, and the machine they were taken on."""

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

from bot.bench.child import Json


def machine() -> Json:
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "processor": _processor(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
        "libraries": {name: found for name in LIBRARIES if (found := installed(name))},
    }


LIBRARIES = ("slack-bolt", "aiohttp", "sqlalchemy", "aiosqlite", "asyncpg", "pgqueuer", "procrastinate")


def installed(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def middle(rounds: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The median of each figure over the rounds, to three digits."""
    taken = list(rounds)
    return {name: digits(median(one[name] for one in taken)) for name in taken[0]}


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the rounds' own ratios: what disturbs one round disturbs both."""
    return digits(median(a / b for a, b in zip(ours, theirs, strict=True)))


def digits(number: float) -> float:
    return float(f"{number:.3g}")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
