"""The works of a portfolio, as JSON and back. A million of them are held as columns, and are nouns when asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import json as arrow_json

from workprint.errors import FormatError
from workprint.model import Medium, Work

_TEXTS = ("work_id", "title", "creator", "contact")
_FIELDS = (*_TEXTS, "terms_id", "medium")
_LARGE_BYTES = 1 << 20
"""From so much JSON on, works are held as columns."""
_BLOCK_BYTES = 1 << 22
_BEGIN, _BETWEEN, _END = b"[\n", b",\n", b"\n]\n"


class WorkList(Sequence[Work]):
    """Works that become nouns when they are asked for."""

    def __init__(self, table: pa.Table) -> None:
        """Take columns of texts by the names of the fields, checked by `works_from_json`."""
        self._table = table

    def __len__(self) -> int:
        """How many works there are."""
        return int(self._table.num_rows)

    @overload
    def __getitem__(self, at: int) -> Work: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Work]: ...
    def __getitem__(self, at: int | slice) -> Work | Sequence[Work]:
        """One work, or some."""
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        if not -len(self) <= at < len(self):
            raise IndexError(f"there is no work {at}")
        return _work({name: self._table.column(name)[at].as_py() for name in _FIELDS})

    def __iter__(self) -> Iterator[Work]:
        """All works, in order."""
        for batch in self._table.to_batches(max_chunksize=4096):
            yield from map(_work, batch.to_pylist())

    @cached_property
    def first_of_creators(self) -> Sequence[Work]:
        """The first work of each creator, in order."""
        rows = pa.table({"creator": self.texts("creator"), "row": np.arange(len(self))})
        first = rows.group_by("creator", use_threads=False).aggregate([("row", "min")]).column("row_min")
        return [self[row] for row in sorted(first.to_pylist())]

    def texts(self, name: str) -> pa.ChunkedArray:
        """One field of all works."""
        return self._table.column(name)


def works_from_json(data: bytes | memoryview, where: str) -> Sequence[Work]:
    """Read a list of works; `where` names the file in errors.

    Raises:
        FormatError: it is no list, or one of them is damaged.
    """
    if len(data) >= _LARGE_BYTES and (table := _columns(memoryview(data))) is not None:
        return WorkList(table)
    try:
        lines = json.loads(bytes(data))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{where} is damaged: works.json cannot be read") from error
    if not isinstance(lines, list):
        raise FormatError(f"{where} is damaged: works.json holds no list")
    try:
        return tuple(map(_work, lines))
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{where} holds a damaged work ({type(error).__name__}: {error})") from error


def work_to_json(work: Work) -> dict[str, Any]:
    """A work as JSON."""
    return {**{name: getattr(work, name) for name in Work.__slots__}, "medium": work.medium.value}


def texts_of_works(works: Sequence[Work], name: str) -> list[str]:
    """One of the texts of each work, in order."""
    if isinstance(works, WorkList):
        texts: list[str] = works.texts(name).to_pylist()
        return texts
    return [getattr(work, name) for work in works]


def contacts_of(works: Sequence[Work]) -> Mapping[str, str]:
    """All creators, in the order of their first works, and the contact that stands there."""
    firsts: Iterable[Work] = works.first_of_creators if isinstance(works, WorkList) else works
    contacts: dict[str, str] = {}
    for work in firsts:
        contacts.setdefault(work.creator, work.contact)
    return contacts


def _columns(data: memoryview) -> pa.Table | None:
    """Works as columns; None where they are not written as Workprint does, and want a closer look."""
    if data[: len(_BEGIN)] != _BEGIN or data[-len(_END) :] != _END:
        return None
    tables = []
    for block in _blocks(data):
        if (table := _columns_of(block)) is None:
            return None
        tables.append(table)
    return pa.concat_tables(tables) if tables else None


def _blocks(data: memoryview) -> Iterator[bytes]:
    """Lines without what is around and between them, some at a time: all together would be held three times."""
    begin, end = len(_BEGIN), len(data) - len(_END)
    size = _BLOCK_BYTES
    while begin < end:
        block = bytes(data[begin : min(begin + size, end)])
        cut = len(block) if begin + size >= end else block.rfind(b"}" + _BETWEEN + b"{") + 1
        if cut:
            yield block[:cut].replace(b"}" + _BETWEEN + b"{", b"} \n{")  # no text holds a plain line feed
            begin, size = begin + cut + len(_BETWEEN), _BLOCK_BYTES
        else:
            size *= 2


def _columns_of(lines: bytes) -> pa.Table | None:
    schema = pa.schema([(name, pa.string()) for name in _FIELDS])
    parsing = arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    reading = arrow_json.ReadOptions(use_threads=False, block_size=len(lines) + 1)
    try:
        table = arrow_json.read_json(pa.BufferReader(lines), read_options=reading, parse_options=parsing)
        table.validate(full=True)
    except pa.ArrowException:
        return None
    if any(table.column(name).null_count for name in (*_TEXTS, "medium")) or table.num_rows != lines.count(b"\n") + 1:
        return None
    media = pa.array([medium.value for medium in Medium])
    return table if pc.all(pc.is_in(table.column("medium"), media)).as_py() else None


def _work(line: Any) -> Work:
    """Raise `KeyError`, `TypeError` or `ValueError` where it is none."""
    texts = {name: str(line[name]) for name in _TEXTS}
    terms_id = None if line["terms_id"] is None else str(line["terms_id"])
    return Work(**texts, terms_id=terms_id, medium=Medium(line["medium"]))
