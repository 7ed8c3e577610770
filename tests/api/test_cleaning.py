"""From a scan to a clean copy, and to the proof that it is one."""

import shutil
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from core_samples import picture, write_pictures, write_tar
from workprint import api
from workprint.cli import main
from workprint.errors import UsageError, WorkprintError
from workprint.model import Outcome

SETTINGS = api.Settings(as_of=date(2026, 1, 1), jobs=1)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """A folder with two works, an archive with one of them, and three other pictures."""
    folder = write_pictures(tmp_path / "data", [0, 1, 50, 51])
    (folder / "picture-0.txt").write_text("a caption")
    write_tar(folder / "shard.tar", {"1.png": picture(1), "1.txt": b"a caption", "2.png": picture(60)})
    return folder


@pytest.fixture
def scanned(dataset: Path, small: Path, tmp_path: Path) -> Path:
    """The results of its scan."""
    api.scan(str(dataset), [small / "mine.workprint"], tmp_path / "out", SETTINGS)
    return tmp_path / "out"


def test_a_clean_copy_is_clean_and_says_so(dataset: Path, scanned: Path, tmp_path: Path) -> None:
    """Counts, exit codes, and what is left."""
    run = CliRunner().invoke(main, ["clean", str(dataset), str(scanned), "-o", str(tmp_path / "clean")])
    again = ["-o", str(tmp_path / "again"), "-q"]
    gone = CliRunner().invoke(main, ["verify-removal", str(scanned), str(tmp_path / "clean"), *again])

    assert run.output == f"{tmp_path / 'clean'}: 3 of 6 items; 3 removed\n"
    assert sorted(path.name for path in (tmp_path / "clean").iterdir()) == [
        "picture-50.png", "picture-51.png", "shard.tar",
    ]  # fmt: skip
    assert (gone.exit_code, gone.output) == (0, "3 items were to be removed: 3 are gone, 0 are left\n")


def test_what_is_left_or_new_is_named(dataset: Path, scanned: Path, tmp_path: Path) -> None:
    """One was forgotten, one was moved, and a work came in that was not there before."""
    half = tmp_path / "half"
    shutil.copytree(dataset, half)
    (half / "picture-0.png").unlink()
    (half / "picture-1.png").rename(half / "renamed.png")
    (half / "new.png").write_bytes(picture(2))

    again = ["-o", str(tmp_path / "again"), "-q"]
    run = CliRunner().invoke(main, ["verify-removal", str(scanned), str(half), *again])

    assert run.exit_code == 1
    assert run.output.splitlines()[0] == "3 items were to be removed: 1 are gone, 2 are left"
    assert "left: renamed.png: picture-1.png" in run.output
    assert "left: shard.tar!1.png: picture-1.png" in run.output
    assert "not known before: new.png: picture-2.png" in run.output


@pytest.mark.parametrize("with_store", [True, False])
def test_a_dataset_that_changed_is_not_cleaned(dataset: Path, scanned: Path, tmp_path: Path, with_store: bool) -> None:
    """Neither one with other bytes at an address, nor one with more or fewer items."""
    if not with_store:
        shutil.rmtree(scanned / "store")
    (dataset / "picture-9.png").write_bytes(picture(9))
    with pytest.raises(WorkprintError, match="is not what was scanned"):
        api.clean(dataset, scanned, tmp_path / "clean")
    (dataset / "picture-9.png").unlink()
    (dataset / "picture-0.png").write_bytes(picture(99))
    with pytest.raises(WorkprintError, match="is not what was scanned"):
        api.clean(dataset, scanned, tmp_path / "clean")
    assert not (tmp_path / "clean").exists()


def test_outcomes_can_be_chosen_and_places_are_checked(dataset: Path, scanned: Path, tmp_path: Path) -> None:
    """What is only unknown stays unless it is asked for."""
    assert api.clean(dataset, scanned, tmp_path / "all", [Outcome.UNKNOWN]).removed == 0
    for output in (tmp_path / "all", dataset / "inside"):
        with pytest.raises(UsageError):
            api.clean(dataset, scanned, output)
    with pytest.raises(UsageError, match="does not exist"):
        api.clean(tmp_path / "nowhere", scanned, tmp_path / "x")


def test_a_portfolio_that_is_gone_is_asked_for(dataset: Path, small: Path, tmp_path: Path) -> None:
    """A second scan without it would find nothing, and mean nothing."""
    shutil.copy(small / "mine.workprint", tmp_path / "p.workprint")
    api.scan(str(dataset), [tmp_path / "p.workprint"], tmp_path / "out", SETTINGS)
    (tmp_path / "p.workprint").unlink()

    with pytest.raises(UsageError, match="name it with -p"):
        api.verify_removal(tmp_path / "out", str(dataset), tmp_path / "again")
