"""Views as HTML. Templates hold the looks, this file the choice of template and the words for dates and sources."""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from itertools import batched
from typing import assert_never

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bot.chat import Button, CardView, Detail, Form, Home, Notice, Option, Picker
from bot.web import drawings
from bot.web.as_json import View
from skills.kit import Banner, Block, LineKind, Picture, Rows, Sourced, Text, Title, Tone, cited
from skills.kit.words import day

type Drawing = Callable[[CardView], Mapping[str, object]]

FEW_OPTIONS = 6  # up to here a picker is a row of buttons
GROUP = 100
OTHERS = {"slack", "teams"}  # platforms whose own JSON has a template here

_TONES = {Tone.INFO: "Note", Tone.WARNING: "Attention", Tone.STOP: "Stopped", Tone.DONE: "Done"}
_KINDS = {
    LineKind.FACT: "",
    LineKind.MISSING: "Not known",
    LineKind.ACTION: "To do",
    LineKind.EDITED: "In own words",
    LineKind.ABOUT: "",
}


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a view stands on a page: what its buttons send back besides their own meaning."""

    csrf: str
    conversation: str
    drawn: str = "console"
    origin: str = ""  # the message a button is pressed on
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(18))  # of this drawing: a form sent twice is one

    def on(self, message_id: str) -> "Spot":
        return replace(self, origin=message_id)


class Pages:
    """Draws whole pages and the views on them. `drawings` by platform name give the JSON that platform is sent."""

    def __init__(self, zone: tzinfo, drawn_as: Mapping[str, Drawing]) -> None:
        if not set(drawn_as) <= OTHERS:
            raise ValueError("The console can imitate Slack and Teams, and no other platform.")
        self._zone, self._drawings = zone, dict(drawn_as)
        self._jinja = Environment(
            loader=PackageLoader("bot.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._jinja.globals.update(draw=self.view, draw_block=self.block, groups=_groups, find=_button_called)
        self._jinja.filters.update(
            moment=self.moment,
            clock=self.clock,
            source=cited,
            tone=_TONES.__getitem__,
            kind=_KINDS.__getitem__,
            slack=drawings.slack_text,
            teams=drawings.teams_text,
            pretty=_pretty,
        )

    def page(self, name: str, **given: object) -> str:
        return self._jinja.get_template(name).render(**given)

    def view(self, view: View, spot: Spot) -> Markup:
        match view:
            case CardView():
                return self._card(view, spot)
            case Notice():
                return self._part("views.html", "notice", view, spot)
            case Picker():
                return self._part("views.html", "picker", view, spot, few=FEW_OPTIONS)
            case Form():
                return self._part("views.html", "form", view, spot)
            case Detail():
                return self._part("views.html", "detail", untitled(view), spot)
            case Home():
                return self._part("views.html", "home", view, spot)
            case _:
                assert_never(view)

    def block(self, block: Block, level: int) -> Markup:
        """`level` is that of the heading above, so that headings never skip one."""
        match block:
            case Title():
                return self._part("blocks.html", "title", block, level)
            case Text():
                return self._part("blocks.html", "text", block, level)
            case Rows():
                return self._part("blocks.html", "rows", block, level)
            case Picture():
                return self._part("blocks.html", "picture", block, level)
            case Banner():
                return self._part("blocks.html", "banner", block, level)
            case Sourced():
                return self._part("blocks.html", "sourced", block, level)
            case _:
                assert_never(block)

    def moment(self, when: datetime) -> str:
        """In the clinic's zone: 20 Nov 2026, 15:30."""
        local = when.astimezone(self._zone)
        return f"{day(local)}, {local:%H:%M}"

    def clock(self, when: datetime, now: datetime) -> str:
        """The time alone for today, with its day for any other."""
        local = when.astimezone(self._zone)
        return f"{local:%H:%M}" if local.date() == now.astimezone(self._zone).date() else self.moment(when)

    def _card(self, view: CardView, spot: Spot) -> Markup:
        if spot.drawn not in self._drawings:
            return self._part("views.html", "card", view, spot)
        sent = self._drawings[spot.drawn](view)
        return self._part(f"{spot.drawn}.html", "card", view, spot, sent=sent)

    def _part(self, template: str, macro: str, *given: object, **named: object) -> Markup:
        return Markup(getattr(self._jinja.get_template(template).module, macro)(*given, **named))  # noqa: S704  autoescaped


def untitled(detail: Detail) -> Detail:
    """Without a first block that only repeats the title of the page."""
    repeated = detail.blocks[:1] == (Title(detail.title),)
    return replace(detail, blocks=detail.blocks[1:]) if repeated else detail


def _groups(options: Sequence[Option]) -> list[tuple[str, tuple[Option, ...]]]:
    groups = list(batched(options, GROUP))
    return [(f"{GROUP * n + 1} to {GROUP * n + len(group)}", group) for n, group in enumerate(groups)]


def _button_called(buttons: Sequence[Button], label: object) -> Button | None:
    """The one button with this label: how a button in another platform's drawing is pressed here."""
    found = [button for button in buttons if button.label == label]
    return found[0] if len(found) == 1 else None


def _pretty(sent: Mapping[str, object]) -> str:
    return json.dumps(sent, indent=2, ensure_ascii=False)
