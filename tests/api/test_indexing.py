"""Making a portfolio index, and adding to one."""

import shutil
from pathlib import Path

import pytest
import soundfile

from core_samples import picture, write_pictures
from made_up_sounds import voice
from workprint import api
from workprint.api.works import IndexShard, shards_of
from workprint.errors import DatasetError, FormatError, UsageError
from workprint.ingest import Pipeline
from workprint.model import Limits, Progress
from workprint.portfolio import Portfolio
from workprint.protocols import Attempt


def index(folder: Path, output: Path, creator: str = "Nell Drawn", **labels: object) -> api.Indexed:
    """Index one folder in this process."""
    return api.index([folder], output, api.Labels(creator, **labels), jobs=1)  # type: ignore[arg-type]


def works(path: Path) -> list[tuple[str, str]]:
    """Creator and id of every work."""
    return [(work.creator, work.work_id) for work in Portfolio(path).works]


def test_works_are_known_by_their_path(small: Path) -> None:
    """Id, title, creator, contact and terms of each work are in the index."""
    portfolio = Portfolio(small / "mine.workprint")

    assert [work.work_id for work in portfolio.works] == ["picture-0.png", "picture-1.png", "picture-2.png"]
    assert {(work.title, work.contact) for work in portfolio.works} == {
        (f"picture {at}", "nell@example.org") for at in range(3)
    }
    assert {work.terms_id for work in portfolio.works} == set(portfolio.terms)
    assert next(iter(portfolio.terms.values()))["uses"] == {"ai_generative_training": "not_allowed"}


def test_the_same_works_are_the_same_bytes_in_whatever_order(tmp_path: Path) -> None:
    """Indexed at once, or one after the other, or backwards: one portfolio, one digest."""
    one, two = write_pictures(tmp_path / "one", [1]), write_pictures(tmp_path / "two", [2])
    both = write_pictures(tmp_path / "both", [1, 2])

    index(both, tmp_path / "at-once")
    for order in ((one, two), (two, one)):
        for folder in order:
            index(folder, tmp_path / f"first-{order[0].name}")

    assert (tmp_path / "at-once").read_bytes() == (tmp_path / "first-one").read_bytes()
    assert (tmp_path / "at-once").read_bytes() == (tmp_path / "first-two").read_bytes()


def test_works_are_added_and_replaced(tmp_path: Path) -> None:
    """A work of the same id and creator is replaced, another is added, and the result says which."""
    first = index(write_pictures(tmp_path / "a", [1, 2]), tmp_path / "p")
    changed = write_pictures(tmp_path / "b", [2, 3])
    (changed / "picture-2.png").write_bytes(picture(99))
    second = index(changed, tmp_path / "p")

    records = {record.subject_id: record for record in Portfolio(tmp_path / "p").records()}

    assert (first.added, first.replaced, first.works) == (2, 0, 2)
    assert (second.added, second.replaced, second.works) == (1, 1, 3)
    assert records["picture-2.png"].size_bytes == len(picture(99))


def test_an_index_goes_on_being_its_creators(tmp_path: Path) -> None:
    """Without a name, works are added to the one creator that is there; a new index is named after its file."""
    index(write_pictures(tmp_path / "a", [1]), tmp_path / "mine.workprint")
    api.index([write_pictures(tmp_path / "b", [2])], tmp_path / "mine.workprint", jobs=1)
    api.index([tmp_path / "b"], tmp_path / "nell.workprint", jobs=1)

    assert works(tmp_path / "mine.workprint") == [("Nell Drawn", "picture-1.png"), ("Nell Drawn", "picture-2.png")]
    assert works(tmp_path / "nell.workprint") == [("nell", "picture-2.png")]


def test_two_creators_may_use_one_name(tmp_path: Path) -> None:
    """Works of equal names by two creators stand side by side."""
    index(write_pictures(tmp_path / "a", [1]), tmp_path / "p", "A")
    index(tmp_path / "a", tmp_path / "p", "B")

    assert works(tmp_path / "p") == [("A", "picture-1.png"), ("B", "picture-1.png")]


def test_several_folders_are_told_apart(tmp_path: Path) -> None:
    """With several paths, a work's id begins with the name of its folder."""
    folders = [write_pictures(tmp_path / name, [1]) for name in ("a", "b")]

    done = api.index(folders, tmp_path / "p", jobs=1)

    assert [work for _, work in works(tmp_path / "p")] == ["a/picture-1.png", "b/picture-1.png"]
    assert done.alike == (("a/picture-1.png", "b/picture-1.png"),)


def test_two_works_of_one_name_are_refused(tmp_path: Path) -> None:
    """Neither is silently dropped."""
    files = [write_pictures(tmp_path / name, [1]) / "picture-1.png" for name in ("a", "b")]

    with pytest.raises(UsageError, match=r"2 works are called 'picture-1\.png'"):
        api.index(files, tmp_path / "p", jobs=1)


def test_works_that_cannot_be_found_are_named(tmp_path: Path) -> None:
    """Files that have no fingerprint are in the result and in the index, until they have one."""
    folder = write_pictures(tmp_path / "a", [1])
    (folder / "letter.jpg").write_text("Dear reader")
    (folder / "notes.txt").write_text("not a work")

    done = index(folder, tmp_path / "p")

    assert [(one.subject_id, one.code) for one in done.unfindable] == [("letter.jpg", "unsupported")]
    assert done.passed_over == 1
    assert Portfolio(tmp_path / "p").unfindable == done.unfindable

    (folder / "letter.jpg").write_bytes(picture(5, "JPEG"))
    index(folder, tmp_path / "p")

    assert Portfolio(tmp_path / "p").unfindable == ()


def test_previews_are_put_in_by_choice(tmp_path: Path) -> None:
    """With previews the index holds small pictures; without, none; and they stay when works are added."""
    folder = write_pictures(tmp_path / "a", [1])

    index(folder, tmp_path / "without")
    index(folder, tmp_path / "with", previews=True)
    index(write_pictures(tmp_path / "b", [2]), tmp_path / "with")

    assert Portfolio(tmp_path / "without").preview(0) is None
    shown = Portfolio(tmp_path / "with").preview(0)
    assert shown is not None
    assert shown.mime_type.startswith("image/")
    assert Portfolio(tmp_path / "with").preview(1) is None


def test_new_terms_replace_those_of_the_works_they_come_with(tmp_path: Path) -> None:
    """Terms belong to works; terms that no work has any more are gone."""
    folder = write_pictures(tmp_path / "a", [1])
    for permission in ("allowed", "not_allowed"):
        (tmp_path / "terms.yaml").write_text(f"uses: {{ai_training: {permission}}}")
        index(folder, tmp_path / "p", terms=tmp_path / "terms.yaml")

    (terms,) = Portfolio(tmp_path / "p").terms.values()

    assert terms["uses"] == {"ai_training": "not_allowed"}


def test_wrong_paths_and_files_are_told(tmp_path: Path, small: Path) -> None:
    """Each mistake has its sentence, and what was there stays as it was."""
    folder = write_pictures(tmp_path / "a", [1])
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_text("no index")
    shutil.copy(small / "terms.yaml", tmp_path / "terms.yaml")
    (tmp_path / "terms.yaml").write_text("uses: {ai_training: perhaps}")

    with pytest.raises(UsageError, match="missing does not exist"):
        index(tmp_path / "missing", tmp_path / "p")
    with pytest.raises(UsageError, match="no-folder is no folder"):
        index(folder, tmp_path / "no-folder" / "p")
    with pytest.raises(DatasetError, match="empty"):
        index(tmp_path / "empty", tmp_path / "p")
    with pytest.raises(FormatError, match="is not a portfolio index"):
        index(folder, tmp_path / "text")
    with pytest.raises(FormatError, match="'perhaps'"):
        index(folder, tmp_path / "p", terms=tmp_path / "terms.yaml")
    assert (tmp_path / "text").read_text() == "no index"
    assert not (tmp_path / "p").exists()


def test_a_folder_without_works_is_told(tmp_path: Path) -> None:
    """A folder of text has nothing to index; a folder of broken pictures says of one why."""
    for name, text in (("a.txt", "letter"), ("b.jpg", "letter")):
        folder = tmp_path / name[0]
        folder.mkdir()
        (folder / name).write_text(text)

    with pytest.raises(DatasetError, match=r"no file in .* is media"):
        index(tmp_path / "a", tmp_path / "p")
    with pytest.raises(UsageError, match=r"none of the 1 files .* b\.jpg: neither picture nor sound"):
        index(tmp_path / "b", tmp_path / "p")


def test_a_name_that_is_no_text_is_kept(tmp_path: Path) -> None:
    """A creator's name typed in another encoding is no reason to stop."""
    index(write_pictures(tmp_path / "a", [1]), tmp_path / "p", "Nell \udcff")

    assert works(tmp_path / "p")[0][0] == "Nell \udcff"


def test_a_work_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file on a bad disk is one of those that cannot be found, and does not end the run."""
    real = Pipeline.record

    def record(self: Pipeline, subject_id: str, *rest: object, **options: object) -> object:
        if subject_id == "picture-2.png":
            raise OSError(5, "Input/output error")
        return real(self, subject_id, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Pipeline, "record", record)
    reader, (shard,) = shards_of(write_pictures(tmp_path / "a", [1, 2]), Limits())

    done = IndexShard(reader, "", api.Labels(), Limits())(shard, Attempt())

    assert [(one.subject_id, one.code) for one in done.failures] == [("picture-2.png", "unreadable")]
    assert [entry.work.work_id for entry in done.entries] == ["picture-1.png"]


def test_progress_is_told(tmp_path: Path) -> None:
    """Whoever watches is told of works and failures."""
    folder = write_pictures(tmp_path / "a", [1, 2])
    (folder / "b.jpg").write_text("letter")
    told: list[Progress] = []

    api.index([folder], tmp_path / "p", jobs=1, watch=told.append)

    assert told[-1] == Progress(1, 1, 3, 1, None)


def test_an_index_with_fewer_landmarks_of_recordings_keeps_it_so(tmp_path: Path) -> None:
    """`coarse_audio` shows in the size of its tables, is written in the index, and holds for works added later."""
    for name, seed in (("one", 1), ("two", 2)):
        (tmp_path / name).mkdir()
        soundfile.write(tmp_path / name / f"{name}.wav", voice(8.0, seed=seed), 8000)

    index(tmp_path / "one", tmp_path / "usual")
    index(tmp_path / "one", tmp_path / "coarse", coarse_audio=True)
    assert (tmp_path / "coarse").stat().st_size < 0.7 * (tmp_path / "usual").stat().st_size

    index(tmp_path / "two", tmp_path / "coarse")
    (tmp_path / "both").mkdir()
    for name in ("one", "two"):
        shutil.copy(tmp_path / name / f"{name}.wav", tmp_path / "both")
    index(tmp_path / "both", tmp_path / "at-once", coarse_audio=True)
    assert (tmp_path / "at-once").read_bytes() == (tmp_path / "coarse").read_bytes()


def test_recordings_are_found_by_an_index_with_fewer_landmarks(tmp_path: Path) -> None:
    """A clip of four seconds."""
    (tmp_path / "works").mkdir()
    soundfile.write(tmp_path / "works" / "said.wav", voice(20.0, seed=3), 8000)
    index(tmp_path / "works", tmp_path / "coarse.workprint", coarse_audio=True)
    (tmp_path / "items").mkdir()
    soundfile.write(tmp_path / "items" / "clip.wav", voice(20.0, seed=3)[40_000:72_000], 8000)

    report = api.scan(str(tmp_path / "items"), [tmp_path / "coarse.workprint"], tmp_path / "out", api.Settings(jobs=1))
    assert len(report.findings) == 1
