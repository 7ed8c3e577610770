"""The second half, after the store: from fingerprint records to findings. Nothing here can reach a decoder."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate, groupby
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
    Signal,
    Standing,
    Terms,
    Voucher,
    Work,
)
from workprint.portfolio import Portfolio
from workprint.protocols import CandidateIndex
from workprint.reach import Reach, allow_open_files, counting_all_sound
from workprint.rights.claims import contradicts, denial, denial_level, notes, speaks_for_itself
from workprint.serial.columns import RecordColumns
from workprint.serial.works import contacts_of
from workprint.stopwatch import Activity, during, each

_PER_WORK = {"image.phash": "sizes", "image.features": "work_sizes", "audio.peaks": "work_starts_s"}
"""By the recipe's name, the table that has one entry for each work of the portfolio."""


def _unwatched(row: int) -> None:
    """Nobody counts the time."""


class Screener:
    """Portfolios opened for one set of recipes, and what is asked of their terms."""

    def __init__(
        self,
        registries: Sequence[Sequence[Path]],
        recipes: Sequence[str],
        question: Question,
        trusted: Collection[str] = (),
        verify: bool = True,
        names: bool = False,
    ) -> None:
        """Open portfolios; `verify` checks every digest in them, `names` has captions searched for names.

        Those of one registry are looked up together, if there are many. The operator vouches for what is `trusted`: ids
        of keys and digests of portfolios.

        Raises:
            FormatError: one of them is damaged, no portfolio, or was made without the recipes that are needed.
        """
        self._question = question
        allow_open_files(sum(map(len, registries)))
        self._sizes = [len(registry) for registry in registries]
        self._opened = [
            _Opened(Portfolio(path, verify), recipes, trusted) for registry in registries for path in registry
        ]
        self._mentions = [
            MentionScreener(one.portfolio, one.portfolio.tables(plugins.DIGEST_RECIPE), question.use, names)
            for one in self._opened
        ]
        self._folders: list[Path | None] = [None] * len(registries)
        for begin, size in self._begins():
            together = self._opened[begin : begin + size]
            for one, indexes in zip(together, counting_all_sound([one.indexes for one in together]), strict=True):
                one.indexes = indexes

    def findings(self, record: FingerprintRecord, attributes: Attributes) -> Iterator[Finding]:
        """Yield a finding for each work in each place of one item."""
        return settled(self._claims(self._opened, record, attributes))

    def screened(self, parts: Iterable[RecordColumns]) -> Iterator[Finding]:
        """Yield the findings of rows, in order."""
        return settled(self.claims(parts))

    def claims(self, parts: Iterable[RecordColumns], begin: Callable[[int], None] | None = None) -> Iterator[Finding]:
        """Yield what each portfolio says of rows by itself, whatever the others say, in order; see `settled`.

        Only rows with something within reach, or to say, become records. `begin` is called with the number of each row
        before it is looked at, and of the first of those that are looked at together.
        """
        begin, first = begin or _unwatched, 0
        for columns in parts:
            begin(first)
            with during(Activity.LOOK_UP):
                matched, mentioned = self._worth_asking(columns)
            speaking = np.flatnonzero(columns.have_signals()).tolist()
            wanted = np.array(sorted({*matched, *mentioned, *speaking}), dtype=np.int64)
            for at, row in zip(wanted.tolist(), each(columns.rows(wanted), Activity.READ_BACK), strict=True):
                begin(first + at)
                if not isinstance(row, Failure):
                    yield from self._claims([self._opened[one] for one in matched.get(at, ())], *row)
                for one in mentioned.get(at, ()):
                    yield from self._mentions[one].findings(row)
            first += len(columns)

    def _claims(
        self, portfolios: Iterable[_Opened], record: FingerprintRecord, attributes: Attributes
    ) -> Iterator[Finding]:
        for opened in portfolios:
            matches = sorted(opened.matches(record), key=lambda match: match.work)
            for _, group in groupby(matches, key=lambda match: match.work):
                for place, match in enumerate(group):
                    yield self._finding(opened, match, place, record, attributes)
        yield from self._reserved(record, attributes)

    def join(self, folders: Sequence[Path | None]) -> None:
        """Write what each registry is looked up by to a folder, for other processes to `take` and share."""
        for (begin, size), folder in zip(self._begins(), folders, strict=True):
            if folder:
                self._reach(begin, size, None).save(folder)
                for opened in self._opened[begin : begin + size]:
                    opened.portfolio.let_go()  # of what was only put together

    def take(self, folders: Sequence[Path]) -> None:
        """Map what `join` wrote for each of the registries, in place of making it again."""
        self._folders = [folder if folder.is_dir() else None for folder in folders]

    @cached_property
    def _reaches(self) -> list[tuple[int, Reach]]:
        """Of each registry: the position of its first portfolio, and who is worth asking."""
        places = zip(self._begins(), self._folders, strict=True)
        return [(begin, self._reach(begin, size, folder)) for (begin, size), folder in places]

    def _begins(self) -> Iterator[tuple[int, int]]:
        """Of each registry: the position of its first portfolio, and how many it has."""
        return zip(accumulate(self._sizes, initial=0), self._sizes, strict=False)

    def _reach(self, begin: int, size: int, folder: Path | None) -> Reach:
        opened, mentions = self._opened[begin : begin + size], self._mentions[begin : begin + size]
        works = [len(one.portfolio.works) for one in opened]
        return Reach([one.indexes for one in opened], works, [one.index for one in mentions], folder)

    def _worth_asking(self, columns: RecordColumns) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
        """By row, the positions of the portfolios whose works may be in it, and of those who may be mentioned."""
        matched: dict[int, list[int]] = {}
        mentioned: dict[int, list[int]] = {}
        for begin, reach in self._reaches:
            for found, owners_of in ((matched, reach.of_works(columns)), (mentioned, reach.of_creators(columns))):
                for row, owners in owners_of.items():
                    found.setdefault(row, []).extend(begin + owner for owner in owners)
        return matched, mentioned

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
        original = opened.signals.get(match.work, ())
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


def settled(claims: Iterable[Finding]) -> Iterator[Finding]:
    """Yield, of what portfolios and items say by themselves, what holds when all is known of an item.

    An item that is a work, whole or in part, does not speak for itself, and a creator whose work was found in it is not
    also mentioned. Each finding once, in order of the items.
    """
    by_item: dict[str, dict[tuple[str, str], Finding]] = {}
    for claim in claims:
        by_item.setdefault(claim.item, {}).setdefault((claim.finding_id, claim.portfolio), claim)
    for findings in by_item.values():
        matches = [finding for finding in findings.values() if finding.relation.is_match]
        alone = speaks_for_itself(match.relation for match in matches)
        creators = {match.creator for match in matches}
        for finding in findings.values():
            if finding.relation is Relation.MENTION and finding.creator in creators:
                continue
            if finding.relation is not Relation.RESERVED or alone:
                yield finding


class _Opened:
    """One portfolio, and an index for each recipe that the items were made by."""

    def __init__(self, portfolio: Portfolio, recipes: Sequence[str], trusted: Collection[str]) -> None:
        self.portfolio = portfolio
        self.voucher = _voucher(portfolio, trusted)
        self.terms: dict[str, Terms] = {
            terms_id: terms_from_json(line, str(portfolio.path)) for terms_id, line in portfolio.terms.items()
        }
        self.indexes: Mapping[str, CandidateIndex] = {
            recipe: self._index(recipe) for recipe in (plugins.DIGEST_RECIPE, *recipes) if plugins.index_class(recipe)
        }
        portfolio.let_go()  # of what was only checked

    @cached_property
    def signals(self) -> Mapping[int, tuple[Signal, ...]]:
        """What works say of their own rights, by position."""
        return self.portfolio.signals()

    def matches(self, record: FingerprintRecord) -> Sequence[Match]:
        """Ask every index, let it verify what it proposed, and put the answers together."""
        with during(Activity.LOOK_UP):
            return merge(
                match
                for index in self.indexes.values()
                if plugins.medium_of(index.recipe_id) in (None, record.medium)
                for candidate in index.candidates(record)
                for match in _verified(index, record, candidate)
                if self.portfolio.works[match.work].medium is record.medium
            )

    def expected_false_matches(self, items: Mapping[Medium, int]) -> float:
        return sum(
            index.expected_false_matches() * items.get(medium, 0)
            for index in self.indexes.values()
            if (medium := plugins.medium_of(index.recipe_id))
        )

    @property
    def summary(self) -> PortfolioSummary:
        works = self.portfolio.works
        creators = tuple(sorted(contacts_of(works)))
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
