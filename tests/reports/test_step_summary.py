"""The lines beside a step of continuous integration."""

import io
from dataclasses import replace

from report_samples import image_finding, report

from workprint.model import Report
from workprint.reports.step_summary import MOST_ROWS, StepSummary


def written(about: Report) -> str:
    """The summary."""
    stream = io.StringIO()
    StepSummary().write(about, stream)
    return stream.getvalue()


def test_the_denominator_and_the_counts_come_first() -> None:
    """Whether or not anything was found."""
    text = written(report((image_finding(),)))

    assert text.startswith("## Workprint: ")
    assert "items seen = " in text
    assert text.count("\n| error | prohibited |") == 1
    assert "| level |" not in written(report())


def test_nothing_from_a_dataset_is_active() -> None:
    """No table is broken, no link made, nobody called, no tag written."""
    hostile = "a|b](http://evil.example) <img src=x> @someone `x`\n| c"
    row = written(report((image_finding(item=hostile),))).splitlines()[-1]

    assert row.count("|") == 7
    assert not any(character in row for character in "<>@`[]()")


def test_a_long_list_is_cut_and_a_baseline_is_counted() -> None:
    """What is left out is said."""
    findings = tuple(image_finding(f"f{at}") for at in range(MOST_ROWS + 3))
    text = written(replace(report(findings), baseline=dict.fromkeys(["f1", "f2"], "new"), absent=findings[:1]))

    assert "… and 3 more." in text
    assert "Against the baseline: 2 new, 0 updated, 0 unchanged, 1 absent." in text
