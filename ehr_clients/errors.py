"""What can go wrong with an EHR, in four words a caller can act on.

    EhrError
    ├── ClientNotFound     nobody by that id here; ask again, do not retry
    ├── EhrRefused         the EHR said no; a person must look
    ├── EhrUnavailable     down, slow or busy; try again, not before `retry_after_s`
    └── OutcomeUnknown     a write was sent and no answer came; look it up before a second try

Messages are sentences for a clinician or an operator and never hold patient data.
"""


class EhrError(Exception):
    """The EHR could not do what was asked. `str(error)` may be shown to staff."""


class ClientNotFound(EhrError):
    """No client with this id in the EHR, or not one that our access may see."""


class EhrRefused(EhrError):
    """The EHR answered and declined. Trying again changes nothing; `code` is the EHR's own code where it gave one."""

    def __init__(self, message: str, *, status: int | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class EhrUnavailable(EhrError):
    """No usable answer this time. Nothing was stored. Try again after `retry_after_s` seconds (None: choose)."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class OutcomeUnknown(EhrError):
    """A write left us and its answer was lost: it may or may not be stored. Reconcile by our identifier first."""
