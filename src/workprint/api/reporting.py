"""Write reports from a results folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TextIO

from workprint import plugins
from workprint.api import pictures
from workprint.api.acting import against
from workprint.api.checking import read_card
from workprint.api.registry import indexes_at
from workprint.errors import UsageError
from workprint.findings import Results, read_failures, read_results
from workprint.model import CheckedWork, Failure, Limits, Picture, PortfolioSummary, Report, Work
from workprint.portfolio import Portfolio

REPORT = "report.html"
MOST_FAILURES = 1_000
"""Failures that a report lists; all are in `failures.jsonl`, and all are counted."""


def report(
    results: Path,
    stream: TextIO,
    form: str = "html",
    portfolios: Sequence[Path] = (),
    portfolio_media: Sequence[Path] = (),
    baseline: Path | None = None,
) -> None:
    """Write the results in a folder as a report of one format.

    `portfolios` let it name works that were not found, and show previews; without them, those of the scan are used
    where they still lie unchanged. `portfolio_media` are the folders that were given to `index`, to show the works.
    With a `baseline`, the results of an earlier run, SARIF and Markdown say what is new.

    Raises:
        UsageError: no results there, no such format, or a baseline about another use.
        FormatError: the results or a portfolio are damaged.
    """
    writer = plugins.report_writer(form)
    gathered = _gathered(results, portfolios, portfolio_media)
    if baseline:
        states, absent = against(Results(gathered.manifest, gathered.findings), baseline)
        gathered = replace(gathered, baseline=states, absent=absent)
    writer.write(gathered, stream)


def _gathered(results: Path, portfolios: Sequence[Path], media: Sequence[Path]) -> Report:
    held = read_results(results)
    for folder in media:
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder; --portfolio-media takes the folder that was given to `index`")
    found = {pictures.picture_key(finding.work, finding.creator) for finding in held.findings}
    works: list[Work] = []
    unfindable: list[Failure] = []
    shown: dict[str, Picture] = {}
    checked: list[CheckedWork] = []
    for portfolio in _portfolios(portfolios, held.manifest.portfolios):
        works.extend(portfolio.works)
        unfindable.extend(portfolio.unfindable)
        wanted = {
            at: work
            for at, work in enumerate(portfolio.works)
            if pictures.picture_key(work.work_id, work.creator) in found
        }
        shown.update(pictures.previews(portfolio, wanted))
        for folder in media:
            shown.update(pictures.work_pictures(wanted.values(), folder, Limits()))
        checked.extend(_card_of(portfolio))
        portfolio.close()
    return Report(
        manifest=held.manifest,
        works=tuple(works),
        unfindable=tuple(unfindable),
        findings=held.findings,
        failures=tuple(islice(read_failures(results), MOST_FAILURES)),
        item_pictures=pictures.item_pictures(results, held.findings),
        work_pictures=shown,
        checked=tuple(checked),
    )


def _card_of(portfolio: Portfolio) -> Sequence[CheckedWork]:
    """The card that lies beside an index as NAME.card.json, if it is of this very index."""
    path = portfolio.path.with_suffix(".card.json")
    if not path.is_file():
        return ()
    card = read_card(path)
    return card.works if card.portfolio == portfolio.digest else ()


def _portfolios(paths: Sequence[Path], used: Sequence[PortfolioSummary]) -> Iterator[Portfolio]:
    if paths:
        yield from (Portfolio(path) for path in indexes_at(paths))
        return
    for summary in used:
        if Path(summary.path).is_file():
            portfolio = Portfolio(Path(summary.path), verify=False)
            if portfolio.digest == summary.digest:
                yield portfolio
