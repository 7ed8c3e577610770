"""All sockets of Workprint. To add a reader, a fingerprint, an index, an engine or a report format: write one file with
a class of this shape, name it in `plugins.py`, and run the conformance kit from `workprint.testing` on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol, Self, TextIO, TypeVar, runtime_checkable

from workprint.errors import ItemError
from workprint.model import (
    Blob,
    Candidate,
    Failure,
    Fingerprint,
    FingerprintRecord,
    Item,
    Match,
    PassedOver,
    Recipe,
    Report,
    Shard,
    Signal,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Tables = Mapping[str, "NDArray[Any]"]
"""Named arrays."""
Read = tuple[Item, Blob] | Failure | PassedOver
"""What a reader yields: an item with its bytes, an item that could not be read, or a file that is no media."""

Task = TypeVar("Task")
Result = TypeVar("Result")
Thing = TypeVar("Thing")
Subject = TypeVar("Subject", contravariant=True)


class DatasetReader(Protocol):
    """Opens one kind of dataset."""

    name: str

    def recognises(self, uri: str) -> bool:
        """Whether the thing at `uri` is of this kind, by its content (a few reads at most)."""

    def shards(self, uri: str) -> Iterator[Shard]:
        """Yield the units of work in a fixed order that depends on the dataset's content only.

        Raises:
            DatasetError: there is nothing to read at all.
        """

    def read(self, shard: Shard) -> Iterator[Read]:
        """Yield every item of a shard in a fixed order; what cannot be read is a `Failure`, never an exception.

        May be called again for the same shard, in another process. A `Blob` is valid until the next one is asked for.
        """


class SignalReader(Protocol):
    """Reads what a file says of its own rights."""

    name: str

    def read(self, blob: Blob) -> Sequence[Signal]:
        """Every signal in a file of any kind, in an order that depends on its bytes only.

        What is there and cannot be read is a signal that says so and names no use: silence is never consent. Bounded in
        number and length. Raises `OSError` where the bytes cannot be read, and nothing else.
        """


class Fingerprinter(Protocol[Subject]):
    """Turns a `Raster`, or the consecutive `Waveform` blocks of a recording, into fingerprints."""

    recipes: tuple[Recipe, ...]
    """Of all that one pass over a subject makes."""

    def of_item(self, subject: Subject) -> Sequence[Fingerprint]:
        """Fingerprints to look up. Raises `LowInformation` or `TooShort`."""

    def of_work(self, subject: Subject) -> Sequence[Fingerprint]:
        """Fingerprints to be found by, in every variant that shall be found. Raises as `of_item`."""


class CandidateIndex(Protocol):
    """Knows one portfolio by one recipe. Its tables are plain arrays, so that they can be memory-mapped."""

    recipe_id: str

    @classmethod
    def build(cls, recipe_id: str, records: Iterable[FingerprintRecord]) -> Self:
        """Index works by position; a work without fingerprints of the recipe is passed over."""

    @classmethod
    def load(cls, recipe_id: str, tables: Tables) -> Self:
        """Take up what `tables` gave, perhaps by a stranger. Raises `FormatError` where it cannot be used safely."""

    def tables(self) -> Tables:
        """All state, by name."""

    def candidates(self, record: FingerprintRecord) -> Sequence[Candidate]:
        """Works that this item may hold. Misses are errors, false candidates are not."""

    def verify(self, record: FingerprintRecord, candidate: Candidate) -> Sequence[Match]:
        """The matches behind a candidate: none, one, or one per place. Precision is its duty."""

    def expected_false_matches(self) -> float:
        """How many works one unrelated item is expected to match by chance."""


@runtime_checkable
class ColumnIndex(CandidateIndex, Protocol):
    """An index of values of one size that can say of many at once which are worth a closer look."""

    value_bytes: int

    def within_reach(self, values: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Of values uint8 (n, value_bytes), bool (n,): those for which `candidates` may find something.

        Misses are errors, false alarms are not.
        """


@runtime_checkable
class TimedIndex(Protocol):
    """Of a `CandidateIndex` whose threshold depends on how much sound an item is compared with."""

    @property
    def duration_s(self) -> float:
        """How much sound there is in all works together."""

    def beside(self, other_s: float) -> Any:
        """Return an index of the same works that takes so much sound in other portfolios of a registry into account."""


@runtime_checkable
class CoarseIndex(Protocol):
    """Of a `CandidateIndex` that can also be built smaller, for large portfolios, and says of tables which they are."""

    @classmethod
    def build_coarse(cls, recipe_id: str, records: Iterable[FingerprintRecord]) -> Self:
        """As `CandidateIndex.build`, with less in it."""

    @classmethod
    def is_coarse(cls, tables: Tables) -> bool:
        """Whether these are tables of what `build_coarse` built. Raises `FormatError` where they cannot be."""


class JoinedIndex(Protocol):
    """The indexes that many portfolios have for one recipe, side by side."""

    def __init__(self, recipe_id: str, tables: Tables) -> None:
        """Take up what `tables` gave."""

    @classmethod
    def build(cls, recipe_id: str, indexes: Mapping[int, Any]) -> Self:
        """Join indexes, by owner."""

    def tables(self) -> Tables:
        """All state, by name."""

    def asked(self, columns: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of a `serial.columns.RecordColumns`, and an owner each whose own index may find something in it."""


IDLE = -1
"""The step of a task that is in no item: opening, writing, waiting."""


def _unmarked(step: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a task in a process that may die at any moment.

    The task says which step it is in before it begins it, so that an engine knows exactly what a process was lost to;
    and is told what earlier tries were lost to, so that it can go on without that.
    """

    lost: Mapping[int, ItemError] = field(default_factory=dict)
    """By step."""
    mark: Callable[[int], None] = _unmarked
    """To be called with the step that begins now, or `IDLE`."""

    def over(self, things: Iterable[Thing]) -> Iterator[tuple[Thing, ItemError | None]]:
        """Yield each thing, and with it the error that working on it has come to, if it has.

        Two steps a thing: getting it, and working on it.

        Raises:
            ItemError: getting the next thing is what earlier tries were lost to.
        """
        iterator = iter(things)
        for step in count(0, 2):
            self.mark(step)
            if step in self.lost:
                raise self.lost[step]
            try:
                thing = next(iterator)
            except StopIteration:
                break
            self.mark(step + 1)
            yield thing, self.lost.get(step + 1)
        self.mark(IDLE)


class Engine(Protocol):
    """Runs one function over many tasks, in processes that may die without ending the run."""

    name: str

    def map(self, function: Callable[[Task, Attempt], Result], tasks: Sequence[Task]) -> Iterator[Result]:
        """Yield one result per task, in the order they finish. An exception in a task ends the run.

        A process that dies is replaced and its task tried again: what it died of twice, or took longer over than the
        limits allow, is in `Attempt.lost` from then on.

        Raises:
            WorkprintError: processes die again and again without being in any item.
        """


class ReportWriter(Protocol):
    """Writes a report in one format."""

    name: str

    def write(self, report: Report, stream: TextIO) -> None:
        """Write the whole report as text. Everything from the dataset is untrusted and must be escaped."""
