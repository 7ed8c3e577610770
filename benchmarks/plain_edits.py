"""Are plain edits found, is nothing else, and do three containers of the same items give the same findings?

    python benchmarks/plain_edits.py DIR [--keep FOLDER] [--jobs N] [--depth fast|thorough] [--seed N] [--json FILE]

Indexes the works in DIR, makes a dataset of its distractors and of edited copies of every work, as a folder, as
WebDataset shards and as Parquet tables, scans all three, and prints recall per edit, false matches and failures. See
docs/benchmarks.md for what DIR should look like.
"""

import argparse
import json
import sys
import tarfile
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq

from media_folder import MediaFile, Sides, copied, machine, print_machine, split
from simple_edits import AUDIO_EDITS, IMAGE_EDITS, Edited, open_image, open_recording
from workprint import api
from workprint.model import Depth, Finding, Medium

_PER_CONTAINER = 400
_EXAMPLES = 20
_SAME_EVERYWHERE = (
    *("digest", "work", "creator", "medium", "relation", "confidence"),
    *("item_segment", "work_segment", "transform", "evidence", "level"),
)
_ORDER = [f"{Medium.IMAGE}: {name}" for name in IMAGE_EDITS] + [f"{Medium.AUDIO}: {name}" for name in AUDIO_EDITS]


@dataclass(frozen=True, slots=True)
class Made:
    """A file of the dataset, and what is known of it."""

    name: str
    """`image/000017.jpg`: the same number in all three containers."""
    medium: Medium
    work: str | None
    """Name of the work it is an edited copy of; None for a distractor."""
    edit: str
    """The edit, or where the distractor comes from."""
    digest: str


@dataclass(frozen=True, slots=True)
class Scanned:
    """One of the three scans."""

    kind: str
    results: api.Results
    seconds: float


def main() -> int:
    options = _options()
    print_machine(options.seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        return _measure(options, folder)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR", help="pictures and recordings")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where to leave the datasets and results")
    parser.add_argument("--jobs", type=int, default=1, help="processes of each scan (default: 1)")
    parser.add_argument("--depth", type=Depth, choices=list(Depth), default=Depth.THOROUGH)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, with every miss by name")
    return parser.parse_args()


def _measure(options: argparse.Namespace, folder: Path) -> int:
    sides = split(options.folder, options.seed)
    print(f"{len(sides.works)} works, {len(sides.distractors)} distractors: {sides.how}")
    indexed = api.index([copied(sides.works, folder / "portfolio")], folder / "works.workprint", jobs=options.jobs)
    made = _make_dataset(sides, folder / "datasets", options.seed)
    scans = [_scan(kind, folder, options) for kind in ("folder", "tar", "parquet")]
    figures = _judged(made, scans[0].results.findings, indexed)
    figures |= {
        "seed": options.seed,
        "depth": options.depth.value,
        "machine": machine(),
        "sides": {"works": len(sides.works), "distractors": len(sides.distractors), "how": sides.how},
        "scans": {scan.kind: _of_scan(scan) for scan in scans},
        "differences": _differences(scans),
    }
    _print(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    return 1 if figures["differences"] else 0


def _make_dataset(sides: Sides, folder: Path, seed: int) -> list[Made]:
    """Write the items in a seeded order as files, as tar shards and as tables; return them in that order."""
    numbers = Random(seed).sample(range(1_000_000), len(sides.distractors) + len(sides.works) * len(IMAGE_EDITS))
    made = []
    for number, (medium, work, edit, ending, data) in zip(numbers, _items(sides, seed), strict=False):
        name = f"{medium}/{number:06}.{ending}"
        target = folder / "folder" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        made.append(Made(name, medium, work, edit, sha256(data).hexdigest()))
    made.sort(key=lambda one: one.name)
    for medium in Medium:
        names = [one.name for one in made if one.medium is medium]
        for part, start in enumerate(range(0, len(names), _PER_CONTAINER)):
            chosen = names[start : start + _PER_CONTAINER]
            _write_tar(folder / "tar" / f"{medium}-{part:05}.tar", folder / "folder", chosen)
            _write_table(folder / "parquet" / f"{medium}-{part:05}.parquet", folder / "folder", chosen, medium)
    return made


def _items(sides: Sides, seed: int) -> Iterator[tuple[Medium, str | None, str, str, bytes]]:
    """Yield (medium, work, edit, ending, bytes)."""
    for file in sides.distractors:
        yield file.medium, None, file.name, file.path.suffix[1:].lower(), file.path.read_bytes()
    for work in sides.works:
        for name, edited in _copies(work, Random(f"{seed} {work.name}")):
            yield work.medium, work.name, name, *edited


def _copies(work: MediaFile, random: Random) -> Iterator[tuple[str, Edited]]:
    if work.medium is Medium.IMAGE:
        image = open_image(work.path)
        yield from ((name, edit(image)) for name, edit in IMAGE_EDITS.items())
        return
    recording = open_recording(work.path)
    for name, edit in AUDIO_EDITS.items():
        edited = edit(recording, random)
        if edited:
            yield name, edited


def _write_tar(target: Path, folder: Path, names: Sequence[str]) -> None:
    """WebDataset: one key per item, its media beside a JSON of its attributes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(target, "w") as archive:
        for name in names:
            key = Path(name).stem
            beside = json.dumps({"key": key}).encode()
            for ending, data in ((Path(name).suffix, (folder / name).read_bytes()), (".json", beside)):
                member = tarfile.TarInfo(key + ending)
                member.size = len(data)
                archive.addfile(member, BytesIO(data))


def _write_table(target: Path, folder: Path, names: Sequence[str], medium: Medium) -> None:
    """As Hugging Face `datasets` writes media: a struct of bytes and path."""
    target.parent.mkdir(parents=True, exist_ok=True)
    cells = [{"bytes": (folder / name).read_bytes(), "path": Path(name).name} for name in names]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table({medium.value: pa.array(cells, kind), "key": [Path(name).stem for name in names]})
    pq.write_table(table, target, row_group_size=100)


def _scan(kind: str, folder: Path, options: argparse.Namespace) -> Scanned:
    settings = api.Settings(depth=options.depth, jobs=options.jobs)
    start = time.perf_counter()
    results = api.scan(str(folder / "datasets" / kind), [folder / "works.workprint"], folder / "out" / kind, settings)
    return Scanned(kind, results, time.perf_counter() - start)


def _of_scan(scan: Scanned) -> dict[str, object]:
    manifest = scan.results.manifest
    return {
        "seconds": round(scan.seconds, 1),
        "seen": manifest.seen,
        "fingerprinted": manifest.fingerprinted,
        "failed": manifest.failed,
        "findings": len(scan.results.findings),
        "expected_false_matches": manifest.expected_false_matches,
    }


def _differences(scans: Sequence[Scanned]) -> list[str]:
    """Findings that one container gives and another does not; addresses differ, so items are told by their digest."""
    first, *others = [Counter(map(_sameness, scan.results.findings)) for scan in scans]
    return [
        f"{scan.kind}: {sign} {sameness}"
        for scan, other in zip(scans[1:], others, strict=True)
        for sign, odd in (("only here", other - first), ("only in the folder", first - other))
        for sameness in sorted(odd.elements())
    ]


def _sameness(finding: Finding) -> str:
    """All of a finding but the item's address and what depends on it."""
    return " ".join(str(getattr(finding, part)) for part in _SAME_EVERYWHERE)


def _judged(made: Sequence[Made], findings: Sequence[Finding], indexed: api.Indexed) -> dict[str, object]:
    found: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        found[finding.item].append(finding)
    same = _namesakes(indexed)
    unfindable = {failure.subject_id: f"{failure.code}: {failure.detail}" for failure in indexed.unfindable}
    edits: dict[str, dict[str, list[str]]] = defaultdict(lambda: {"found": [], "missed": []})
    false = []
    for one in made:
        right = same.get(one.work or "", {one.work})
        if one.work and one.work not in unfindable:
            hit = any(finding.work in right for finding in found[one.name])
            edits[f"{one.medium}: {one.edit}"]["found" if hit else "missed"].append(f"{one.name} = {one.work}")
        false += [_wrong(one, finding) for finding in found[one.name] if finding.work not in right]
    return {
        "alike": indexed.alike,
        "unfindable": unfindable,
        "edits": {
            name: {"items": len(both["found"] + both["missed"]), "recall": _share(both), "missed": both["missed"]}
            for name, both in sorted(edits.items(), key=lambda pair: _ORDER.index(pair[0]))
        },
        "false_matches": false,
    }


def _namesakes(indexed: api.Indexed) -> dict[str, set[str | None]]:
    """For each work that lies in the portfolio more than once, all its names."""
    same: dict[str, set[str | None]] = {}
    for one, other in indexed.alike:
        names = same.setdefault(one, {one})
        names.add(other)
        same[other] = names
    return same


def _share(both: dict[str, list[str]]) -> float:
    return len(both["found"]) / (len(both["found"]) + len(both["missed"]))


def _wrong(one: Made, finding: Finding) -> dict[str, object]:
    return {
        "item": one.name,
        "is": f"{one.edit} of {one.work}" if one.work else one.edit,
        "copy": one.work is not None,
        "work": finding.work,
        "relation": finding.relation.value,
        "confidence": finding.confidence,
        "evidence": [asdict(evidence) for evidence in finding.evidence],
    }


def _print(figures: dict) -> None:
    false = figures["false_matches"]
    copies = sum(one["copy"] for one in false)
    print(f"\nfalse matches: {len(false) - copies} of distractors, {copies} of copies of another work")
    for one in false[:_EXAMPLES]:
        measured = ", ".join(f"{evidence['measure']} {evidence['value']:g}" for evidence in one["evidence"])
        print(f"  {one['item']} ({one['is']}) with {one['work']}: {one['relation']}, {measured}")
    for name, why in figures["unfindable"].items():
        print(f"unfindable: {name}: {why}")
    for one, other in figures["alike"]:
        print(f"the same work twice: {one}, {other}")
    print(f"\n{'edit':<32}{'items':>6}{'recall':>8}")
    for name, edit in figures["edits"].items():
        print(f"{name:<32}{edit['items']:>6}{edit['recall']:>8.3f}  {', '.join(edit['missed'][:2])}")
    print()
    for kind, scan in figures["scans"].items():
        print(f"{kind}: " + ", ".join(f"{name} {value}" for name, value in scan.items()))
    differences = figures["differences"]
    print("findings in the three containers: " + (f"{len(differences)} differences" if differences else "the same"))
    for difference in differences[:_EXAMPLES]:
        print(f"  {difference}")


if __name__ == "__main__":
    sys.exit(main())
