"""A team's wishes for its digest, as the clinic file has them."""

from datetime import time
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

type Weekday = Annotated[int, Field(ge=0, le=6)]  # 0 is Monday


class DigestRule(BaseModel):
    """`[teams.digest]` of the clinic file. Without a `digest_time` of the team nothing goes out by itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    days: tuple[Weekday, ...] = (0, 1, 2, 3, 4)
    weekly: Weekday | None = 0  # None: no weekly digest
    weekly_time: time | None = None  # as the daily one when left out
    most_lines: int = Field(default=10, ge=1, le=30)  # on the card; the rest stands behind "All lines"
    all_quiet: bool = False  # say so on a day on which nothing changed
    retire_after_weeks: int = Field(default=8, ge=2, le=26)
    channel: str | None = None  # id of one of the team's channels; else its first for client information
    to_people: bool = False  # to each person of the team instead of the channel
