"""The works of a portfolio, as JSON and back. A million of them are held as columns, and are nouns when asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from workprint.errors import FormatError
from workprint.model import Medium, Work

_FIELDS = ("work_id", "title", "creator", "contact", "terms_id", "medium")
COLUMNS = tuple(name + part for name in _FIELDS for part in ("", "_starts"))
"""Of each field the bytes of all texts, one after the other, and where each begins."""
MANY = 10_000
"""From so many works on, an index holds columns: lists in JSON take a second and a gigabyte for a million."""
_MOST_BYTES = (1 << 31) - 1
"""Of one field: what Arrow can address."""


class WorkList(Sequence[Work]):
    """Works that become nouns when they are asked for."""

    def __init__(self, table: pa.Table) -> None:
        """Take columns of texts by the names of the fields, checked by `works_from_columns`."""
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


def columns_of(works: Sequence[Work]) -> Mapping[str, NDArray[Any]] | None:
    """Return works as plain arrays by the names in `COLUMNS`; None where that cannot be done, and JSON can.

    Texts uint8 (bytes of all,), UTF-8, and starts int32 (works + 1,); no terms are an empty text.
    """
    columns: dict[str, NDArray[Any]] = {}
    for name in _FIELDS:
        try:
            texts = [(getattr(work, name) or "").encode() for work in works]
        except UnicodeEncodeError:  # half of a pair of surrogates, from a file name
            return None
        starts = np.cumsum([0, *map(len, texts)])
        if starts[-1] > _MOST_BYTES:
            return None
        columns[name] = np.frombuffer(b"".join(texts), np.uint8)
        columns[f"{name}_starts"] = starts.astype(np.int32)
    return columns


def works_from_columns(columns: Mapping[str, NDArray[Any]], where: str) -> WorkList:
    """Take up what `columns_of` gave, where it lies; `where` names the file in errors.

    Raises:
        FormatError: columns do not fit each other, or hold anything but texts.
    """
    try:
        table = pa.table({name: _texts(columns[name], columns[f"{name}_starts"]) for name in _FIELDS})
        table.validate(full=True)
    except (pa.ArrowException, ValueError) as error:
        raise FormatError(f"{where} is damaged: its works are no columns of texts ({str(error)[:200]})") from error
    media = pa.array([medium.value for medium in Medium])
    if not pc.all(pc.is_in(table.column("medium"), media), min_count=0).as_py():
        raise FormatError(f"{where} holds a work of an unknown medium")
    return WorkList(table)


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


def _texts(data: NDArray[Any], starts: NDArray[Any]) -> pa.StringArray:
    """Texts where they lie. Raises `ValueError` where they are none, all but their UTF-8."""
    fit = data.dtype == np.uint8 and starts.dtype == np.int32 and data.ndim == starts.ndim == 1
    if not fit or not starts.size or starts[0] != 0 or starts[-1] != data.size:
        raise ValueError("bytes and starts do not fit each other")
    if (np.diff(starts) < 0).any():
        raise ValueError("a text ends before it begins")
    return pa.StringArray.from_buffers(starts.size - 1, pa.py_buffer(starts), pa.py_buffer(data))


def _work(line: Any) -> Work:
    """Raise `KeyError`, `TypeError` or `ValueError` where it is none."""
    texts = {name: str(line[name]) for name in ("work_id", "title", "creator", "contact")}
    terms_id = str(line["terms_id"]) if line["terms_id"] else None
    return Work(**texts, terms_id=terms_id, medium=Medium(line["medium"]))
