"""Which works can be found after which edit: tried out on the works themselves, before any scan."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from workprint import plugins
from workprint.api.pictures import file_below
from workprint.api.trials import Edits, Trial, trials_of
from workprint.errors import FormatError, ItemError, UsageError
from workprint.ingest import Pipeline
from workprint.media.sniff import sniff
from workprint.model import Blob, CheckedWork, Depth, Limits, Medium, Progress, Question, Use, Work
from workprint.portfolio import Portfolio
from workprint.protocols import Attempt
from workprint.screen import Screener
from workprint.serial.lines import check_format, encodable
from workprint.store import write_atomically

CARD_FORMAT = "workprint-card"
CARD_VERSION = 1
_MAX_CARD_BYTES = 500_000_000
Watch = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Card:
    """What came of trying every edit on every work of a portfolio."""

    portfolio: str
    """The portfolio's digest."""
    depth: Depth
    works: tuple[CheckedWork, ...]


@dataclass(frozen=True, slots=True)
class _CheckWork:
    """Edits one work in every way, and looks for each outcome in the portfolio."""

    portfolio: Path
    digest: str
    """Of the portfolio: another one may lie at this path by and by."""
    media: tuple[Path, ...]
    depth: Depth
    limits: Limits
    edits: Edits

    def __call__(self, position: int, attempt: Attempt) -> tuple[int, CheckedWork]:
        work = _portfolio(self.portfolio, self.digest).works[position]
        path = next(filter(None, (file_below(folder, work.work_id) for folder in self.media)), None)
        if path is None:
            return position, CheckedWork(
                work.work_id, work.creator, work.medium, {}, "its file is not in the folder given"
            )
        try:
            blob = Blob.at(path)
            sniff(blob)
            trials = attempt.over(trials_of(blob, work.medium, self.limits, self.edits))
            found = {trial.name: not lost and self._is_found(work, trial) for trial, lost in trials}
        except (ItemError, OSError) as error:
            return position, CheckedWork(work.work_id, work.creator, work.medium, {}, str(error))
        return position, CheckedWork(work.work_id, work.creator, work.medium, found, "")

    def _is_found(self, work: Work, trial: Trial) -> bool:
        pipeline = Pipeline(self.depth, self.limits)
        try:
            record = pipeline.record(trial.name, Blob.of(trial.data))
        except ItemError:
            return False  # the edit left too little to tell it from chance
        findings = _screener(self.portfolio, self.digest, pipeline.recipes).findings(record, {})
        return any((finding.work, finding.creator) == (work.work_id, work.creator) for finding in findings)


def check(
    portfolio: Path,
    media: Sequence[Path],
    depth: Depth = Depth.THOROUGH,
    jobs: int = 0,
    watch: Watch | None = None,
) -> Card:
    """Edit every work of a portfolio in many ways and say which outcomes a scan would find.

    `media` are the folders that were given to `index`.

    Raises:
        UsageError: none of the works is in these folders.
        FormatError: the portfolio is damaged.
    """
    opened = Portfolio(portfolio)
    function = _CheckWork(portfolio, opened.digest, tuple(media), depth, Limits(), Edits())
    engine = plugins.engine("local", jobs, Limits())
    checked = dict(_watched(engine.map(function, range(len(opened.works))), len(opened.works), watch))
    works = tuple(checked[position] for position in sorted(checked))
    if works and not any(work.found for work in works):
        raise UsageError(f"{works[0].work_id}: {works[0].problem}; --portfolio-media takes the folder given to `index`")
    return Card(opened.digest, depth, works)


def write_card(path: Path, card: Card) -> None:
    """Write a card as JSON; half surrogates are written out, as text: as an escape JSON would read them back."""
    works = [
        {
            **{name: encodable(getattr(work, name)) for name in CheckedWork.__slots__ if name != "found"},
            "found": {encodable(name): outcome for name, outcome in work.found.items()},
        }
        for work in card.works
    ]
    header = {"format": CARD_FORMAT, "version": CARD_VERSION, "portfolio": card.portfolio, "depth": card.depth.value}
    text = json.dumps({**header, "works": works}, ensure_ascii=False, indent=1)
    write_atomically(path, (text + "\n").encode())


def read_card(path: Path) -> Card:
    """Read what `write_card` wrote.

    Raises:
        FormatError: it is no card, or a damaged one.
    """
    try:
        with path.open("rb") as stream:
            value = json.loads(stream.read(_MAX_CARD_BYTES))
        check_format(value, CARD_FORMAT, CARD_VERSION, str(path))
        works = tuple(_work_from_json(work) for work in value["works"])
        return Card(str(value["portfolio"]), Depth(value["depth"]), works)
    except (OSError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise FormatError(f"{path} is no readable robustness card") from error


def _work_from_json(value: Any) -> CheckedWork:
    texts = {name: str(value[name]) for name in ("work_id", "creator", "problem")}
    found = {str(name): outcome for name, outcome in value["found"].items()}
    if any(type(outcome) is not bool for outcome in found.values()):
        raise ValueError("an edit's outcome is neither true nor false")
    return CheckedWork(**texts, medium=Medium(value["medium"]), found=found)


def _watched(
    results: Iterator[tuple[int, CheckedWork]], total: int, watch: Watch | None
) -> Iterator[tuple[int, CheckedWork]]:
    tried = 0
    for done, result in enumerate(results, 1):
        tried += len(result[1].found)
        if watch:
            watch(Progress(done, total, tried, 0))
        yield result


@lru_cache(maxsize=1)
def _portfolio(path: Path, digest: str) -> Portfolio:  # noqa: ARG001 (part of what is remembered)
    return Portfolio(path, verify=False)


@lru_cache(maxsize=1)
def _screener(path: Path, digest: str, recipes: tuple[str, ...]) -> Screener:  # noqa: ARG001 (as above)
    any_question = Question(Use.AI_GENERATIVE_TRAINING, date.min)  # what was agreed does not matter here
    return Screener([[path]], recipes, any_question, verify=False)
