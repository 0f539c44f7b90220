"""The queue and the timers, as others import them. `queue.py` puts in, `leases.py` holds, `worker.py` does."""

from bot.store.queue import (
    CRISIS,
    Finish,
    Handler,
    Job,
    Later,
    Never,
    Waiting,
    Wanted,
    cancel,
    enqueue,
    enqueue_all,
    error_of,
    hold,
    purge,
    requeue,
    waiting,
)
from bot.store.worker import Worker

__all__ = [
    "CRISIS",
    "Finish",
    "Handler",
    "Job",
    "Later",
    "Never",
    "Waiting",
    "Wanted",
    "Worker",
    "cancel",
    "enqueue",
    "enqueue_all",
    "error_of",
    "hold",
    "purge",
    "requeue",
    "waiting",
]
