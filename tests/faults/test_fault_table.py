"""The table in `docs/reliability.md` names every fault, and every test here names its fault."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_samples import BEGIN, END, write_table

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "reliability.md"


def marks() -> Iterator[tuple[str, str]]:
    """What is tried and what must come of it, from each mark in this folder."""
    for path in sorted(HERE.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "fault":
                tried, outcome = (ast.literal_eval(argument) for argument in node.args)
                yield tried, outcome


@pytest.mark.parametrize("tried", sorted(set(marks())), ids=lambda mark: mark[0])
def test_every_fault_is_in_the_table(tried: tuple[str, str]) -> None:
    """Whoever adds a fault runs `make faults`."""
    table = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]

    assert f"| {tried[0]} | {tried[1]} |" in table


def test_the_table_says_what_was_not_survived(tmp_path: Path) -> None:
    """It counts, and it replaces the one before."""
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")

    write_table(page, {("b", "fine"): (2, 2), ("a", "fine"): (0, 1)})

    text = page.read_text()
    assert "old" not in text
    assert text.index("| a | fine | 0 of 1 |") < text.index("| b | fine | 2 of 2 |") < text.index("after")
