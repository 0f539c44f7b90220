"""The crisis policy of a clinic as data: who is paged when, by which ways, and how long what may take.

Defaults: page at once (<= 15 s), nobody answered at 5 min -> backup, at 10 min -> supervisor and on-call by phone. The
last step of a tier repeats until a person answers: a policy has no way to say "stop".
"""

from collections.abc import Collection
from datetime import date, datetime, time
from enum import StrEnum
from typing import Annotated, Any, Final, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

E164: Final = r"^\+[1-9][0-9]{6,14}$"  # pydantic's expressions end a text with "$", before no newline
MINUTE_S: Final = 60
HOUR_S: Final = 60 * MINUTE_S
DAY_S: Final = 24 * HOUR_S


class Tier(StrEnum):
    """How soon a person must look. Listed most urgent first."""

    NOW = "now"
    SAME_DAY = "same_day"
    FOLLOW_UP = "follow_up"

    @property
    def words(self) -> str:
        return {"now": "now", "same_day": "same day", "follow_up": "follow-up"}[self.value]

    def more_urgent_than(self, other: "Tier") -> bool:
        return list(Tier).index(self) < list(Tier).index(other)


class WayName(StrEnum):
    CHAT = "chat"  # a direct message
    CHANNEL = "channel"  # the team's own channel: informs, reaches nobody in particular
    SMS = "sms"
    VOICE = "voice"


class Recipient(StrEnum):
    TREATING = "treating"  # the clinicians of the client's care team
    SUPERVISOR = "supervisor"  # of the team
    ON_CALL = "on_call"  # whoever the rota names at that moment
    LAST_RESORT = "last_resort"  # the people named below, in their absence every supervisor


def _a_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("not a time zone name such as America/Chicago") from error
    return value


def _with_zone(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a moment needs its offset, such as 2026-12-24T18:00:00-05:00")
    return value


type Zone = Annotated[str, AfterValidator(_a_zone)]
type Moment = Annotated[datetime, AfterValidator(_with_zone)]
type PhoneNumber = Annotated[str, StringConstraints(pattern=E164)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Phone(_Part):
    """A person's own telephone. `verified`: the day they answered a test page on it; None counts as no way at all."""

    number: PhoneNumber
    verified: date | None = None
    sms: bool = True
    voice: bool = True


class Step(_Part):
    """Page these people by these ways, wait, and `repeat` the same so many times before the next step."""

    who: tuple[Recipient, ...] = Field(min_length=1)
    after_hours: tuple[Recipient, ...] = ()  # paged as well outside clinic hours
    ways: tuple[WayName, ...] = Field(min_length=1)
    wait_s: int = Field(gt=0, le=DAY_S)
    repeat: int = Field(default=1, ge=1, le=10)

    @model_validator(mode="after")
    def _reaches_a_person(self) -> Self:
        if set(self.ways) <= {WayName.CHANNEL}:
            raise ValueError("a channel alone reaches nobody: name a way to a person as well")
        return self


class Clocks(_Part):
    """After somebody answered: how long until each next thing must have been done. Then people are paged again."""

    assess_s: int = Field(gt=0, le=7 * DAY_S)  # acknowledged and not assessed by then: the acknowledgement decays
    disposition_s: int = Field(gt=0, le=7 * DAY_S)
    document_s: int = Field(gt=0, le=7 * DAY_S)
    close_s: int = Field(gt=0, le=7 * DAY_S)


class TierPolicy(_Part):
    steps: tuple[Step, ...] = Field(min_length=1)
    clocks: Clocks


_C, _CH, _SMS, _VOICE = WayName.CHAT, WayName.CHANNEL, WayName.SMS, WayName.VOICE
_EVERYTHING: Final = (_C, _SMS, _VOICE)
_LAST: Final = Step(
    who=(Recipient.LAST_RESORT, Recipient.SUPERVISOR, Recipient.ON_CALL), ways=_EVERYTHING, wait_s=5 * MINUTE_S
)
DEFAULT_NOW: Final = TierPolicy(
    steps=(
        Step(
            who=(Recipient.TREATING, Recipient.SUPERVISOR),
            after_hours=(Recipient.ON_CALL,),
            ways=(_C, _CH, _SMS),
            wait_s=5 * MINUTE_S,
        ),
        Step(who=(Recipient.ON_CALL,), ways=(_C, _SMS), wait_s=5 * MINUTE_S),
        Step(who=(Recipient.SUPERVISOR, Recipient.ON_CALL), ways=_EVERYTHING, wait_s=5 * MINUTE_S),
        _LAST,
    ),
    clocks=Clocks(assess_s=30 * MINUTE_S, disposition_s=2 * HOUR_S, document_s=2 * HOUR_S, close_s=DAY_S),
)
DEFAULT_SAME_DAY: Final = TierPolicy(
    steps=(
        Step(
            who=(Recipient.TREATING, Recipient.SUPERVISOR),
            after_hours=(Recipient.ON_CALL,),
            ways=(_C, _CH, _SMS),
            wait_s=HOUR_S,
        ),
        Step(who=(Recipient.TREATING, Recipient.SUPERVISOR), ways=(_C, _SMS), wait_s=HOUR_S),
        Step(who=(Recipient.SUPERVISOR, Recipient.ON_CALL), ways=_EVERYTHING, wait_s=30 * MINUTE_S),
        _LAST.model_copy(update={"wait_s": 30 * MINUTE_S}),
    ),
    clocks=Clocks(assess_s=4 * HOUR_S, disposition_s=8 * HOUR_S, document_s=8 * HOUR_S, close_s=2 * DAY_S),
)
DEFAULT_FOLLOW_UP: Final = TierPolicy(
    steps=(
        Step(who=(Recipient.TREATING,), ways=(_C,), wait_s=DAY_S),
        Step(who=(Recipient.TREATING, Recipient.SUPERVISOR), ways=(_C,), wait_s=12 * HOUR_S),
        Step(who=(Recipient.SUPERVISOR, Recipient.ON_CALL), ways=(_C, _SMS), wait_s=4 * HOUR_S),
    ),
    clocks=Clocks(assess_s=DAY_S, disposition_s=2 * DAY_S, document_s=2 * DAY_S, close_s=3 * DAY_S),
)


class Tiers(_Part):
    now: TierPolicy = DEFAULT_NOW
    same_day: TierPolicy = DEFAULT_SAME_DAY
    follow_up: TierPolicy = DEFAULT_FOLLOW_UP

    def of(self, tier: Tier) -> TierPolicy:
        return {Tier.NOW: self.now, Tier.SAME_DAY: self.same_day, Tier.FOLLOW_UP: self.follow_up}[tier]


class Hours(_Part):
    """Clinic hours, by the wall clock of the team."""

    days: tuple[Annotated[int, Field(ge=0, le=6)], ...] = (0, 1, 2, 3, 4)  # 0 is Monday
    start: time = time(8)
    end: time = time(18)

    def open_at(self, moment: datetime, zone: ZoneInfo) -> bool:
        local = moment.astimezone(zone)
        return local.weekday() in self.days and self.start <= local.time() < self.end


class Turn(_Part):
    """One line of a rota: this person, on these days, from `start` until `end` (of the next day when that is earlier).

    Equal times are a whole day. Times are on the wall of the team's zone, so a night of autumn has an hour more.
    """

    staff: str
    days: tuple[Annotated[int, Field(ge=0, le=6)], ...] = (0, 1, 2, 3, 4, 5, 6)
    start: time = time(0)
    end: time = time(0)


class OnCall(_Part):
    """The weekly rota of some teams, and what differs from it."""

    teams: tuple[str, ...] = Field(min_length=1)
    timezone: Zone | None = None  # else the team's
    turns: tuple[Turn, ...] = ()


class _Span(_Part):
    teams: tuple[str, ...] = ()  # () for all
    start: Moment
    end: Moment

    @model_validator(mode="after")
    def _ends_later(self) -> Self:
        if self.end <= self.start:
            raise ValueError("it ends before it starts")
        return self

    def covers(self, moment: datetime, team: str) -> bool:
        return self.start <= moment < self.end and (not self.teams or team in self.teams)


class Override(_Span):
    """In this span this person is on call, whatever the rota says. The one written later wins."""

    staff: str


class Swap(_Span):
    """In this span two people stand in for each other."""

    staff: str
    with_staff: str = Field(alias="with")
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class FollowUp(_Part):
    """What is to be done after an escalation was closed, counted from its disposition."""

    contact_within_s: tuple[int, ...] = (72 * HOUR_S,)  # contact in 24 to 72 h
    visit_within_s: int = 7 * DAY_S


class Crisis(_Part):
    """The part `[crisis]` of the clinic file."""

    last_resort: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()  # local crisis lines and places for staff to use, one a line; 988 is always there
    hours: Hours = Hours()
    tiers: Tiers = Tiers()
    follow_up: FollowUp = FollowUp()
    on_call: tuple[OnCall, ...] = ()
    overrides: tuple[Override, ...] = ()
    swaps: tuple[Swap, ...] = ()


def misnamed(crisis: Crisis, *, staff: Collection[str], teams: Collection[str]) -> list[str]:
    """Every person and team that the crisis part names and the file does not know, in words."""
    people = {
        "last_resort": crisis.last_resort,
        "on_call": [turn.staff for rota in crisis.on_call for turn in rota.turns],
        "overrides": [override.staff for override in crisis.overrides],
        "swaps": [name for swap in crisis.swaps for name in (swap.staff, swap.with_staff)],
    }
    named = {
        "on_call": [team for rota in crisis.on_call for team in rota.teams],
        "overrides": [team for override in crisis.overrides for team in override.teams],
        "swaps": [team for swap in crisis.swaps for team in swap.teams],
    }
    mistakes = [
        f"crisis.{part}: unknown person {one}" for part, ones in people.items() for one in ones if one not in staff
    ]
    return mistakes + [
        f"crisis.{part}: unknown team {one}" for part, ones in named.items() for one in ones if one not in teams
    ]


def frozen(tiers: Tiers) -> dict[str, Any]:
    """As it is kept with an escalation when that opens."""
    return tiers.model_dump(mode="json")
