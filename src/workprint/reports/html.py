"""The report as one HTML page: it opens offline, runs no script, loads nothing, prints, and reads well aloud.

Pictures and clips are `data:` URIs. The page forbids itself everything else with a Content-Security-Policy that names
the digest of its only style sheet, so even markup that slipped through could not fetch, run or restyle anything.
"""

import re
from base64 import b64encode
from datetime import date
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, TextIO

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from workprint.model import Failure, Medium, Report
from workprint.reports import attributes, drawing, page, said, summary, words
from workprint.reports.overview import overview
from workprint.reports.robustness import robustness
from workprint.reports.untrusted import link, visible

TEXT_LIMIT = 400
ROWS = 200
"""In each folded table; what is beyond is counted, and written in full to the files beside the page."""
CONTENTS_OPEN = 25
"""Up to so many works are listed at once; longer lists are folded."""
OVERVIEW_ROWS = 12
"""In each table of the overview; more are counted."""
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


class HtmlReport:
    """Writes `report.html`: self-contained, for people."""

    name = "html"

    def write(self, report: Report, stream: TextIO) -> None:
        """Write the page piece by piece. Everything from the dataset is escaped, made visible and cut."""
        for piece in _environment().get_template("report.html.j2").generate(_context(report)):
            stream.write(piece)


def text(value: object, limit: int = TEXT_LIMIT) -> Markup:
    """Return untrusted text as markup that can neither act nor turn the reading direction of what follows."""
    return Markup("<bdi>{}</bdi>").format(visible(str(value), limit))


def address(value: object, limit: int = TEXT_LIMIT * 2) -> Markup:
    """Return the address of a row: monospace, selected by one click, read left to right whatever it holds."""
    return Markup('<code class="address" dir="ltr">{}</code>').format(visible(str(value), limit))


def linked(value: object, limit: int = TEXT_LIMIT) -> Markup:
    """Return untrusted text as a link if it is a plain web address, else as text."""
    target = link(str(value))
    if target is None:
        return text(value, limit)
    opening = Markup('<a href="{}" rel="noopener noreferrer nofollow">').format(target)
    return opening + text(value, limit) + Markup("</a>")


def contact(value: object, limit: int = TEXT_LIMIT) -> Markup:
    """Return a creator's contact: a mail address or web address as a link, all else as text."""
    mail = str(value)
    if re.fullmatch(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+){1,8}", mail):
        return Markup('<a href="mailto:{}">').format(mail) + escape(mail) + Markup("</a>")
    return linked(value, limit)


def day(value: date) -> str:
    """Return `24 November 2026`."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


@cache
def _style() -> str:
    return files("workprint.reports").joinpath("templates", "report.css").read_text(encoding="utf-8")


def _style_digest(style: str) -> str:
    return b64encode(sha256(style.encode()).digest()).decode("ascii")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("workprint.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "text": text,
        "address": address,
        "linked": linked,
        "contact": contact,
        "day": day,
        "visible": visible,
        "most_first": page.most_first,
        "speaking": said.speaking,
    }
    environment.globals |= {
        "words": words,
        "summary": summary,
        "drawing": drawing,
        "attributes": attributes,
    }
    return environment


def _context(report: Report) -> dict[str, Any]:
    counts = summary.tally(report)
    return {
        "style": Markup(_style()),
        "style_digest": _style_digest(_style()),
        "rows": ROWS,
        "overview_rows": OVERVIEW_ROWS,
        "contents_open": CONTENTS_OPEN,
        "listed_works": page.LISTED_WORKS,
        "report": report,
        "manifest": report.manifest,
        "counts": counts,
        "creators": summary.by_creator(report),
        "groups": page.groups(report),
        "overview": overview(report),
        "said": said.table(report),
        "claims": page.claims(report),
        "not_found": page.not_found(report),
        "no_pictures": page.shows_no_works(report, Medium.IMAGE),
        "no_waveforms": page.shows_no_works(report, Medium.AUDIO),
        "robustness": robustness(report.checked),
        "failures": _readable_first(report.failures),
    }


def _readable_first(failures: tuple[Failure, ...]) -> list[Failure]:
    """Group failures by code, the rarest code first: a thousand blank pictures must not hide the one damaged file."""
    frequency = page.by_code(failures)
    return sorted(failures, key=lambda failure: (frequency[failure.code], failure.code, failure.subject_id))
