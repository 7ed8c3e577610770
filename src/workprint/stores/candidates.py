"""Pairs of two stores, or of a store and a portfolio, whose signatures are alike: where the media are worth a look.

A signature decides nothing: two sets of visual words, or of landmarks, can be alike by chance. What is written here is
neither a finding nor part of any, and what is missing here is not therefore missing in the media.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from workprint import store
from workprint.errors import FormatError, RecipeMismatch, UsageError
from workprint.matching.signature_bands import MOST_ONE_BY_ONE, Tell, alike
from workprint.model import Failure, Progress, TimeSpan
from workprint.portfolio import Portfolio
from workprint.serial.columns import RecordColumns
from workprint.serial.lines import encodable

LEAST_SHARE: Final = {"image.minhash": 23 / 128, "audio.minhash": 31 / 128}
"""Equal places that make a candidate, by the recipe's name: about 1 in 10,000 unrelated pairs has as many."""
_VALUE_BYTES: Final = 4

Watch = Callable[[Progress], None]
Span = tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class _Collection:
    """A finished store or a portfolio, and what its signatures were made by."""

    path: Path
    recipes: tuple[str, ...]
    columns: Callable[[], Iterator[RecordColumns]]
    """All records, in order, some at a time."""


@dataclass(frozen=True, slots=True)
class _Signed:
    """Signatures of one recipe, mapped from a file without a name, and whose they are."""

    signatures: NDArray[np.uint32]
    rows: NDArray[np.int64]
    """Of each signature, the record that has it; rising."""


def candidates(
    source: Path, other: Path, output: Path, watch: Watch | None = None, most_one_by_one: int = MOST_ONE_BY_ONE
) -> dict[str, int]:
    """Write the pairs of an item of a store and an item or work of another that are worth a look, as lines of JSON.

    Signatures lie in temporary files beside `output`, 512 bytes each; held in memory are half a gigabyte of tables, 8
    bytes for each signature and 24 for each pair, and the names of what is listed.

    Args:
        source: a finished store.
        other: another, or a portfolio index.
        output: the file to write, whole or not at all.
        watch: told how far it is.
        most_one_by_one: more pairs than this are looked at only where they share a band.

    Returns:
        How many pairs there are, by recipe.

    Raises:
        UsageError: `other` is not there.
        RecipeMismatch: they have no signatures of the same recipe.
        StoreConflict: a store is not finished.
        FormatError: something is damaged.
        OSError: the disk is full or cannot be written.
    """
    one, another = _collection(source), _collection(other)
    recipes = [recipe for recipe in one.recipes if recipe in another.recipes and _name(recipe) in LEAST_SHARE]
    if not recipes:
        raise RecipeMismatch(f"{source} and {other} have no MinHash signatures of the same kind; make one of them anew")
    counts = dict.fromkeys(recipes, 0)
    temporary = output.with_name(f"{output.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as stream:
            for recipe in recipes:
                asked, held = (_signed(collection, recipe, output.parent) for collection in (one, another))
                places = asked.signatures.shape[1]
                least, tell = round(LEAST_SHARE[_name(recipe)] * places), _teller(watch, len(asked.rows))
                pairs = alike(asked.signatures, held.signatures, least, tell, most_one_by_one)
                counts[recipe] = len(pairs)
                names = _named(one, recipe, asked, pairs[:, 0]), _named(another, recipe, held, pairs[:, 1])
                for line in _lines(pairs, names, recipe, places):
                    stream.write(encodable(json.dumps(line, ensure_ascii=False)) + "\n")
        temporary.replace(output)
    finally:
        temporary.unlink(missing_ok=True)
    return counts


def _lines(
    pairs: NDArray[np.int64], names: Sequence[dict[int, tuple[str, Span]]], recipe: str, places: int
) -> Iterator[dict[str, Any]]:
    for one, other, equal in pairs.tolist():
        (item, item_span), (known, other_span) = names[0][one], names[1][other]
        yield {
            "item": item,
            "other": known,
            "recipe_id": recipe,
            "equal_places": equal,
            "places": places,
            "item_segment": _segment(item_span),
            "other_segment": _segment(other_span),
        }


def _segment(span: Span) -> dict[str, float] | None:
    return None if span is None else {"start_s": span[0], "end_s": span[1]}


def _name(recipe: str) -> str:
    return recipe.partition("/")[0]


def _teller(watch: Watch | None, seen: int) -> Tell | None:
    return (lambda done, of: watch(Progress(done, of, seen, 0, unit="steps"))) if watch else None


def _collection(path: Path) -> _Collection:
    if path.is_dir():
        store.require_finished(path)
        recipes = store.read_header(path).recipes
        parts = store.parts(path)
        return _Collection(path, recipes, lambda: (one for part in parts for one in store.read_columns(part, recipes)))
    if not path.exists():
        raise UsageError(f"{path} does not exist; give a fingerprint store or a portfolio index")
    portfolio = Portfolio(path)
    return _Collection(path, portfolio.recipes, portfolio.columns)


def _signed(collection: _Collection, recipe: str, folder: Path) -> _Signed:
    """The signatures of one recipe, in a file of that folder that is gone when nobody needs it any longer."""
    places = _places(collection, recipe)
    rows, first = [np.empty(0, np.int64)], 0
    with tempfile.TemporaryFile(dir=folder) as file:
        for columns in collection.columns():
            rows.append(first + columns.rows_with(recipe))
            file.write(columns.values(recipe, _VALUE_BYTES * places).tobytes())
            first += len(columns)
        joined = np.concatenate(rows)
        file.flush()
        if not joined.size:
            return _Signed(np.empty((0, places), np.uint32), joined)
        return _Signed(np.memmap(file, "<u4", "r", shape=(len(joined), places)), joined)


def _places(collection: _Collection, recipe: str) -> int:
    stated = re.search(r"[;,]permutations=([0-9]{1,5})(?:,|$)", recipe)
    if stated is None or not int(stated[1]):
        raise FormatError(
            f"{collection.path} has signatures whose recipe does not say how long they are: {recipe[:200]!r}"
        )
    return int(stated[1])


def _named(
    collection: _Collection, recipe: str, signed: _Signed, wanted: NDArray[np.int64]
) -> dict[int, tuple[str, Span]]:
    """Whose signatures these are, and the stretch each is of, by position."""
    positions = np.unique(wanted)
    rows, named, first = signed.rows[positions], dict[int, tuple[str, Span]](), 0
    numbers = positions - np.searchsorted(signed.rows, rows)  # among those of the same record
    for columns in collection.columns() if len(positions) else ():
        inside = slice(*np.searchsorted(rows, (first, first + len(columns))))
        found = columns.rows(rows[inside] - first)
        for position, number, row in zip(positions[inside].tolist(), numbers[inside].tolist(), found, strict=True):
            if isinstance(row, Failure):
                raise FormatError(f"{collection.path} is damaged: what failed in it has a signature")
            span = row[0].made_by(recipe)[number].segment
            ends = (span.start_s, span.end_s) if isinstance(span, TimeSpan) else None
            named[position] = row[0].subject_id, ends
        first += len(columns)
    return named
