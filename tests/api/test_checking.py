"""Trying out which works can be found after which edit, and the card that says so."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conftest import Once
from core_samples import digests, odd_texts, picture, rebuilt, write_pictures
from exclusion_samples import marked, recording, write_images, write_sounds
from workprint import api
from workprint.api import trials
from workprint.errors import FormatError, NewerFormatError, RecipeMismatch, UsageError
from workprint.model import Blob, Box, CheckedWork, Depth, Limits, Medium, Progress
from workprint.portfolio import Portfolio
from workprint.serial.lines import encodable

FEW_PICTURES = ("identity", "mirror", "crop_0.4", "thumbnail_64", "pixelate_64")
FEW_SOUNDS = ("quiet -20 dB", "reversed")


@pytest.fixture(scope="session")
def mixed(once: Once) -> Path:
    """A folder with `works/`, a picture and a recording, and `mine.workprint`, their index. Not to be changed."""

    def make(folder: Path) -> None:
        write_images(folder / "works" / "drawn", {"50% sea #1.png": marked(1, 150, 90)})
        write_sounds(folder / "works", {"line.flac": recording(1, 1.0)})
        api.index([folder / "works"], folder / "mine.workprint", api.Labels("Nell Drawn"), jobs=1)

    return once("checked-portfolio", make)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a few edits."""
    monkeypatch.setattr(trials, "PICTURE_TRIALS", FEW_PICTURES)
    monkeypatch.setattr(trials, "SOUND_TRIALS", FEW_SOUNDS)
    monkeypatch.setattr(trials, "CLIP_LENGTHS_S", (1, 5))


def check(portfolio: Path, *media: Path, depth: Depth = Depth.THOROUGH) -> api.Card:
    """Check in this process."""
    return api.check(portfolio, media, depth, jobs=1)


def test_a_picture_is_tried_in_every_edit(mixed: Path) -> None:
    """The whole list, on one picture: most edits are survived, and each has its outcome."""
    path = mixed / "works" / "drawn"
    (work,) = [one for one in check(mixed / "mine.workprint", path.parent).works if one.medium is Medium.IMAGE]

    assert tuple(work.found) == trials.PICTURE_TRIALS
    assert work.problem == ""
    assert all(work.found[name] for name in ("identity", "jpeg_8", "grey", "mirror", "rotate_90", "crop_0.6"))
    assert sum(work.found.values()) > 0.7 * len(work.found)


@pytest.mark.usefixtures("few")
def test_a_check_says_what_a_scan_finds(mixed: Path, settings: api.Settings, tmp_path: Path) -> None:
    """Edited files, written to a folder and scanned, are found or missed exactly as the card says."""
    card = check(mixed / "mine.workprint", mixed / "works")
    for at, work in enumerate(card.works):
        path = mixed / "works" / ("line.flac" if work.medium is Medium.AUDIO else "drawn/50% sea #1.png")
        for number, trial in enumerate(trials.trials_of(Blob.at(path), work.medium, Limits())):
            (tmp_path / "data").mkdir(exist_ok=True)
            (tmp_path / "data" / f"{at}-{number}.bin").write_bytes(trial.data)

    results = api.scan(str(tmp_path / "data"), [mixed / "mine.workprint"], tmp_path / "out", settings)

    found = {(finding.item, finding.work) for finding in results.findings}
    assert {
        (f"{at}-{number}.bin", work.work_id): outcome
        for at, work in enumerate(card.works)
        for number, outcome in enumerate(work.found.values())
    } == {
        (f"{at}-{number}.bin", work.work_id): (f"{at}-{number}.bin", work.work_id) in found
        for at, work in enumerate(card.works)
        for number in range(len(work.found))
    }
    assert {work.medium for work in card.works} == set(Medium)
    assert all(any(work.found.values()) for work in card.works)


@pytest.mark.usefixtures("few")
def test_the_card_names_the_index_and_the_depth(mixed: Path) -> None:
    """What was checked, and for which scan; a fast scan does not find what the thorough finds."""
    fast, thorough = (check(mixed / "mine.workprint", mixed / "works", depth=depth) for depth in Depth)

    assert fast.portfolio == thorough.portfolio == Portfolio(mixed / "mine.workprint").digest
    assert (fast.depth, thorough.depth) == (Depth.FAST, Depth.THOROUGH)
    assert [work.work_id for work in fast.works] == [work.work_id for work in Portfolio(mixed / "mine.workprint").works]
    assert not fast.works[0].found["crop_0.4"]
    assert thorough.works[0].found["crop_0.4"]


@pytest.mark.usefixtures("few")
def test_two_processes_say_what_one_says(small: Path) -> None:
    """The number of processes leaves no trace, nor does the order in which works are done."""
    mine, works = small / "mine.workprint", small / "works"
    one, two = (api.check(mine, [works], Depth.FAST, jobs) for jobs in (1, 2))

    assert one == two
    assert [tuple(work.found) for work in one.works] == [FEW_PICTURES] * 3


@pytest.mark.usefixtures("few")
def test_works_that_cannot_be_tried_are_told(tmp_path: Path) -> None:
    """A file that is gone, one that is no media any more, one that is cut, and one that is another medium now."""
    folder = write_pictures(tmp_path / "works", range(5))
    api.index([folder], tmp_path / "p", jobs=1)
    (folder / "picture-1.png").unlink()
    (folder / "picture-2.png").write_text("Dear reader")
    (folder / "picture-3.png").write_bytes(picture(3)[:200])
    write_sounds(tmp_path, {"a.wav": recording(1, 1.0)})
    (tmp_path / "a.wav").rename(folder / "picture-4.png")

    card = check(tmp_path / "p", folder)

    assert [work.work_id for work in card.works] == [f"picture-{at}.png" for at in range(5)]
    assert [bool(work.found) for work in card.works] == [True, False, False, False, False]
    assert [bool(work.problem) for work in card.works] == [False, True, True, True, True]
    assert card.works[1].problem == "its file is not in the folder given"
    assert "looks like text" in card.works[2].problem


@pytest.mark.usefixtures("few")
def test_works_are_looked_for_in_all_folders(tmp_path: Path) -> None:
    """Works of one index may lie in several folders."""
    first, second = write_pictures(tmp_path / "a", [1]), write_pictures(tmp_path / "b", [2])
    for folder in (first, second):
        api.index([folder], tmp_path / "p", jobs=1)

    assert all(work.found for work in check(tmp_path / "p", first, second).works)
    assert [bool(work.found) for work in check(tmp_path / "p", second).works] == [False, True]


@pytest.mark.usefixtures("few")
def test_works_of_folders_indexed_at_once_are_looked_for_in_each(tmp_path: Path) -> None:
    """Their ids begin with the folder's name; the folders are given as they were given to `index`."""
    folders = [write_pictures(tmp_path / name, [at]) for at, name in enumerate("ab")]
    api.index(folders, tmp_path / "p", jobs=1)

    card = check(tmp_path / "p", *folders, depth=Depth.FAST)

    assert [(work.work_id, work.problem) for work in card.works] == [("a/picture-0.png", ""), ("b/picture-1.png", "")]


@pytest.mark.usefixtures("few")
def test_an_index_that_was_made_again_is_checked_anew(tmp_path: Path) -> None:
    """What is remembered of an index is forgotten when another lies at its place."""
    works = write_images(tmp_path / "works", {"a.png": marked(1, 150, 90)})
    api.index([works], tmp_path / "p", api.Labels("Nell Drawn"), jobs=1)
    before = check(tmp_path / "p", works)
    region = ("a.png", Box(0.0, 0.0, 1.0, 1.0))
    (tmp_path / "p").unlink()
    api.index([works], tmp_path / "p", api.Labels("Nell Drawn", exclude_regions=(region,)), jobs=1)

    after = check(tmp_path / "p", works)

    assert before.works[0].found["crop_0.4"]
    assert not after.works[0].found["crop_0.4"]
    assert after.works[0].found["identity"]
    assert after.portfolio != before.portfolio


@pytest.mark.usefixtures("few")
def test_progress_of_a_check_is_told(small: Path) -> None:
    """Whoever watches is told of works and edits."""
    told: list[Progress] = []

    api.check(small / "mine.workprint", [small / "works"], jobs=1, watch=told.append)

    assert told == [Progress(done, 3, done * len(FEW_PICTURES), 0) for done in (1, 2, 3)]


def test_a_folder_without_any_of_the_works_is_told(small: Path, tmp_path: Path) -> None:
    """A wrong folder is an error, not a card that says nothing."""
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UsageError, match=r"picture-0\.png: its file is not in the folder given"):
            check(small / "mine.workprint", folder)


def test_an_index_made_in_another_way_is_told(small: Path, tmp_path: Path) -> None:
    """Its works would never be found, and not because of any edit."""
    (tmp_path / "p").write_bytes((small / "mine.workprint").read_bytes())
    rebuilt(tmp_path / "p", {}, tables={})

    with pytest.raises(RecipeMismatch, match="make it again"):
        check(tmp_path / "p", small / "works")


def test_a_missing_or_damaged_index_is_told(small: Path, tmp_path: Path) -> None:
    """As everywhere."""
    (tmp_path / "p").write_bytes((small / "mine.workprint").read_bytes()[:-100])

    with pytest.raises(UsageError, match="does not exist"):
        check(tmp_path / "missing", small / "works")
    with pytest.raises(FormatError):
        check(tmp_path / "p", small / "works")


checked_works = st.builds(
    CheckedWork, odd_texts, odd_texts, st.sampled_from(Medium), st.dictionaries(odd_texts, st.booleans()), odd_texts
)
cards = st.builds(api.Card, digests, st.sampled_from(Depth), st.lists(checked_works).map(tuple))


def written_out(card: api.Card) -> api.Card:
    """A card as it is read back: half surrogates are written out."""
    return replace(
        card,
        works=tuple(
            CheckedWork(
                encodable(work.work_id),
                encodable(work.creator),
                work.medium,
                {encodable(name): outcome for name, outcome in work.found.items()},
                encodable(work.problem),
            )
            for work in card.works
        ),
    )


@given(cards)
@example(api.Card("0" * 64, Depth.FAST, (CheckedWork("\ud800", "", Medium.IMAGE, {"\udfff": True}, "\ud800"),)))
@settings(max_examples=60)
def test_a_card_survives_being_written(tmp_path_factory: pytest.TempPathFactory, card: api.Card) -> None:
    """Any name, with quotes, controls and half surrogates, is written as JSON and read back."""
    path = tmp_path_factory.getbasetemp() / "any.card.json"
    api.write_card(path, card)

    assert api.read_card(path) == written_out(card)
    assert json.loads(path.read_bytes())["format"] == "workprint-card"


def a_card(path: Path, **changes: object) -> Path:
    """Write a plain card in which something is changed."""
    work = CheckedWork("a.png", "Nell Drawn", Medium.IMAGE, {"mirror": True}, "")
    api.write_card(path, api.Card("ab" * 32, Depth.FAST, (work,)))
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return path


WORK = {"work_id": "a", "creator": "", "medium": "image", "found": {"mirror": True}, "problem": ""}


@pytest.mark.parametrize("changes", [
    {"format": "gallery"}, {"version": "1"}, {"version": 0}, {"depth": "deep"}, {"works": None}, {"works": 5},
    {"works": [None]}, {"works": [[]]}, {"works": [{}]}, {"works": ["a"]},
    {"works": [{**WORK, "found": None}]}, {"works": [{**WORK, "found": []}]}, {"works": [{**WORK, "found": {"a": 1}}]},
    {"works": [{**WORK, "found": {"a": "no"}}]}, {"works": [{**WORK, "medium": "smell"}]},
    {"works": [{**WORK, "medium": []}]},
])  # fmt: skip
def test_a_damaged_card_is_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    """Every part is of its type, and every outcome is true or false."""
    with pytest.raises(FormatError):
        api.read_card(a_card(tmp_path / "card.json", **changes))


@pytest.mark.parametrize(
    "data", [b"", b"null", b"[]", b"5", b"[" * 10**5, b"\xff\xfe", b'{"format": "workprint-card"}']
)
def test_what_is_no_card_is_refused(tmp_path: Path, data: bytes) -> None:
    """Any other file is a `FormatError`, however deep it is; so are a folder and nothing at all."""
    (tmp_path / "card.json").write_bytes(data)

    for path in (tmp_path / "card.json", tmp_path, tmp_path / "missing"):
        with pytest.raises(FormatError):
            api.read_card(path)


def test_a_card_of_a_newer_version_asks_for_an_update(tmp_path: Path) -> None:
    """It is told from a damaged one."""
    with pytest.raises(NewerFormatError, match="update Workprint"):
        api.read_card(a_card(tmp_path / "card.json", version=2))


def test_fields_of_later_versions_are_passed_over(tmp_path: Path) -> None:
    """More than is known is no damage."""
    card = api.read_card(a_card(tmp_path / "card.json", works=[{**WORK, "seconds": 5}], remark="x"))

    assert [work.work_id for work in card.works] == ["a"]


@pytest.fixture
def results(small: Path, settings: api.Settings, tmp_path: Path) -> tuple[Path, Path]:
    """A result, and the index it was made with."""
    mine = tmp_path / "mine.workprint"
    mine.write_bytes((small / "mine.workprint").read_bytes())
    api.scan(str(write_pictures(tmp_path / "data", [1])), [mine], tmp_path / "out", settings)
    return tmp_path / "out", mine


def page(results: Path, *portfolios: Path) -> str:
    """The report."""
    stream = io.StringIO()
    api.report(results, stream, portfolios=portfolios)
    return stream.getvalue()


def test_a_report_shows_the_card_beside_the_index(results: tuple[Path, Path]) -> None:
    """`mine.card.json` beside `mine.workprint`, made of this very index, is part of the page."""
    out, mine = results
    work = CheckedWork("picture-1.png", "Nell Drawn", Medium.IMAGE, {"mirror": True, "negative": False}, "")
    assert "What would have been found" not in page(out)

    api.write_card(mine.with_name("mine.card.json"), api.Card(Portfolio(mine).digest, Depth.THOROUGH, (work,)))

    for text in (page(out), page(out, mine)):
        assert "What would have been found" in text
        assert "Not found after" in text


def test_a_card_of_another_index_is_not_shown(results: tuple[Path, Path]) -> None:
    """A card from before the index was changed says nothing of it."""
    out, mine = results
    work = CheckedWork("picture-1.png", "Nell Drawn", Medium.IMAGE, {"mirror": True}, "")
    api.write_card(mine.with_name("mine.card.json"), api.Card("ab" * 32, Depth.THOROUGH, (work,)))

    assert "What would have been found" not in page(out)


def test_a_damaged_card_beside_the_index_is_told(results: tuple[Path, Path]) -> None:
    """It is not passed over in silence."""
    out, mine = results
    mine.with_name("mine.card.json").write_text("{}")

    with pytest.raises(FormatError, match=r"mine\.card\.json"):
        page(out)
