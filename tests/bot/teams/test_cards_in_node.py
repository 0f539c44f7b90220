"""Microsoft's own card library reads every card of ours without a complaint and without leaving anything out."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bot.teams.render import answer, draw
from tests.bot.teams.test_render import ALL, PRESS
from tests.fakes.node import NODE_FOLDER, require_node
from tests.fakes.views import FORM

pytestmark = pytest.mark.node


def complaints(cards: dict[str, Any], folder: Path) -> dict[str, list[str]]:
    node = require_node("adaptivecards")
    file = folder / "cards.json"
    file.write_text(json.dumps(cards))
    command = [node, "check_cards.cjs", str(file)]
    ran = subprocess.run(command, cwd=NODE_FOLDER, capture_output=True, text=True, timeout=30, check=True)
    report: dict[str, list[str]] = json.loads(ran.stdout)
    return report


def test_every_view_is_a_valid_card(tmp_path: Path) -> None:
    cards = {f"{name} {n}": card for name, view in ALL.items() for n, card in enumerate(draw(view))}
    cards["form as an answer"] = answer(FORM, PRESS)
    assert complaints(cards, tmp_path) == {name: [] for name in cards}


@pytest.mark.parametrize(
    "broken",
    [
        {"type": "RichTextBlok", "inlines": []},
        {"type": "ActionSet", "actions": [{"type": "Action.Exekute", "title": "x"}]},
        {"type": "Input.ChoiceSet", "choices": []},
        {"type": "RichTextBlock", "inlines": [{"type": "TextRun"}, {"type": "Image", "url": "x"}]},
        {"type": "Input.Text", "label": "no id"},
    ],
    ids=str,
)
def test_a_broken_card_is_found_out(tmp_path: Path, broken: dict[str, Any]) -> None:
    card = {"type": "AdaptiveCard", "version": "1.5", "body": [broken]}
    assert complaints({"broken": card}, tmp_path)["broken"] != []
