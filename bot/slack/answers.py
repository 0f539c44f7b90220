"""Where an answer appears: in the card, in a window, beside the conversation. What fails in one place goes to the next.

After a decision the card itself is the answer. A Form or a Detail opens a window. Everything else is said to the one
person who asked.
"""

from dataclasses import replace

import structlog

from bot.chat import CardView, ChatRefused, ChatUnavailable, Detail, Form, Home, Notice, Picker, Place, Reply, Who
from bot.slack import render
from bot.slack.blocks import Json
from bot.slack.inbound import Spot, Surface
from bot.slack.outbound import SlackChat
from bot.slack.wire import Anchor, TooLarge
from skills.kit import Tone

TOO_LARGE = Notice("This does not fit into Slack. Open it in the web console; nothing was changed.", Tone.WARNING)
NEEDS_COMMAND = Notice("Slack opens this from a button or a command only. Type the same as a slash command.")

_log = structlog.get_logger(__name__)


def window(reply: Reply, anchor: Anchor) -> Json:
    """Any reply as a modal. What Slack could not hold whole is a sentence instead."""
    try:
        return render.modal(reply, anchor)
    except TooLarge:
        return render.modal(TOO_LARGE, anchor)


class Answers:
    def __init__(self, chat: SlackChat) -> None:
        self._chat = chat

    async def open(self, reply: Reply, who: Who, trigger: str, anchor: Anchor) -> str:
        """The id of the new window."""
        return await self._chat.open_modal(who.tenant, trigger, window(reply, anchor))

    async def show(self, reply: Reply, spot: Spot) -> None:
        """The answer to a press. When Slack will not show it where it belongs, the person is told why."""
        try:
            await self._show(reply, spot)
        except (ChatUnavailable, ChatRefused) as error:
            _log.warning("slack.answer_moved", error=type(error).__name__)
            await self.tell(_in_words(reply, error), spot)

    async def redraw(self, card: CardView, spot: Spot) -> None:
        """The decision stands even when Slack cannot show it on the card: then the person gets the sentence."""
        assert spot.origin is not None
        try:
            await self._chat.replace(spot.origin, card)
        except (ChatUnavailable, ChatRefused) as error:
            _log.warning("slack.card_not_redrawn", error=type(error).__name__)
            await self.tell(_in_words(card, error), spot)

    async def tell(self, said: CardView | Notice | Picker, spot: Spot) -> None:
        instead = spot.surface is Surface.EPHEMERAL
        if not (spot.response_url and await self._chat.respond(spot.response_url, said, instead=instead)):
            await self._chat.whisper(said, spot.who, spot.place)

    async def whisper(self, reply: Reply, who: Who, place: Place) -> None:
        """The answer to words that Slack gave no trigger with: a window cannot be opened."""
        await self._chat.whisper(NEEDS_COMMAND if isinstance(reply, Form | Detail) else reply, who, place)

    async def finish(self, reply: Reply, spot: Spot) -> None:
        """The late answer to a form that was told to wait: never a second window on top of the first."""
        await self.show(reply, replace(spot, surface=Surface.MODAL, trigger=""))

    async def publish(self, who: Who, page: Home) -> None:
        await self._chat.publish_home(who, page)

    async def correct(self, url: str, said: Notice) -> None:
        await self._chat.respond(url, said)

    async def _show(self, reply: Reply, spot: Spot) -> None:
        redrawn = isinstance(reply, CardView) and spot.origin is not None
        if isinstance(reply, CardView) and redrawn:
            await self.redraw(reply, spot)
        if spot.surface is Surface.MODAL:
            await self._show_in_window(reply, spot)
        elif isinstance(reply, Form | Detail):
            await self.open(reply, spot.who, spot.trigger, spot.anchor)
        elif not redrawn:
            await self.tell(reply, spot)

    async def _show_in_window(self, reply: Reply, spot: Spot) -> None:
        """A form lies on top, so that Cancel leads back to the page it was opened from."""
        view = window(reply, spot.anchor)
        if isinstance(reply, Form) and spot.trigger:
            try:
                return await self._chat.push_modal(spot.who.tenant, spot.trigger, view)
            except ChatRefused as error:
                _log.info("slack.form_not_pushed", error=type(error).__name__)
        return await self._chat.update_modal(spot.who.tenant, spot.view_id, view)


def _in_words(reply: Reply, error: Exception) -> Notice:
    """What can be said of an answer without drawing it; else why it could not be drawn."""
    match reply:
        case Notice():
            return reply
        case CardView(status=status):
            return Notice(status.text, status.tone)
        case _:
            return Notice(str(error), Tone.WARNING)
