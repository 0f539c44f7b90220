"""The figures of a team on its card: counts as rows that a screen reader reads."""

from bot.referral.cards import table
from skills.kit import Block, Rows, Title
from skills.referral import Figures

__all__ = ["Block", "blocks"]


def blocks(figures: Figures) -> tuple[Block, ...]:
    return (Title("Funnel and ageing"), Rows(table(figures)))
