"""YAML that a person wrote, read strictly, and where in the file each thing stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from workprint.errors import FormatError, UsageError

MAX_BYTES = 1_000_000
_READ_AS_TEXT = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")
Steps = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A value, and how to say where it stands."""

    value: Any
    where: str
    """What the file is called in messages."""
    lines: Mapping[Steps, int] = field(default_factory=dict)
    steps: Steps = ()
    """The keys and positions that lead from the top of the file to the value."""

    def at(self, step: str | int) -> Source:
        """The value below a key or at a position."""
        return Source(self.value[step], self.where, self.lines, (*self.steps, step))

    def error(self, message: str) -> FormatError:
        """An error that names the file, and the line if it is known."""
        line = self.lines.get(self.steps)
        return FormatError(f"{self.where}, line {line}: {message}" if line else f"{self.where}: {message}")


def read_source(path: Path) -> Source:
    """Read a YAML file. Words like `no` and days like `2026-01-01` stay the texts they are.

    Raises:
        UsageError: the file cannot be read.
        FormatError: it is not YAML, larger than 1 MB, or uses aliases, merge keys or a key twice.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"the terms file {path} cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise FormatError(f"the terms file {path} is larger than {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8")
        node = yaml.compose(text, Loader=_Loader)
        value = yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise FormatError(f"the terms file {path} is not readable YAML: {_one_line(error)}") from error
    return Source(value, str(path), dict(_lines(node, ())))


class _Loader(yaml.SafeLoader):
    """Plain YAML without aliases, which would let a small file grow without bound, and without repeated keys."""

    yaml_implicit_resolvers = {  # noqa: RUF012 (PyYAML's attribute)
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in _READ_AS_TEXT]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

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


def _lines(node: Any, steps: Steps) -> Any:
    """Yield the line of every key and list entry by the steps that lead to it."""
    if isinstance(node, yaml.MappingNode):
        for key, content in node.value:
            below = (*steps, str(key.value))
            yield below, key.start_mark.line + 1
            yield from _lines(content, below)
    elif isinstance(node, yaml.SequenceNode):
        for at, content in enumerate(node.value):
            yield (*steps, at), content.start_mark.line + 1
            yield from _lines(content, (*steps, at))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
