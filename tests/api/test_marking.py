"""Marked copies of a creator's files, end to end."""

import json
from pathlib import Path

import pytest

from core_samples import picture
from signal_samples import read, wav
from workprint import api
from workprint.errors import UsageError
from workprint.model import Permission, Relation, Use, combined

TERMS = """
uses: {data_mining: not_allowed, ai_training: not_allowed, ai_generative_training: not_allowed}
statement: Ask me first.
works:
  - path: open
    uses: {data_mining: allowed, ai_training: allowed, ai_generative_training: allowed}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A creator's folder, with terms beside it."""
    works = tmp_path / "works"
    (works / "open").mkdir(parents=True)
    (works / "sea.png").write_bytes(picture(1))
    (works / "open" / "hill.jpg").write_bytes(picture(2, "JPEG"))
    (works / "line.wav").write_bytes(wav())
    (tmp_path / "terms.yaml").write_text(TERMS)
    return tmp_path


def test_copies_carry_the_terms_of_each_work(home: Path) -> None:
    """Folders keep their shape; the originals stay; a rule for the site is written."""
    before = (home / "works" / "sea.png").read_bytes()

    done = api.mark([home / "works"], home / "out", api.Marking(home / "terms.yaml", creator="Ada"))

    said = {
        path.relative_to(home / "out").as_posix(): combined(read(path.read_bytes()), Use.AI_GENERATIVE_TRAINING)
        for path in done.written
    }
    denied = Permission.NOT_ALLOWED
    assert said == {"sea.png": denied, "line.wav": denied, "open/hill.jpg": Permission.ALLOWED}
    assert json.loads((home / "out" / "tdmrep.json").read_text()) == [{"location": "/", "tdm-reservation": 1}]
    assert (home / "works" / "sea.png").read_bytes() == before


def test_a_scan_finds_marked_files_without_any_portfolio(home: Path, settings: api.Settings) -> None:
    """What is written is what is read."""
    api.mark([home / "works"], home / "out", api.Marking(home / "terms.yaml"))

    results = api.scan(str(home / "out"), [], home / "scanned", settings)

    assert {(one.item, one.relation) for one in results.findings} >= {("sea.png", Relation.RESERVED)}
    assert not [one for one in results.findings if one.item.startswith("open/")]


def test_what_cannot_be_marked_is_named_and_nothing_is_overwritten(home: Path) -> None:
    """No copy rather than one without a mark; never over a file that is there."""
    (home / "works" / "notes.txt").write_text("hello")

    done = api.mark([home / "works"], home / "out", api.Marking(home / "terms.yaml"))

    assert [(Path(one.subject_id).name, one.code) for one in done.refused] == [("notes.txt", "not_marked")]
    assert not (home / "out" / "notes.txt").exists()
    with pytest.raises(UsageError, match="would be written over"):
        api.mark([home / "works"], home / "out", api.Marking(home / "terms.yaml"))
    with pytest.raises(UsageError, match="lies inside"):
        api.mark([home / "works"], home / "works" / "out", api.Marking(home / "terms.yaml"))
    with pytest.raises(UsageError, match="does not exist"):
        api.mark([home / "gone"], home / "out", api.Marking(home / "terms.yaml"))


def test_copies_can_carry_a_signed_manifest(home: Path) -> None:
    """With the extra, a certificate and its key."""
    pytest.importorskip("c2pa")
    from content_credentials import signer_files

    for name, data in zip(("chain.pem", "key.pem"), signer_files(), strict=True):
        (home / name).write_bytes(data)
    marking = api.Marking(home / "terms.yaml", certificates=home / "chain.pem", key=home / "key.pem")

    done = api.mark([home / "works"], home / "out", marking)

    assert len(done.written) == 3
    for path in done.written:
        said = [signal for signal in read(path.read_bytes()) if signal.source == "c2pa"]
        assert all(signal.conformant for signal in said)
        assert said, path
    with pytest.raises(UsageError, match="give both"):
        api.mark([home / "works"], home / "x", api.Marking(home / "terms.yaml", key=home / "key.pem"))
