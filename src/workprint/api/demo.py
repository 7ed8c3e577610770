"""The whole job on the fixtures that come with Workprint."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from workprint.api.indexing import index
from workprint.api.reporting import REPORT, report
from workprint.api.scanning import Settings, Watch, scan
from workprint.api.works import Labels
from workprint.errors import UsageError
from workprint.findings import Results

_CREATORS = {"ada-lumen": "Ada Lumen", "ben-okoro": "Ben Okoro"}


def demo(output: Path, settings: Settings | None = None, watch: Watch | None = None) -> Results:
    """Index two creators' works, scan a small dataset that holds some of them, and write the report to `output`.

    Raises:
        UsageError: this installation has no demo media.
    """
    media = _media()
    output.mkdir(parents=True, exist_ok=True)
    portfolios = []
    for folder, creator in _CREATORS.items():
        portfolio = output / f"{folder}.workprint"
        portfolio.unlink(missing_ok=True)
        labels = Labels(creator, f"licensing@{folder}.example", media / "terms" / f"{folder}.yaml")
        index([media / "portfolio" / folder], portfolio, labels, jobs=settings.jobs if settings else 0)
        portfolios.append(portfolio)
    results = scan(str(media / "dataset"), portfolios, output / "results", settings, watch)
    with (output / "results" / REPORT).open("w", encoding="utf-8") as stream:
        folders = [media / "portfolio" / folder for folder in _CREATORS]
        report(output / "results", stream, portfolios=portfolios, portfolio_media=folders)
    return results


def _media() -> Path:
    packaged = Path(str(files("workprint"))) / "demo_media"
    checkout = Path(__file__).resolve().parents[3] / "fixtures" / "media"
    for place in (packaged, checkout):
        if place.is_dir():
            return place
    raise UsageError("this installation holds no demo media; install Workprint from a wheel or a checkout")
