"""Would Slack take this? Its own typings as JSON Schema, and six rules that they cannot say."""

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

SCHEMAS = Path(__file__).parent.parent / "fixtures" / "slack_schemas"


def mistakes(kind: str, payload: dict[str, Any]) -> list[str]:
    """What is wrong with a `message` ({"blocks": [...]}), a `modal` or a `home`; [] when Slack would take it."""
    found = [f"{error.json_path}: {error.validator}" for error in _validator(kind).iter_errors(payload)]
    return [*found, *_rules(kind, payload)]


def words(payload: Any) -> str:
    """Every text a person would see, in order."""
    return "".join(texts(payload))


def texts(node: Any) -> Iterator[str]:
    """The same, one by one."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in {"text", "initial_value"} and isinstance(value, str):
                yield value
            elif key not in {"block_id", "action_id", "value", "private_metadata"}:
                yield from texts(value)
    elif isinstance(node, list):
        for each in node:
            yield from texts(each)


@cache
def _validator(kind: str) -> Validator:
    schema = json.loads((SCHEMAS / f"{kind}.schema.json").read_text())
    quick = extend(Draft7Validator, {"anyOf": _quick_any_of(schema["definitions"])})  # type: ignore[no-untyped-call]  # as jsonschema ships it
    made: Validator = quick(schema)
    return made


def _quick_any_of(definitions: dict[str, Any]) -> Callable[..., Iterator[ValidationError]]:
    """As the schema means it, but what names its type is held against that type only: quick, and its errors help."""

    def may_be(branch: Any, instance: Any) -> bool:
        definition = definitions.get(branch.get("$ref", "").removeprefix("#/definitions/"), {})
        wanted = definition.get("properties", {}).get("type", {}).get("const")
        return wanted is None or not isinstance(instance, dict) or instance.get("type") in {wanted, None}

    def any_of(validator: Validator, branches: list[Any], instance: Any, _: Any) -> Iterator[ValidationError]:
        fitting = [branch for branch in branches if may_be(branch, instance)] or branches
        if not any(validator.evolve(schema=branch).is_valid(instance) for branch in fitting):
            yield from validator.evolve(schema=fitting[0]).iter_errors(instance)

    return any_of


def _rules(kind: str, payload: dict[str, Any]) -> Iterator[str]:
    blocks = payload.get("blocks", [])
    nodes = list(_nodes(payload))
    yield from _twice("block_id", [node["block_id"] for node in nodes if "block_id" in node])
    inputs = [block["element"] for block in blocks if block.get("type") == "input"]
    outside = [node["action_id"] for node in nodes if "action_id" in node and node not in inputs]
    yield from _twice("action_id", outside)
    for node in nodes:
        if str(node.get("type", "")).endswith("_select") and not (node.get("options") or node.get("option_groups")):
            yield "a select without options"
        if isinstance(node.get("text"), str) and not node["text"].strip():
            yield "an empty text"
        if isinstance(node.get("options"), list) and len(node["options"]) > 100:
            yield "more than 100 options"
        if "initial_value" in node and len(node["initial_value"]) > node.get("max_length", 3000):
            yield "a value longer than its input"
    if kind == "modal" and inputs and "submit" not in payload:
        yield "inputs without a submit"
    if len(payload.get("submit", {}).get("text", "")) > 24:
        yield "a submit longer than 24"
    if len(blocks) > (50 if kind == "message" else 100):
        yield "too many blocks"


def _twice(what: str, ids: list[str]) -> Iterator[str]:
    if len(ids) != len(set(ids)):
        yield f"a {what} used twice"


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _nodes(value)
    elif isinstance(node, list):
        for each in node:
            yield from _nodes(each)
