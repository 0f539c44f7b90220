"""Finds node and the packages of `tests/node`. Without them a test is skipped, or fails where they are required."""

import os
import shutil
from pathlib import Path

import pytest

NODE_FOLDER = Path(__file__).parents[1] / "node"
PLAYGROUND = NODE_FOLDER / "node_modules" / "@microsoft" / "m365agentsplayground" / "cli.js"


def require_node(package: str) -> str:
    """The path of node, when it and the package are there."""
    node = shutil.which("node")
    if node is None:
        return _absent("node is not installed", "BATON_REQUIRE_NODE")
    if not (NODE_FOLDER / "node_modules" / package).is_dir():
        return _absent("run `npm install` in tests/node", "BATON_REQUIRE_NODE")
    return node


def require_chromium() -> str:
    """The path of Debian's chromium, or of BATON_TEST_CHROMIUM."""
    chromium = os.environ.get("BATON_TEST_CHROMIUM") or shutil.which("chromium")
    return chromium or _absent("chromium is not installed", "BATON_REQUIRE_BROWSER")


def _absent(reason: str, switch: str) -> str:
    if os.environ.get(switch) == "1":
        pytest.fail(f"{reason}, and {switch}=1")
    pytest.skip(reason)
