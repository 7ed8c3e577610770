"""The design's table of who may import whom, enforced; and what may not be loaded before it is needed."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import workprint

ROOT = Path(workprint.__file__).parent
LEVELS = {
    "": 0, "errors": 0,
    "model": 10, "distance": 10, "stopwatch": 10,
    "protocols": 20, "serial": 20, "licences": 20, "signing": 20,
    "datasets": 30, "media": 30, "fingerprints": 30, "store": 30, "portfolio": 30, "matching": 30, "rights": 30,
    "consent": 30, "engines": 30, "reports": 30, "review": 30, "run_lock": 30, "findings": 30, "edits": 30,
    "stores": 31,
    "plugins": 39,
    "mentions": 40, "compared": 40, "reach": 40, "testing": 40,
    "ingest": 41, "screen": 41, "exclusion": 41, "cleaning": 41,
    "shards": 42, "warm_hashes": 43, "warm": 44,
    "api": 50,
    "cli": 60,
}  # fmt: skip
"""By the first part of a module's name below `workprint`; of one level, none may import another."""
EXCEPTIONS = {"review.server": 50}
CLI_MAY_IMPORT = {"", "api", "model", "errors", "cli"}
HEAVY = ("PIL", "librosa", "numba", "scipy", "ray", "imagehash", "cv2", "numpy", "pyarrow")


def modules() -> dict[str, Path]:
    """All modules by their name below `workprint`; packages by their own."""
    names = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


MODULES = modules()


def imports(path: Path) -> Iterator[str]:
    """Every module of ours that a file imports, at its top, inside functions and for type checking alike."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (_below(alias.name) for alias in node.names if _ours(alias.name))
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            if node.module and _ours(node.module):
                yield from (_imported(_below(node.module), alias.name) for alias in node.names)


def _ours(name: str) -> bool:
    return name.partition(".")[0] == "workprint"


def _below(name: str) -> str:
    return name.partition(".")[2]


def _imported(module: str, name: str) -> str:
    submodule = f"{module}.{name}" if module else name
    return submodule if submodule in MODULES else module


def level(name: str) -> int:
    """Where in the table a module stands."""
    return EXCEPTIONS.get(name, LEVELS[name.partition(".")[0]])


def allowed(importer: str, imported: str) -> bool:
    """Whether the table has this edge."""
    ours, theirs = importer.partition(".")[0], imported.partition(".")[0]
    if ours == "cli":
        return theirs in CLI_MAY_IMPORT
    return ours == theirs or level(imported) < level(importer)


@pytest.mark.parametrize("name", MODULES)
def test_imports_follow_the_table_of_layers(name: str) -> None:
    """A module imports lower layers and its own folder only."""
    forbidden = [imported for imported in imports(MODULES[name]) if not allowed(name, imported)]

    assert forbidden == []


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("media.images", "datasets.folder"),
        ("store", "portfolio"),
        ("screen", "ingest"),
        ("ingest", "shards"),
        ("model.prints", "distance"),
        ("serial.lines", "protocols"),
        ("cli.scans", "plugins"),
        ("api.scanning", "cli"),
    ],
)
def test_the_table_refuses_edges_that_lead_up_or_across(importer: str, imported: str) -> None:
    """The check itself is not blind."""
    assert not allowed(importer, imported)


def test_the_second_half_cannot_reach_a_decoder() -> None:
    """Nothing that matching needs leads to `datasets` or `media`, so that a store is enough."""
    reached, waiting = set(), ["screen", "store", "findings", "matching.audio", "matching.image_hash"]
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting.extend(imported for imported in imports(MODULES[name]) if imported not in reached)

    assert not [name for name in reached if name.partition(".")[0] in ("datasets", "media", "ingest")]


def test_there_is_no_import_cycle() -> None:
    """Modules can be put in an order in which each imports earlier ones only."""
    left = {name: set(imports(path)) - {name} for name, path in MODULES.items()}
    while free := [name for name, needed in left.items() if not needed & left.keys()]:
        for name in free:
            del left[name]

    assert left == {}


@pytest.mark.parametrize("imported", ["workprint", "workprint.cli", "workprint.model", "workprint.protocols"])
def test_nothing_heavy_is_loaded_before_it_is_needed(imported: str) -> None:
    """Importing the package or the command line loads no decoder, no compiler and no array library."""
    code = f"import sys, {imported}; print(sorted(set({HEAVY}) & set(sys.modules)))"

    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_help_loads_nothing_heavy() -> None:
    """`workprint --help` answers without any of the heavy packages."""
    code = (
        "import sys; from workprint.cli import main; main(['--help'], standalone_mode=False);"
        f"print(sorted(set({HEAVY}) & set(sys.modules)))"
    )

    assert subprocess.check_output([sys.executable, "-c", code], text=True).splitlines()[-1] == "[]"
