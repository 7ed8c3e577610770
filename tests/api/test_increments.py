"""Run again with one more portfolio or more shards: only what is new is compared, and the bytes are those of a run from
nothing."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import Once, Scanned
from core_samples import picture, write_pictures, write_tar
from workprint import api, compared, store
from workprint.errors import WorkprintError
from workprint.model import Use

FILES = ("findings.jsonl", "failures.jsonl", "run.json")


def outcome(folder: Path) -> dict[str, bytes]:
    """The bytes of a result."""
    return {name: (folder / name).read_bytes() for name in FILES}


def known(folder: Path) -> dict[str, int]:
    """What is kept, each with the time it was written."""
    return {path.name: path.stat().st_mtime_ns for path in (folder / "compared").iterdir()}


@pytest.fixture(scope="session")
def creators(once: Once) -> dict[str, Path]:
    """Two creators, of whom both say that picture 1 is theirs, and who are named in what is said of items."""

    def make(folder: Path) -> None:
        for creator, seeds in (("Ada", (0, 1)), ("Ben", (1, 2))):
            works = write_pictures(folder / creator, seeds)
            labels = api.Labels(creator=creator, domains=(f"{creator.lower()}.example",))
            api.index([works], folder / f"{creator}.workprint", labels, jobs=1)

    folder = once("increments-portfolios", make)
    return {creator: folder / f"{creator}.workprint" for creator in ("Ada", "Ben")}


def write_shard(path: Path, seeds: tuple[int, ...]) -> None:
    """Pictures, each said to be at Ada's and at Ben's, in turn."""
    members = {}
    for at, seed in enumerate(seeds):
        creator = ("ada", "ben")[at % 2]
        members[f"{seed}.png"] = picture(seed)
        members[f"{seed}.json"] = json.dumps({"url": f"https://{creator}.example/{seed}.png"}).encode()
    write_tar(path, members)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Two shards."""
    folder = tmp_path / "data"
    folder.mkdir()
    write_shard(folder / "a.tar", (0, 50, 1))
    write_shard(folder / "b.tar", (51, 2))
    return folder


def test_one_more_portfolio_is_compared_alone(
    creators: dict[str, Path], dataset: Path, settings: api.Settings, tmp_path: Path
) -> None:
    """What the first said is taken as it was, and who is found in an item is no longer only mentioned."""
    both = [creators["Ada"], creators["Ben"]]
    api.fingerprint(str(dataset), tmp_path / "store", settings)
    api.match(tmp_path / "store", both, tmp_path / "nothing", settings)
    api.match(tmp_path / "store", both[:1], tmp_path / "out", settings)
    first = known(tmp_path / "out")

    api.match(tmp_path / "store", both, tmp_path / "out", settings)

    again = known(tmp_path / "out")
    assert outcome(tmp_path / "out") == outcome(tmp_path / "nothing")
    assert (len(first), len(again)) == (2, 4)
    assert first.items() <= again.items()
    found = (tmp_path / "out" / "findings.jsonl").read_bytes()
    relations = [json.loads(line)["relation"] for line in found.splitlines()]
    assert relations.count("identical") == 4
    assert "mention" in relations


def test_more_shards_are_compared_alone(
    creators: dict[str, Path], dataset: Path, settings: api.Settings, tmp_path: Path
) -> None:
    """A dataset grew at its end: the parts that were there are not looked at again."""
    both = [creators["Ada"], creators["Ben"]]
    api.scan(str(dataset), both, tmp_path / "out", settings)
    first = known(tmp_path / "out")
    write_shard(dataset / "c.tar", (1, 52))

    api.scan(str(dataset), both, tmp_path / "out", settings)
    api.scan(str(dataset), both, tmp_path / "nothing", settings)

    assert outcome(tmp_path / "out") == outcome(tmp_path / "nothing")
    assert first.items() <= known(tmp_path / "out").items()


def _longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"{}\n")


def _changed(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"prohibited"', b'"permitted "').replace(b'"unknown"', b'"allowed"'))


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _nested(path: Path) -> None:
    path.write_bytes(b"[" * 100_000 + path.read_bytes())


def _of_another(path: Path) -> None:
    other = next(one for one in path.parent.iterdir() if one != path)
    path.write_bytes(other.read_bytes())


@pytest.mark.parametrize("damage", [_longer, _changed, _empty, _nested, _of_another])
def test_what_is_not_whole_is_no_answer(scanned: Scanned, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """A file that was changed, cut or put in another's place."""
    parts = store.parts(scanned.output / "store")[:2]
    findings = tuple(api.read_results(scanned.output).findings)
    for part in parts:
        compared.save(tmp_path / "compared", part, f"digest {part.order}", "k", findings[part.order :])
    assert compared.load(tmp_path / "compared", parts[0], "digest 0", "k") == findings
    assert compared.load(tmp_path / "compared", parts[0], "digest 1", "k") is None
    assert compared.load(tmp_path / "compared", parts[0], "digest 0", "l") is None

    damage(sorted((tmp_path / "compared").iterdir())[0])

    assert compared.load(tmp_path / "compared", parts[0], "digest 0", "k") is None


def test_what_is_not_whole_is_compared_again(
    creators: dict[str, Path], dataset: Path, settings: api.Settings, tmp_path: Path
) -> None:
    """The results are those of before, and what is kept is mended."""
    api.scan(str(dataset), [creators["Ada"]], tmp_path / "out", settings)
    before, kept = outcome(tmp_path / "out"), sorted((tmp_path / "out" / "compared").iterdir())
    whole = kept[0].read_bytes()
    _longer(kept[0])

    api.scan(str(dataset), [creators["Ada"]], tmp_path / "out", settings)

    assert outcome(tmp_path / "out") == before
    assert kept[0].read_bytes() == whole


def test_another_question_is_asked_anew(
    creators: dict[str, Path], dataset: Path, settings: api.Settings, tmp_path: Path
) -> None:
    """A verdict is for one use; what was kept for another is removed."""
    api.fingerprint(str(dataset), tmp_path / "store", settings)
    api.match(tmp_path / "store", [creators["Ada"]], tmp_path / "out", settings)
    first = known(tmp_path / "out")
    other = replace(settings, use=Use.DATA_MINING)

    api.match(tmp_path / "store", [creators["Ada"]], tmp_path / "out", other)
    api.match(tmp_path / "store", [creators["Ada"]], tmp_path / "nothing", other)

    assert outcome(tmp_path / "out") == outcome(tmp_path / "nothing")
    assert not first.keys() & known(tmp_path / "out").keys()


def test_a_part_that_was_made_anew_is_compared_anew(
    creators: dict[str, Path], dataset: Path, settings: api.Settings, tmp_path: Path
) -> None:
    """The digest of its bytes is part of what is known of it."""
    api.fingerprint(str(dataset), tmp_path / "store", settings)
    api.match(tmp_path / "store", [creators["Ada"]], tmp_path / "out", settings)
    part = sorted((tmp_path / "store" / "parts").iterdir())[0]
    part.write_bytes(part.read_bytes()[:-100])

    with pytest.raises(WorkprintError, match="damaged"):
        api.match(tmp_path / "store", [creators["Ada"]], tmp_path / "out", settings)


def test_a_key_names_all_that_decides() -> None:
    """Portfolios and their order, recipes, question, trust and names."""
    question = api.Settings().question
    keys = {
        compared.key_of(["a", "b"], ["r"], question, [], False),
        compared.key_of(["b", "a"], ["r"], question, [], False),
        compared.key_of(["a"], ["r"], question, [], False),
        compared.key_of(["a", "b"], ["s"], question, [], False),
        compared.key_of(["a", "b"], ["r"], replace(question, licensee="x"), [], False),
        compared.key_of(["a", "b"], ["r"], question, ["k"], False),
        compared.key_of(["a", "b"], ["r"], question, [], True),
    }
    assert len(keys) == 7


def test_a_key_names_the_tool_to_the_last_byte(tmp_path: Path) -> None:
    """Whatever file of it is changed, moved or added, wherever; not what Python writes beside them."""

    def digest(**changed: bytes | None) -> str:
        written = {"a.py": b"LEAST = 6", "matching/b.py": b"MOST = 1", "c.json": b"{}"} | {
            name.replace("__", "/"): content for name, content in changed.items()
        }
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        for name, content in written.items():
            if content is not None:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
        return compared.digest_of_sources(folder)

    usual = digest()
    (tmp_path / "0" / "__pycache__").mkdir()
    (tmp_path / "0" / "__pycache__" / "a.pyc").write_bytes(b"made of a.py")

    assert compared.digest_of_sources(tmp_path / "0") == digest() == usual
    changes = [
        digest(**{"a.py": b"LEAST = 5"}),
        digest(**{"matching__b.py": b"MOST = 2"}),
        digest(**{"matching__b.py": None, "b.py": b"MOST = 1"}),
        digest(**{"matching__c.py": b""}),
        digest(**{"a.py": b"MOST = 1", "matching__b.py": b"LEAST = 6"}),
    ]
    assert len({usual, *changes}) == 6


def test_another_state_of_the_tool_has_other_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the same version, with another limit somewhere in it."""

    def key() -> str:
        compared._tool.cache_clear()
        return compared.key_of(["a"], ["r"], api.Settings().question, [], False)

    installed, again = key(), key()
    sources = Path(compared.__file__).parent
    shutil.copytree(sources, tmp_path / "workprint", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr("workprint.compared.files", tmp_path.joinpath)
    moved = key()
    alignment = tmp_path / "workprint" / "matching" / "alignment.py"
    alignment.write_text(alignment.read_text().replace("least_moments: float = 6.0", "least_moments: float = 5.0"))
    changed = key()
    compared._tool.cache_clear()

    assert installed == again == moved
    assert changed != installed


def test_what_a_killed_run_left_half_written_is_cleared_away(
    creators: dict[str, Path], dataset: Path, settings: api.Settings, tmp_path: Path
) -> None:
    """A process that is killed while it keeps an answer leaves a file that is no answer."""
    output = tmp_path / "out"
    api.scan(str(dataset), [creators["Ada"]], output, settings)
    answers = known(output)
    (output / "compared" / f"{next(iter(answers))}.29869.tmp").write_bytes(b"{")

    api.scan(str(dataset), [creators["Ada"]], output, settings)

    assert known(output) == answers
