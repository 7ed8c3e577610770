"""Rows of a CSV, TSV or JSON Lines file, one at a time, whatever is in it."""

import codecs
import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice, zip_longest
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
    columns: tuple[str, ...] = ()
    """Names of the columns where there is no header: then a line is cut at its first delimiters only, a blank stands
    for any white space, and quotation marks are text."""
    is_quoted: bool = True
    """Whether quotation marks enclose cells, rather than being text."""


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


def read_rows(place: Place, layout: Layout, start_bytes: int = 0) -> Iterator[tuple[int, Row | ItemError]]:
    """Yield the rows below the header, keyed by column, each after the byte at which it begins.

    A row that cannot be read is an error in its place. `start_bytes`, if not 0, is where an earlier reading said that
    the first row to give begins.

    Raises:
        TooLarge: a line is longer than 8 MiB; nothing after it is read.
        OSError: the file cannot be read.
    """
    with place.open() as source:
        lines = _Lines(source)
        rows = _rows(lines, layout)
        if start_bytes:
            lines.go_to(start_bytes)
        yield from rows()


def rows_at(place: Place, layout: Layout, starts_bytes: Iterable[int]) -> Iterator[Row | ItemError]:
    """Yield the rows that begin at these bytes, as `read_rows` has given them. Raises as it does."""
    with place.open() as source:
        lines = _Lines(source)
        rows = _rows(lines, layout)
        for start_bytes in starts_bytes:
            if start_bytes:
                lines.go_to(start_bytes)
            yield from (row for _, row in islice(rows(), 1))


class _Lines:
    """The lines of a text, and how far they have been read."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.offset_bytes = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._source.readline(MAX_LINE_BYTES + 1)
        if not line:
            raise StopIteration
        if len(line) > MAX_LINE_BYTES:
            raise TooLarge(f"a line is longer than {MAX_LINE_BYTES:,} bytes; nothing after it is read")
        text = line if self.offset_bytes else line.removeprefix(codecs.BOM_UTF8)
        self.offset_bytes += len(line)
        return text.decode("utf-8", "surrogateescape")

    def go_to(self, offset_bytes: int) -> None:
        self._source.seek(offset_bytes)
        self.offset_bytes = offset_bytes


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


def _rows(lines: _Lines, layout: Layout) -> Callable[[], Iterator[tuple[int, Row | ItemError]]]:
    """Read the header, if there is one; what is returned gives the rows from wherever `lines` stands."""
    if layout.columns:
        return partial(_plain_rows, lines, layout)
    if not layout.delimiter:
        return partial(_json_rows, lines)
    return partial(_delimited_rows, lines, _header(lines, layout), layout)


def _plain_rows(lines: _Lines, layout: Layout) -> Iterator[tuple[int, Row | ItemError]]:
    separator = None if layout.delimiter == " " else layout.delimiter
    start_bytes = lines.offset_bytes
    for line in lines:
        if line.strip():
            cells = line.rstrip("\r\n").split(separator, len(layout.columns) - 1)
            yield start_bytes, dict(zip_longest(layout.columns, cells))
        start_bytes = lines.offset_bytes


def _json_rows(lines: _Lines) -> Iterator[tuple[int, Row | ItemError]]:
    start_bytes = lines.offset_bytes
    for line in lines:
        if line.strip():
            yield start_bytes, _json_row(line)
        start_bytes = lines.offset_bytes


def _json_row(line: str) -> Row | ItemError:
    try:
        value = parse_json(line)
    except ValueError as error:
        return Undecodable(f"the line is no JSON: {error}")
    return value if isinstance(value, dict) else Undecodable("the line is no JSON object")


def _delimited_rows(lines: _Lines, header: list[str], layout: Layout) -> Iterator[tuple[int, Row | ItemError]]:
    rows = _cells(lines, layout)
    while True:
        start_bytes = lines.offset_bytes
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield start_bytes, Undecodable(f"the line cannot be taken apart: {error}")
            continue
        if cells:
            yield start_bytes, dict(zip_longest(header, cells[: len(header)]))


def _header(lines: _Lines, layout: Layout) -> list[str]:
    names = UniqueNames()
    try:
        cells = next(_cells(lines, layout), [])
    except csv.Error as error:
        raise Undecodable(f"the header cannot be taken apart: {error}") from error
    return [names.name(cell.strip()) for cell in cells]


def _cells(lines: _Lines, layout: Layout) -> Iterator[list[str]]:
    if layout.is_quoted:
        return csv.reader(lines, delimiter=layout.delimiter)
    return csv.reader(lines, delimiter=layout.delimiter, quoting=csv.QUOTE_NONE)
