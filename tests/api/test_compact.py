"""A compact store made at once is the one that `store compact` makes of the full one."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from core_samples import picture, write_pictures, write_tar
from workprint import api
from workprint.cli import main
from workprint.errors import StoreConflict


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of every file."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Pictures with and without something said of them, a broken one, and a text beside them."""
    write_pictures(tmp_path / "data", [1, 2])
    (tmp_path / "data" / "broken.png").write_bytes(picture(3)[:150])
    (tmp_path / "data" / "notes.txt").write_text("x")
    said = b'{"url": "https://a.example/1.png", "caption": "a secret"}'
    write_tar(tmp_path / "data" / "a.tar", {"1.png": picture(4), "1.json": said, "2.png": b"no", "2.json": said})
    return tmp_path / "data"


def test_a_compact_store_made_at_once_is_that_of_the_full_one(
    dataset: Path, settings: api.Settings, tmp_path: Path
) -> None:
    """Byte for byte, all files."""
    api.fingerprint(str(dataset), tmp_path / "full", settings)
    api.compact_store(tmp_path / "full", tmp_path / "small", ["url"])

    api.fingerprint(str(dataset), tmp_path / "at-once", replace(settings, compact=("url",)))

    assert contents(tmp_path / "at-once") == contents(tmp_path / "small")
    assert b"secret" not in b"".join(contents(tmp_path / "at-once").values())
    with pytest.raises(StoreConflict, match="another attributes"):
        api.fingerprint(str(dataset), tmp_path / "at-once", replace(settings, compact=()))
    with pytest.raises(StoreConflict, match="another recipes and attributes"):
        api.fingerprint(str(dataset), tmp_path / "full", replace(settings, compact=()))


def test_attributes_are_for_compact_stores(dataset: Path, tmp_path: Path) -> None:
    """A full store keeps all of them: the option would do nothing."""
    result = CliRunner().invoke(main, ["fingerprint", str(dataset), "-o", str(tmp_path / "o"), "--attribute", "url"])

    assert result.exit_code == 2
    assert "--attribute goes with --compact" in result.stderr
