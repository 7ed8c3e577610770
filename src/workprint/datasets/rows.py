"""Rows of a CSV, TSV or JSON Lines file, one at a time, whatever is in it."""

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from workprint.datasets.addresses import UniqueNames
from workprint.datasets.attributes import parse_json
from workprint.datasets.kinds import HEAD_BYTES, ending_of
from workprint.datasets.places import Place
from workprint.errors import ItemError, TooLarge, Undecodable

MAX_LINE_BYTES = 8 << 20
_DELIMITERS = "\t,;|"
_TABLE_ENDINGS = (".csv", ".tsv")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a text file holds rows."""

    delimiter: str
    """Between cells; empty for JSON Lines."""


def layout_of(head: bytes, name: str) -> Layout | None:
    """Return how a file with this beginning and name holds rows; None if it does not look as if it held any."""
    whole = len(head) < HEAD_BYTES
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head, final=whole)
    except UnicodeDecodeError:
        if ending_of(name) not in _TABLE_ENDINGS:
            return None
        text = head.decode("utf-8-sig", "surrogateescape")
    lines = text.splitlines()[: None if whole else -1] or text.splitlines()
    if "\0" in text or not lines:
        return None
    return Layout("") if _is_json_row(lines[0], whole or len(lines) > 1) else _delimited(lines, name)


def read_rows(place: Place, layout: Layout) -> Iterator[Row | ItemError]:
    """Yield the rows below the header, keyed by column; a row that cannot be read is an error in its place.

    Raises:
        TooLarge: a line is longer than 8 MiB; nothing after it is read.
        OSError: the file cannot be read.
    """
    with place.open() as source:
        lines = _lines(source)
        yield from _delimited_rows(lines, layout.delimiter) if layout.delimiter else _json_rows(lines)


def _is_json_row(line: str, is_whole: bool) -> bool:
    if not line.lstrip().startswith("{"):
        return False
    if not is_whole:
        return '":' in line or '" :' in line
    try:
        return isinstance(parse_json(line), dict)
    except ValueError:
        return False


def _delimited(lines: list[str], name: str) -> Layout | None:
    """A table has a header of different names and the same number of cells in every row, as far as can be seen."""
    for delimiter in _DELIMITERS:
        try:
            rows = [row for row in csv.reader(lines[:8], delimiter=delimiter) if row]
        except csv.Error:
            continue
        if (
            len(rows) > 1
            and len(rows[0]) > 1
            and _is_header(rows[0])
            and {len(row) for row in rows[:-1]} == {len(rows[0])}
        ):
            return Layout(delimiter)
    if ending_of(name) in _TABLE_ENDINGS:
        return Layout("\t" if ending_of(name) == ".tsv" else ",")
    return None


def _is_header(cells: list[str]) -> bool:
    return all(cell.strip() for cell in cells[1:]) and len(set(cells)) == len(cells)


def _lines(source: BinaryIO) -> Iterator[str]:
    is_first = True
    while line := source.readline(MAX_LINE_BYTES + 1):
        if len(line) > MAX_LINE_BYTES:
            raise TooLarge(f"a line is longer than {MAX_LINE_BYTES:,} bytes; nothing after it is read")
        yield line.removeprefix(codecs.BOM_UTF8 if is_first else b"").decode("utf-8", "surrogateescape")
        is_first = False


def _json_rows(lines: Iterator[str]) -> Iterator[Row | ItemError]:
    for line in lines:
        if line.strip():
            yield _json_row(line)


def _json_row(line: str) -> Row | ItemError:
    try:
        value = parse_json(line)
    except ValueError as error:
        return Undecodable(f"the line is no JSON: {error}")
    return value if isinstance(value, dict) else Undecodable("the line is no JSON object")


def _delimited_rows(lines: Iterator[str], delimiter: str) -> Iterator[Row | ItemError]:
    rows = csv.reader(lines, delimiter=delimiter)
    names = UniqueNames()
    header: list[str] | None = None
    while True:
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Undecodable(f"the line cannot be taken apart: {error}")
            continue
        if header is None:
            header = [names.name(cell.strip()) for cell in cells]
        elif cells:
            yield {name: cells[index] if index < len(cells) else None for index, name in enumerate(header)}
