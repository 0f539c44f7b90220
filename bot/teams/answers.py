"""What the request of an activity is answered with. Teams delivers again what is not answered well or in time."""

from dataclasses import dataclass

from bot.teams.elements import Json


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` is HTTP's; an invoke has its own inside the body."""

    status: int
    body: Json | None = None


TAKEN = Answer(200)


def show(card: Json) -> Answer:
    """Show this card in place of the pressed one."""
    return _invoke(200, "application/vnd.microsoft.card.adaptive", card)


def decline(status: int, code: str, message: str) -> Answer:
    """Teams shows the message beside the card. It is never empty: then Teams would send the invoke again."""
    return _invoke(status, "application/vnd.microsoft.error", {"code": code, "message": message})


def _invoke(status: int, kind: str, value: Json) -> Answer:
    return Answer(200, {"statusCode": status, "type": kind, "value": value})


NOT_OFFERED = decline(501, "NotImplemented", "Baton does not offer this in Teams. Type help to see what it does.")
