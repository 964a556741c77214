"""Small words to write JSON schemas with. Leaves to others: what is written (bodies.py, answers.py)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Schema = dict[str, Any]
NULL: Schema = {"type": "null"}
TEXT: Schema = {"type": "string"}
TIME: Schema = {"type": "string", "format": "date-time"}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def object_of(fields: Mapping[str, Schema], *, required: Iterable[str] = ()) -> Schema:
    """An object with these fields. Others may stand beside them: requests are read for what is known."""
    schema: Schema = {"type": "object", "properties": dict(fields)}
    wanted = sorted(required)
    return schema | ({"required": wanted} if wanted else {})


def all_of(fields: Mapping[str, Schema]) -> Schema:
    """An object that has each of these fields."""
    return object_of(fields, required=fields)


def list_of(items: Schema, *, at_least: int = 0, at_most: int | None = None) -> Schema:
    schema: Schema = {"type": "array", "items": items}
    schema |= {"minItems": at_least} if at_least else {}
    return schema | ({} if at_most is None else {"maxItems": at_most})


def one_of(words: Sequence[str]) -> Schema:
    return {"type": "string", "enum": list(words)}


def whole(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


def decimal(least: float, most: float) -> Schema:
    return {"type": "number", "minimum": least, "maximum": most}


def optional(schema: Schema) -> Schema:
    """The schema or null, which counts as absent."""
    if "type" not in schema:
        return {"anyOf": [schema, NULL]}
    enum = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [schema["type"], "null"], **enum}


def matching(pattern: re.Pattern[str], *, whole: bool = True) -> Schema:
    """Text that a pattern of ours matches. Groups lose their names, which other languages write otherwise."""
    plain = re.sub(r"\(\?P<\w+>", "(", pattern.pattern)
    return {"type": "string", "pattern": f"^(?:{plain})$" if whole else plain}


def tree(fields: Mapping[str, Schema]) -> Schema:
    """Objects within objects, from dotted paths; none of them need be there."""
    inner: dict[str, dict[str, Schema]] = {}
    for path, schema in fields.items():
        first, _, rest = path.partition(".")
        inner.setdefault(first, {})[rest] = schema
    return object_of({name: below[""] if "" in below else optional(tree(below)) for name, below in inner.items()})


def answered(schema: Any) -> Any:
    """What was asked for as it is answered: what was null was absent, and is left out."""
    if isinstance(schema, list):
        return [answered(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: answered(value) for key, value in schema.items()}
    if isinstance(plain.get("type"), list):
        (plain["type"],) = (kind for kind in plain["type"] if kind != "null")
    if isinstance(plain.get("enum"), list):
        plain["enum"] = [word for word in plain["enum"] if word is not None]
    return plain
