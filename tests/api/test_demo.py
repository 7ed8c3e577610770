"""The whole job on what comes with Workprint."""

from pathlib import Path

import pytest

from workprint import api
from workprint.errors import UsageError


def test_the_demo_needs_its_media(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An installation without the bundled media says so."""
    monkeypatch.setattr(Path, "is_dir", lambda _: False)

    with pytest.raises(UsageError, match="holds no demo media"):
        api.demo(tmp_path)
