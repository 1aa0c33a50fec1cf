"""What stands where in a REST document, said once: schemas, the server's documents and the client's models follow.

A model is a dataclass or a named tuple; a field that is annotated with a `Key` stands at that key's path in it:

    version: Annotated[str, text("app.version")] = ""

`schema_of` gives the JSON schema, `document_of` the document of a model, `fields_of` what a document says, for the
model's constructor. What a document lacks, or says in another shape, is the field's default.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints

Schema = dict[str, object]
"""A JSON schema (draft 2020-12)."""
Document = Mapping[str, Any]
"""A JSON object."""

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "number"}
SHARE: Schema = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
FLAG: Schema = {"type": "boolean"}
TEXTS: Schema = {"type": "array", "items": TEXT}
ANY_OBJECT: Schema = {"type": "object"}
SETTINGS: Schema = {"type": ["object", "null"]}
"""A free-form section of a configuration; null where it is empty."""


@dataclass(frozen=True, slots=True)
class Key:
    """A value of a document."""

    path: str
    """Keys from the outermost, with dots between."""
    schema: Schema
    types: tuple[type, ...]
    """What JSON values are taken for one; others are as if they weren't there."""
    read: Callable[[Any], Any]
    """Makes the field's value of the document's."""
    write: Callable[[Any], Any]
    is_optional: bool
    """Whether the server may leave it out."""


def _same(value: Any) -> Any:
    return value


def _key(
    path: str,
    schema: Schema,
    *types: type,
    is_optional: bool = False,
    read: Callable[[Any], Any] = _same,
    write: Callable[[Any], Any] = _same,
) -> Key:
    return Key(path, schema, types, read, write, is_optional)


def text(path: str, *choices: str, is_optional: bool = False) -> Key:
    """Declare a text, one of the choices where there are any."""
    schema: Schema = {"enum": list(choices)} if choices else TEXT
    return _key(path, schema, object, is_optional=is_optional, read=str)


def text_or_null(path: str, *choices: str) -> Key:
    """Declare a text, one of the choices where there are any; null where there is none."""
    schema: Schema = {"enum": [*choices, None]} if choices else {"type": ["string", "null"]}
    return _key(path, schema, str)


def number(path: str, *, is_optional: bool = False) -> Key:
    """Declare a number."""
    return _key(path, NUMBER, int, float, is_optional=is_optional, read=float)


def share(path: str, *, is_optional: bool = False) -> Key:
    """Declare a part of a whole, 0 to 1; null where the whole is nothing."""
    return _key(path, SHARE, int, float, is_optional=is_optional, read=float)


def count(path: str, *, is_optional: bool = False) -> Key:
    """Declare a whole number from 0."""
    return _key(path, COUNT, int, is_optional=is_optional)


def flag(path: str, *, is_optional: bool = False) -> Key:
    """Declare a truth value."""
    return _key(path, FLAG, bool, is_optional=is_optional)


def texts(path: str, *, is_optional: bool = False) -> Key:
    """Declare a list of texts."""
    return _key(path, TEXTS, list, is_optional=is_optional, write=list)


def settings(path: str, *, is_optional: bool = False) -> Key:
    """Declare a free-form section; null where it is empty."""
    return _key(path, SETTINGS, dict, is_optional=is_optional, write=lambda told: dict(told) or None)


def table(path: str, values: Schema | bool, *, is_optional: bool = False) -> Key:
    """Declare an object whose keys are names."""
    return _key(path, mapping(values), dict, is_optional=is_optional)


def listed(path: str, items: Schema, *, is_optional: bool = False) -> Key:
    """Declare a list of values of a schema."""
    return _key(path, {"type": "array", "items": items}, list, is_optional=is_optional)


def models(path: str, component: str, *, is_optional: bool = False) -> Key:
    """Declare a list of documents of their own."""
    return _key(path, {"type": "array", "items": reference(component)}, list, is_optional=is_optional)


def named(path: str, component: str, read: Callable[[str, Document], Any], write: Callable[[Any], Any]) -> Key:
    """Declare an object whose keys are the names of models; the server leaves it out where there are none."""
    return _key(
        path,
        mapping(reference(component)),
        dict,
        is_optional=True,
        read=lambda told: tuple(read(name, value) for name, value in told.items() if isinstance(value, dict)),
        write=lambda known: {one.name: write(one) for one in known},
    )


def model(path: str, declared: type, *, is_optional: bool = False) -> Key:
    """Declare a document within the document."""
    return _key(
        path,
        schema_of(declared),
        dict,
        is_optional=is_optional,
        read=lambda told: declared(**fields_of(declared, told)),
        write=document_of,
    )


def mapping(values: Schema | bool) -> Schema:
    """Give the schema of an object whose keys are names."""
    return {"type": "object", "additionalProperties": values}


def record(properties: Mapping[str, object], *, is_open: bool = False, optional: tuple[str, ...] = ()) -> Schema:
    """Give the schema of an object with these keys; an open one may have others."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": dict(properties), "required": required, "additionalProperties": is_open}


def reference(name: str) -> Schema:
    """Refer to a schema of the OpenAPI document's components."""
    return {"$ref": f"#/components/schemas/{name}"}


@functools.cache
def keys_of(declared: type) -> Mapping[str, Key]:
    """Give a model's keys by field."""
    hints = get_type_hints(declared, include_extras=True)
    return {
        name: one for name, hint in hints.items() for one in getattr(hint, "__metadata__", ()) if isinstance(one, Key)
    }


def schema_of(declared: type, *, is_open: bool = False) -> Schema:
    """Give the JSON schema of a model's documents; open ones may have keys that are not declared, at any level."""
    tree: dict[str, Any] = {}
    for key in keys_of(declared).values():
        *parents, last = key.path.split(".")
        functools.reduce(lambda node, name: node.setdefault(name, {}), parents, tree)[last] = key
    return _branch(tree, is_open=is_open)[0]


def schema_with(declared: type, more: type) -> Schema:
    """Give the schema of a model's documents, in which those of another may stand, too."""
    own, others = keys_of(declared).values(), keys_of(more).values()
    return record({key.path: key.schema for key in (*own, *others)}, optional=tuple(key.path for key in others))


def _branch(tree: Mapping[str, Any], *, is_open: bool) -> tuple[Schema, bool]:
    """Give the schema of an object, and whether all of it is optional."""
    properties: dict[str, object] = {}
    optional = []
    for name, node in tree.items():
        if isinstance(node, Key):
            properties[name], is_optional = node.schema, node.is_optional
        else:
            properties[name], is_optional = _branch(node, is_open=is_open)
        if is_optional:
            optional.append(name)
    return record(properties, is_open=is_open, optional=tuple(optional)), len(optional) == len(properties)


def document_of(told: object) -> dict[str, Any]:
    """Give a model as its document; what is None, or no models, is left out where it may be."""
    document: dict[str, Any] = {}
    declared: Any = type(told)
    for name, parents, last, key in _places_of(declared):
        value = getattr(told, name)
        if key.is_optional and value in (None, ()):
            continue
        node = document
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = key.write(value)
    return document


@functools.cache
def _places_of(declared: type) -> Sequence[tuple[str, Sequence[str], str, Key]]:
    """Give a model's fields, with the keys above each in the document, its last one, and its declaration."""
    split = ((name, key.path.split("."), key) for name, key in keys_of(declared).items())
    return [(name, path[:-1], path[-1], key) for name, path, key in split]


def fields_of(declared: type, document: Document) -> dict[str, Any]:
    """Give what a document says of a model's fields, and nothing of what it does not say, or in another shape."""
    found = {}
    for name, key in keys_of(declared).items():
        value: Any = document
        for part in key.path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None and isinstance(value, key.types):
            found[name] = key.read(value)
    return found
