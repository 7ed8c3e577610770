"""The table in the documents is the code's."""

from pathlib import Path

from workprint.consent.table import tables

PAGE = Path(__file__).parents[2] / "docs" / "policy.md"


def test_the_page_shows_every_combination_as_the_code_decides_it() -> None:
    """After a change of the policy, print the table anew with `python -m workprint.consent.table`."""
    assert tables().rstrip() in PAGE.read_text(encoding="utf-8")
    assert tables().count("\n| ") == 3 + 2 * (5 + 4 + 4)
