"""The terms file a creator writes (`docs/formats/terms.md`): strict, since a typing mistake must permit nothing."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from workprint.errors import FormatError, UsageError
from workprint.model import Permission, Terms, Use

_KEYS = {"statement", "contact", "uses"}
_MAX_BYTES = 1_000_000
_MAX_TEXT = 2_000


def read_terms(path: Path) -> Terms:
    """Read a `terms.yaml`.

    Raises:
        UsageError: the file cannot be read.
        FormatError: it is not YAML, or says something that is not understood, with the line.
    """
    try:
        data = path.read_bytes()[: _MAX_BYTES + 1]
    except OSError as error:
        raise UsageError(f"the terms file {path} cannot be read: {error.strerror}") from error
    if len(data) > _MAX_BYTES:
        raise FormatError(f"the terms file {path} is larger than {_MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8")
        tree = yaml.compose(text, Loader=_Loader)
        terms = yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise FormatError(f"the terms file {path} is not readable YAML: {_one_line(error)}") from error
    return _checked(terms, _line_numbers(tree), str(path))


def terms_to_json(terms: Terms) -> dict[str, Any]:
    """Terms as a portfolio holds them."""
    uses = {use.value: permission.value for use, permission in sorted(terms.uses.items())}
    return {"terms_id": terms.terms_id, "uses": uses, "statement": terms.statement, "contact": terms.contact}


def terms_from_json(value: Any, where: str) -> Terms:
    """The terms that `terms_to_json` wrote.

    Raises:
        FormatError: they say something that is not understood.
    """
    if not isinstance(value, dict):
        raise FormatError(f"{where} holds terms that are no mapping")
    rest = {key: content for key, content in value.items() if key != "terms_id"}
    terms = _checked(rest, {}, where)
    if value.get("terms_id") != terms.terms_id:
        raise FormatError(f"{where} holds terms whose id is not that of their content")
    return terms


class _Loader(yaml.SafeLoader):
    """Plain YAML without aliases, which would let a small file grow without bound, and without repeated keys."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not allowed")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                raise yaml.YAMLError("merge keys (<<) are not allowed")
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.YAMLError(f"a key that is no text at line {key.start_mark.line + 1}")
            if key.value in seen:
                raise yaml.YAMLError(f"the key {key.value!r} stands twice, again at line {key.start_mark.line + 1}")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _checked(value: Any, lines: Mapping[str, int], where: str) -> Terms:
    if not isinstance(value, dict):
        raise FormatError(f"{where} must be a mapping with the keys {', '.join(sorted(_KEYS))}")
    for key in value:
        if key not in _KEYS:
            raise FormatError(
                f"{where}{_at(lines, key)}: {key!r} is not known here; known are {', '.join(sorted(_KEYS))}"
            )
    uses = _uses(value.get("uses"), lines, where)
    texts = {key: _text(value.get(key, ""), key, where) for key in ("statement", "contact")}
    return Terms(_terms_id(uses, texts), uses, **texts)


def _uses(value: Any, lines: Mapping[str, int], where: str) -> dict[Use, Permission]:
    if not isinstance(value, dict) or not value:
        raise FormatError(f"{where} needs `uses:` with at least one of {', '.join(Use)}")
    uses = {}
    for key, permission in value.items():
        if key not in set(Use):
            raise FormatError(f"{where}{_at(lines, key)}: {key!r} is not a use; uses are {', '.join(Use)}")
        if not isinstance(permission, str) or permission not in set(Permission):
            raise FormatError(
                f"{where}{_at(lines, key)}: {key} is {permission!r}; it must be one of {', '.join(Permission)}"
            )
        uses[Use(key)] = Permission(permission)
    return uses


def _text(value: Any, key: str, where: str) -> str:
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise FormatError(f"{where}: {key!r} must be a text of at most {_MAX_TEXT} characters")
    return " ".join(value.split())


def _terms_id(uses: Mapping[Use, Permission], texts: Mapping[str, str]) -> str:
    content = [sorted((use.value, permission.value) for use, permission in uses.items()), sorted(texts.items())]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def _line_numbers(node: Any) -> dict[str, int]:
    lines: dict[str, int] = {}
    if isinstance(node, yaml.MappingNode):
        for key, content in node.value:
            lines.setdefault(str(key.value), key.start_mark.line + 1)
            lines.update({name: line for name, line in _line_numbers(content).items() if name not in lines})
    return lines


def _at(lines: Mapping[str, int], key: Any) -> str:
    return f", line {lines[str(key)]}" if str(key) in lines else ""


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
