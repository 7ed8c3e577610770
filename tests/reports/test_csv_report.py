"""The table for spreadsheets."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import audio_finding, image_finding, report

from workprint.model import Finding, ImageTransform
from workprint.reports.table import COLUMNS, CsvReport, harmless


def written(*findings: Finding) -> str:
    """The table as text."""
    stream = io.StringIO(newline="")
    CsvReport().write(report(findings), stream)
    return stream.getvalue()


def rows(*findings: Finding) -> list[dict[str, str]]:
    """The table as a reader sees it."""
    return list(csv.DictReader(io.StringIO(written(*findings), newline=""), strict=True))


def test_one_row_per_finding() -> None:
    """Each finding is a row with its place, evidence, verdict and columns of the dataset."""
    image, sound = rows(image_finding(), audio_finding())

    assert image["finding_id"] == "f1"
    assert (image["level"], image["outcome"], image["use"]) == ("error", "prohibited", "ai_generative_training")
    assert (image["item_left"], image["item_bottom"], image["item_start_s"]) == ("0.1", "0.8", "")
    assert (image["mirrored"], image["rotation_deg"], image["tempo"]) == ("true", "4.0", "")
    assert image["evidence"].startswith("61 matching points where 11 would have been enough")
    assert (image["url"], image["license"]) == ("https://example.com/a.jpg", "CC-BY 4.0")
    assert (sound["item_start_s"], sound["item_end_s"], sound["item_left"]) == ("3.2", "8.3", "")
    assert (sound["tempo"], sound["reversed"], sound["mirrored"]) == ("1.1", "false", "")


def test_an_empty_table_has_its_column_names() -> None:
    """No findings leave one line with the names, ended by CRLF as RFC 4180 says."""
    assert written() == ",".join(COLUMNS) + "\r\n"


def test_negative_numbers_stay_numbers() -> None:
    """Only text can be a formula: a rotation of -4 degrees is left alone."""
    (row,) = rows(image_finding(transform=ImageTransform(rotation_deg=-4.0)))

    assert row["rotation_deg"] == "-4.0"


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", '=HYPERLINK("http://x")', "＝1", "=\x00"]
)
def test_formulas_are_taken_for_text(text: str) -> None:
    """A cell that a spreadsheet would run starts with an apostrophe."""
    (row,) = rows(image_finding(attributes={"caption": text}, item=text, creator=text))

    assert [row[name][0] for name in ("caption", "item", "creator")] == ["'", "'", "'"]


@given(st.text(st.characters(codec=None), max_size=80))
def test_any_text_is_one_cell(text: str) -> None:
    """Quotes, commas, line ends, NUL and lone surrogates stay inside their cell; the rows keep their number."""
    (row,) = rows(image_finding(item=text, attributes={text: text, "caption": text}))

    assert row["item"] == harmless(text)
    assert row["portfolio"] == "cd" * 32
    assert not row["item"].startswith(("=", "+", "-", "@"))
    written(image_finding(item=text)).encode("utf-8")


def test_a_cell_is_never_longer_than_a_spreadsheet_takes() -> None:
    """A megabyte in a caption is cut."""
    (row,) = rows(image_finding(attributes={"caption": "x" * 1_000_000}))

    assert len(row["caption"]) <= 32_767
