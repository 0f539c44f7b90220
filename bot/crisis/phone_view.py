"""Everybody's simulated phone as the demo's console shows it."""

from collections.abc import Sequence
from contextlib import suppress

from bot.crisis.ways.simulator import Exchange, NoCall
from bot.web.phone import Line, PhoneView


def phone_view(exchange: Exchange) -> PhoneView:
    """What is pressed and sent goes the way of the real thing: over the company and its signed callbacks."""

    def lines(staff_id: str) -> Sequence[Line] | None:
        phone = exchange.phones().get(staff_id)
        if phone is None:
            return None
        messages = [Line("reply" if one.mine else "message", one.text, one.at, one.state) for one in phone.messages]
        rings = phone.ringing
        calls = [Line("call", (one.said or [one.text])[-1], one.at, one.state, one is rings) for one in phone.calls]
        return sorted([*messages, *calls], key=lambda line: line.at)

    async def press(staff_id: str, key: str) -> str:
        with suppress(NoCall):
            return await exchange.press(staff_id, key)
        return "Nothing rings any more."

    async def reply(staff_id: str, text: str) -> str:
        with suppress(NoCall):
            return await exchange.reply(staff_id, text)
        return "There is no telephone number in the clinic file."

    return PhoneView(lines, press, reply)
