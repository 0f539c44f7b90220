"""The figures of a team on its card: the funnel and the ageing as a picture, and the same as a table. Counts only."""

from bot import picture
from bot.referral.cards import table
from skills.kit import Block, Picture, Title
from skills.referral import Figures

__all__ = ["Block", "blocks"]


def blocks(figures: Figures) -> tuple[Block, ...]:
    funnel = [(step.value.replace("_", " "), n) for step, n in figures.funnel.items() if n]
    ageing = [(name, n) for name, n in figures.ageing.items() if n]
    png = picture.bars("Referrals of the team", (("Where they stand", funnel), ("Open, by business days", ageing)))
    alt = "Bars: how many referrals stand at which step, and for how long the open ones wait. The table says the same."
    return (Title("Funnel and ageing"), Picture(png, alt, table(figures)))
