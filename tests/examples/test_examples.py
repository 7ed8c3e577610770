"""The worked examples in the documents, run as they stand on bundled works."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from workprint import api
from workprint.api.keys import SigningKey
from workprint.cli import main
from workprint.model import Outcome, Relation

PAGES = Path(__file__).parents[2] / "docs" / "examples"
COMMAND = re.compile(r"^workprint (.*?)(?:\s+# exit (\d))?$", re.MULTILINE)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def follow(page: str) -> int:
    """Write the page's terms, type its commands one by one, and expect the exit codes it states."""
    blocks = BLOCK.findall((PAGES / page).read_text(encoding="utf-8"))
    commands = 0
    for language, body in blocks:
        if language == "yaml":
            Path("terms.yaml").write_text(body, encoding="utf-8")
        for line, code in COMMAND.findall(body) if language == "sh" else ():
            result = CliRunner().invoke(main, shlex.split(line))
            assert result.exit_code == int(code or 0), (line, result.output, result.stderr)
            commands += 1
    return commands


def outcomes(folder: str) -> set[Outcome]:
    """What a results folder holds."""
    return {finding.verdict.outcome for finding in api.read_results(Path(folder)).findings}


def copied(files: list[Path], folder: str) -> None:
    """Put files into a folder."""
    Path(folder).mkdir()
    for file in files:
        shutil.copy(file, folder)


@pytest.fixture
def works(media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The bundled portfolios; the commands run in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WORKPRINT_KEY_PASSWORD", "correct horse")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return media / "portfolio"


def test_the_artist_without_terms(works: Path) -> None:
    """Silence is unknown; a denial works without a signature, and without a second scan."""
    pictures = sorted((works / "ada-lumen" / "posters").iterdir())
    copied(pictures, "illustrations")
    copied([pictures[0], works / "ada-lumen" / "photos" / "dunes-at-six.jpg"], "dataset")

    assert follow("artist.md") == 7
    assert outcomes("results") == {Outcome.UNKNOWN}
    assert outcomes("again") == {Outcome.PROHIBITED}
    assert Path("removal/items.txt").read_text() == f"{pictures[0].name}\n"


def test_the_voice_actor_who_licensed_one_game_and_one_year(works: Path) -> None:
    """The grant covers that game in that year, and nothing else."""
    lines = works / "ben-okoro" / "voice"
    copied([lines / "line-01.ogg", lines / "line-02.ogg"], "recordings")
    copied([lines / "line-01.ogg", lines / "line-04.ogg"], "corpus")

    assert follow("voice-actor.md") == 8
    (finding,) = api.read_results(Path("june")).findings
    assert finding.verdict.outcome is Outcome.PERMITTED
    assert any("long-water" in ground and "invoice 2026-017" in ground for ground in finding.verdict.grounds)
    assert any("trusted by the operator" in ground for ground in finding.verdict.grounds)
    assert outcomes("unsaid") == {Outcome.CONDITIONAL}
    assert outcomes("later") == outcomes("others") == {Outcome.PROHIBITED}


def test_the_vendor_with_five_signed_indexes_a_sidecar_and_a_baseline(works: Path) -> None:
    """What is known does not stop the build again; what is taken out is gone."""
    pictures = sorted((works / "ada-lumen" / "photos").iterdir())[:3] + sorted(
        (works / "ada-lumen" / "posters").iterdir()
    )
    Path("terms.yaml").write_text("uses: {ai_generative_training: not_allowed}\n")
    Path("mine").mkdir()
    for at, (name, picture) in enumerate(zip("abcde", pictures, strict=True)):
        copied([picture], f"works-{name}")
        key = api.new_key(Path(f"mine/{name}.key"), Path(f"{name}.pub"), "x")
        assert isinstance(key, SigningKey)
        labels = api.Labels(f"Creator {at}", terms=Path("terms.yaml"), key=key)
        api.index([Path(f"works-{name}")], Path(f"{name}.workprint"), labels, jobs=1)
    others = sorted((works / "ada-lumen" / "paintings").iterdir())[:2]
    copied([pictures[0], pictures[3], *others], "dataset")
    seen = {"path": others[0].name, "headers": {"tdm-reservation": "1"}}
    Path("signals.jsonl").write_text(json.dumps(seen) + "\n")

    assert follow("vendor.md") == 5
    found = api.read_results(Path("results"))
    assert sorted(finding.relation is Relation.RESERVED for finding in found.findings) == [False, False, True]
    assert {one.standing.value for one in found.manifest.portfolios} == {"signed"}
    assert "3 unchanged" in Path("summary.md").read_text()
    states = [one["baselineState"] for one in json.loads(Path("results.sarif").read_text())["runs"][0]["results"]]
    assert states == ["unchanged"] * 3
    assert [path.name for path in Path("cleaned").iterdir()] == [others[1].name]
