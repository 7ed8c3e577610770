"""How a run shows how far it has come."""

import sys

import pytest

from workprint.cli import progress
from workprint.cli.progress import ProgressBar, ProgressLines, in_words, shown
from workprint.model import Progress

STATE = Progress(3, 9, 1204, 2, 5)


def test_in_words() -> None:
    """All numbers in one line."""
    assert in_words(STATE) == "3 of 9 shards, 1,204 items, 2 failed, 5 matches"


def test_quiet_shows_nothing() -> None:
    """Without anyone to show it to, nothing is made."""
    with shown("scanning", quiet=True) as watch:
        assert watch is None


def test_lines_come_every_ten_seconds(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where stderr is no terminal, a line is written at most every ten seconds, and not to stdout."""
    now_s = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now_s[0])
    with shown("scanning", quiet=False) as watch:
        assert isinstance(watch, ProgressLines)
        for now_s[0] in (101.0, 109.9, 110.0, 111.0, 119.9, 125.0):
            watch(STATE)

    out, err = capsys.readouterr()
    assert err == f"scanning: {in_words(STATE)}\n" * 2
    assert out == ""


def test_a_bar_is_drawn_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where stderr is a terminal, a bar is drawn there and taken away at the end."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with shown("scanning", quiet=False) as watch:
        assert isinstance(watch, ProgressBar)
        watch(STATE)

    out, err = capsys.readouterr()
    assert "| 3/9 [" in err
    assert "1,204 item" in err
    assert err.endswith("\r")
    assert out == ""
