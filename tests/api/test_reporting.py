"""Reports from a results folder, and the pictures in them."""

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from core_samples import picture, write_pictures
from workprint import api
from workprint.api.pictures import item_pictures, picture_key, pictures_of, work_pictures
from workprint.errors import FormatError, UsageError
from workprint.model import Blob, Finding, Limits, Medium, Work
from workprint.portfolio import Portfolio


@pytest.fixture
def results(small: Path, settings: api.Settings, tmp_path: Path) -> Path:
    """A result with one finding."""
    dataset = write_pictures(tmp_path / "data", [1, 50])
    api.scan(str(dataset), [small / "mine.workprint"], tmp_path / "out", settings)
    return tmp_path / "out"


def written(results: Path, form: str, **places: object) -> str:
    """The text of a report."""
    stream = io.StringIO()
    api.report(results, stream, form, **places)  # type: ignore[arg-type]
    return stream.getvalue()


def finding_of(results: Path) -> Finding:
    """The only finding."""
    (finding,) = api.read_results(results).findings
    return finding


def test_the_formats_agree(results: Path) -> None:
    """Each format holds the finding."""
    finding = finding_of(results)

    assert json.loads(written(results, "jsonl"))["finding_id"] == finding.finding_id
    assert finding.finding_id in written(results, "csv")
    assert "picture-1.png" in written(results, "html")


def test_a_page_shows_both_sides_where_it_can(results: Path, small: Path) -> None:
    """The item's picture is kept with the results; the work's comes from the creator's folder."""
    alone, both = written(results, "html"), written(results, "html", portfolio_media=[small / "works"])

    assert alone.count("data:image/") >= 1
    assert both.count("data:image/") > alone.count("data:image/")


def test_a_page_shows_previews(results: Path, small: Path, tmp_path: Path) -> None:
    """Where a creator put previews into the index, the page shows them."""
    labels = api.Labels("Nell Drawn", previews=True)
    api.index([small / "works"], tmp_path / "p", labels, jobs=1)

    with_previews = written(results, "html", portfolios=[tmp_path / "p"])

    assert with_previews.count("data:image/") > written(results, "html").count("data:image/")


def test_a_portfolio_that_changed_since_is_not_taken_for_the_one_of_the_scan(
    results: Path, small: Path, settings: api.Settings, tmp_path: Path
) -> None:
    """Without `portfolios`, only those that still are what they were are read."""
    mine = tmp_path / "mine.workprint"
    shutil.copy(small / "mine.workprint", mine)
    out = tmp_path / "again"
    api.match(results / "store", [mine], out, settings)
    with_works = written(out, "html")
    api.index([write_pictures(tmp_path / "more", [77])], mine, jobs=1)

    assert "picture-77" not in written(out, "html")
    assert written(out, "html") != with_works


def test_wrong_places_are_told(results: Path, tmp_path: Path) -> None:
    """No results, no folder and no such format have their sentences."""
    with pytest.raises(UsageError, match="there is no"):
        written(tmp_path, "html")
    with pytest.raises(UsageError, match="is no folder"):
        written(results, "html", portfolio_media=[tmp_path / "missing"])
    with pytest.raises(UsageError, match="there is no report format 'pdf'"):
        written(results, "pdf")


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"[" * 10**5, b'{"data": 5, "peaks": []}'])
def test_a_damaged_picture_is_told(results: Path, data: bytes) -> None:
    """A kept picture that was changed is a `FormatError`."""
    finding = finding_of(results)
    (results / "pictures" / f"{finding.finding_id}.json").write_bytes(data)

    with pytest.raises(FormatError, match="is damaged"):
        item_pictures(results, [finding])


@pytest.mark.parametrize("name", ["../../secret", "/etc/passwd", "", "a\0b"])
def test_a_hostile_id_leads_to_no_file(results: Path, name: str) -> None:
    """A finding's id from a stranger's file is no path."""
    assert item_pictures(results, [replace(finding_of(results), finding_id=name)]) == {}


@pytest.mark.parametrize("name", ["../secret.png", "link.png", "a\0b", "x" * 5_000, ".", "missing.png", "letter.png"])
def test_a_hostile_work_leads_to_no_file(tmp_path: Path, name: str) -> None:
    """A work's id from a stranger's index shows nothing outside the folder, and nothing that is no picture."""
    media = tmp_path / "media"
    media.mkdir()
    (tmp_path / "secret.png").write_bytes(picture(1))
    (media / "link.png").symlink_to(tmp_path / "secret.png")
    (media / "letter.png").write_text("Dear reader")

    assert work_pictures([Work(name, "", "", "", None, Medium.IMAGE)], media, Limits()) == {}


def test_a_work_is_shown_from_its_folder(small: Path) -> None:
    """A work's picture is found by its id."""
    (work, *_) = Portfolio(small / "mine.workprint").works

    shown = work_pictures([work], small / "works", Limits())

    assert shown.keys() == {picture_key(work.work_id, work.creator)}


@pytest.mark.parametrize("data", [b"Dear reader", b"", picture(1)[:60]])
def test_a_picture_that_cannot_be_read_any_more_is_left_out(data: bytes) -> None:
    """The findings do not depend on the pictures that are kept of them."""
    assert not pictures_of(Blob.of(data), Medium.IMAGE, [None], Limits())
