"""The second half, after the store: from fingerprint records to findings. Nothing here can reach a decoder."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workprint import plugins
from workprint.consent.policy import judge, level
from workprint.consent.terms import terms_from_json
from workprint.errors import FormatError, RecipeMismatch
from workprint.findings import finding_id
from workprint.matching.merge import merge
from workprint.mentions import MentionScreener
from workprint.model import (
    Attributes,
    Candidate,
    Failure,
    Finding,
    FingerprintRecord,
    Level,
    Match,
    Medium,
    PortfolioSummary,
    Question,
    Relation,
    Standing,
    Terms,
    Voucher,
    Work,
)
from workprint.portfolio import Portfolio
from workprint.protocols import CandidateIndex, ColumnIndex
from workprint.rights.claims import contradicts, denial, denial_level, notes, speaks_for_itself
from workprint.serial.columns import RecordColumns
from workprint.serial.records import Row
from workprint.stopwatch import Activity, during, each

_PER_WORK = {"image.phash": "sizes", "image.features": "work_sizes", "audio.peaks": "work_starts_s"}
"""By the recipe's name, the table that has one entry for each work of the portfolio."""


def _unwatched(row: int) -> None:
    """Nobody counts the time."""


class Screener:
    """Portfolios opened for one set of recipes, and what is asked of their terms."""

    def __init__(
        self,
        paths: Sequence[Path],
        recipes: Sequence[str],
        question: Question,
        trusted: Collection[str] = (),
        verify: bool = True,
        names: bool = False,
    ) -> None:
        """Open portfolios; `verify` checks every digest in them, `names` has captions searched for names.

        The operator vouches for what is `trusted`: ids of keys and digests of portfolios.

        Raises:
            FormatError: one of them is damaged, no portfolio, or was made without the recipes that are needed.
        """
        self._question = question
        self._opened = [_Opened(Portfolio(path, verify), recipes, trusted) for path in paths]
        self._mentions = [
            MentionScreener(one.portfolio, one.portfolio.tables(plugins.DIGEST_RECIPE), question.use, names)
            for one in self._opened
        ]

    def findings(self, record: FingerprintRecord, attributes: Attributes) -> Iterator[Finding]:
        """Yield a finding for each work in each place of one item."""
        return self._among(self._opened, record, attributes)

    def _among(
        self, portfolios: Iterable[_Opened], record: FingerprintRecord, attributes: Attributes
    ) -> Iterator[Finding]:
        relations: list[Relation] = []
        for opened in portfolios:
            matches = sorted(opened.matches(record), key=lambda match: match.work)
            relations.extend(match.relation for match in matches)
            for _, group in groupby(matches, key=lambda match: match.work):
                for place, match in enumerate(group):
                    yield self._finding(opened, match, place, record, attributes)
        if speaks_for_itself(relations):
            yield from self._reserved(record, attributes)

    def screened(self, parts: Iterable[RecordColumns], begin: Callable[[int], None] | None = None) -> Iterator[Finding]:
        """Yield the findings of rows, in order; only those with something within reach, or to say, become records.

        `begin` is called with the number of each row before it is looked at, and of the first of those that are
        looked at together.
        """
        begin, first = begin or _unwatched, 0
        for columns in parts:
            begin(first)
            with during(Activity.LOOK_UP):
                mentioned = [mentions.within_reach(columns) for mentions in self._mentions]
                opened = [opened.within_reach(columns) for opened in self._opened]
            reached = np.array([columns.have_signals(), *opened, *mentioned])
            wanted = np.flatnonzero(reached.any(axis=0))
            for at, row in zip(wanted, each(columns.rows(wanted), Activity.READ_BACK), strict=True):
                begin(first + int(at))
                asked = [self._opened[one] for one in np.flatnonzero(reached[1 : 1 + len(opened), at])]
                found = [] if isinstance(row, Failure) else list(self._among(asked, *row))
                yield from found
                yield from self._mentioned(row, found)
            first += len(columns)

    def _mentioned(self, row: Row, found: Sequence[Finding]) -> Iterator[Finding]:
        """The creators whom the dataset mentions beside an item, but for those whose works were found in it."""
        matched = frozenset(finding.creator for finding in found if finding.relation.is_match)
        for mentions in self._mentions:
            yield from mentions.findings(row, matched)

    def expected_false_matches(self, items: Mapping[Medium, int]) -> float:
        """How many matches chance alone is expected to make in a dataset of so many items."""
        return sum(opened.expected_false_matches(items) for opened in self._opened)

    @property
    def summaries(self) -> tuple[PortfolioSummary, ...]:
        """What a run's manifest says of the portfolios."""
        return tuple(opened.summary for opened in self._opened)

    @property
    def digests(self) -> tuple[str, ...]:
        """Of the portfolios, in order."""
        return tuple(opened.portfolio.digest for opened in self._opened)

    @property
    def works(self) -> tuple[Work, ...]:
        """All works of all portfolios."""
        return tuple(work for opened in self._opened for work in opened.portfolio.works)

    def _finding(
        self, opened: _Opened, match: Match, place: int, record: FingerprintRecord, attributes: Attributes
    ) -> Finding:
        work = opened.portfolio.works[match.work]
        terms = opened.terms.get(work.terms_id or "")
        original = opened.signals[match.work]
        verdict = judge(terms, self._question, opened.voucher, record.signals, original)
        copied = {
            name: getattr(match, name)
            for name in ("relation", "confidence", "item_segment", "work_segment", "transform", "evidence")
        }
        return Finding(
            finding_id=finding_id(match.item_id, work, self._question.use, place),
            item=match.item_id,
            work=work.work_id,
            creator=work.creator,
            contact=work.contact or (terms.contact if terms else ""),
            medium=work.medium,
            verdict=verdict,
            level=Level.ERROR if contradicts(verdict, attributes) else level(verdict.outcome),
            attributes=attributes,
            digest=record.digest,
            portfolio=opened.portfolio.digest,
            signals=record.signals,
            notes=notes(verdict, attributes, record.signals, original),
            **copied,
        )

    def _reserved(self, record: FingerprintRecord, attributes: Attributes) -> Iterator[Finding]:
        """What the item says of itself, if it denies the use that is asked about."""
        verdict = denial(record.signals, self._question.use)
        if verdict is None:
            return
        holder = next((signal.holder for signal in record.signals if signal.holder), "")
        policy = next((signal.policy_url for signal in record.signals if signal.policy_url), "")
        nobody = Work("", "", holder, policy, None, record.medium)
        yield Finding(
            finding_id=finding_id(record.subject_id, nobody, self._question.use, 0),
            item=record.subject_id,
            work="",
            creator=holder,
            contact=policy,
            medium=record.medium,
            relation=Relation.RESERVED,
            confidence=1.0,
            item_segment=None,
            work_segment=None,
            transform=None,
            evidence=(),
            verdict=verdict,
            level=denial_level(record.signals, verdict),
            attributes=attributes,
            digest=record.digest,
            portfolio="",
            signals=record.signals,
            notes=notes(verdict, attributes, record.signals, ()),
        )


class _Opened:
    """One portfolio, and an index for each recipe that the items were made by."""

    def __init__(self, portfolio: Portfolio, recipes: Sequence[str], trusted: Collection[str]) -> None:
        self.portfolio = portfolio
        self.voucher = _voucher(portfolio, trusted)
        self.terms: dict[str, Terms] = {
            terms_id: terms_from_json(line, str(portfolio.path)) for terms_id, line in portfolio.terms.items()
        }
        self.signals = portfolio.signals()
        self._indexes = [
            self._index(recipe) for recipe in (plugins.DIGEST_RECIPE, *recipes) if plugins.index_class(recipe)
        ]

    def matches(self, record: FingerprintRecord) -> Sequence[Match]:
        """Ask every index, let it verify what it proposed, and put the answers together."""
        with during(Activity.LOOK_UP):
            return merge(
                match
                for index in self._indexes
                if plugins.medium_of(index.recipe_id) in (None, record.medium)
                for candidate in index.candidates(record)
                for match in _verified(index, record, candidate)
                if self.portfolio.works[match.work].medium is record.medium
            )

    def within_reach(self, columns: RecordColumns) -> NDArray[np.bool_]:
        """Of each row, whether any index may find something in it."""
        reached = np.zeros(len(columns), dtype=np.bool_)
        for index in self._indexes:
            if not isinstance(index, ColumnIndex):
                reached[columns.rows_with(index.recipe_id)] = True
            elif index.recipe_id == plugins.DIGEST_RECIPE:
                for name in ("digest", "content_digest"):
                    reached |= index.within_reach(columns.digests(name))
            else:
                found = index.within_reach(columns.values(index.recipe_id, index.value_bytes))
                reached[columns.rows_with(index.recipe_id)[found]] = True
        return reached

    def expected_false_matches(self, items: Mapping[Medium, int]) -> float:
        return sum(
            index.expected_false_matches() * items.get(medium, 0)
            for index in self._indexes
            if (medium := plugins.medium_of(index.recipe_id))
        )

    @property
    def summary(self) -> PortfolioSummary:
        works = self.portfolio.works
        creators = tuple(sorted({work.creator for work in works}))
        named = (str(self.portfolio.path), self.portfolio.digest, len(works), creators)
        return PortfolioSummary(*named, self.voucher.standing, self.voucher.key_id)

    def _index(self, recipe: str) -> CandidateIndex:
        tables = self.portfolio.tables(recipe)
        index_class = plugins.index_class(recipe)
        if tables is None or index_class is None:
            raise RecipeMismatch(
                f"{self.portfolio.path} has no fingerprints of the kind {recipe!r} that the dataset's are; make it "
                "again with `workprint index`, or scan again, so that both are by the same version of Workprint"
            )
        works, count = tables.get("works"), len(self.portfolio.works)
        if works is not None and not _positions(works, count):
            raise FormatError(f"{self.portfolio.path} is damaged: a table names a work that is not there")
        per_work = tables.get(_PER_WORK.get(recipe.partition("/")[0], ""))
        if per_work is not None and per_work.shape[:1] != (count,):
            raise FormatError(f"{self.portfolio.path} is damaged: a table is not about its {count} works")
        return index_class.load(recipe, tables)


def _verified(index: CandidateIndex, record: FingerprintRecord, candidate: Candidate) -> Sequence[Match]:
    with during(Activity.VERIFY):
        return index.verify(record, candidate)


def _voucher(portfolio: Portfolio, trusted: Collection[str]) -> Voucher:
    if portfolio.key_id in trusted or portfolio.digest in trusted:
        return Voucher(Standing.TRUSTED, portfolio.key_id)
    return Voucher(Standing.SIGNED, portfolio.key_id) if portfolio.key_id else Voucher()


def _positions(table: NDArray[Any], works: int) -> bool:
    """Whether a table holds positions of works and nothing else."""
    if table.dtype.kind not in "iu":
        return False
    return not table.size or 0 <= int(table.min()) <= int(table.max()) < works
