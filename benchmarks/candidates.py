"""How many copies are candidates by their MinHash signatures, beside what full fingerprints find.

    python benchmarks/candidates.py DIR [--works 40] [--medium image] [--edits 12]

DIR has folders `portfolio` and `distractors`. Works are drawn by seed and edited; *alike*: so many places of the
signatures are equal as `workprint store candidates` asks for, which is what it lists of few pairs; *bands*: those of
them that share a band, which is what it lists of many; *full*: the local features or peaks match. Distractors tell how
many unrelated pairs are candidates.
"""

from __future__ import annotations

import argparse
import io
import platform
import random
import sys
import zlib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr

from workprint import plugins
from workprint.edits import pictures, sounds
from workprint.errors import ItemError
from workprint.ingest import Pipeline
from workprint.matching.signature_bands import MOST_ONE_BY_ONE, alike
from workprint.model import Blob, Depth, FingerprintRecord, Limits
from workprint.stores.candidates import LEAST_SHARE

SEED = 21
RATE_HZ = 16_000
PIPELINE = Pipeline(Depth.THOROUGH, Limits())
FULL = {"image": "image.features", "audio": "audio.peaks"}
ENDINGS = {"image": {".png", ".jpg", ".jpeg"}, "audio": {".flac", ".wav", ".ogg", ".mp3"}}


def drawn(folder: Path, medium: str, count: int) -> list[Path]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS[medium])
    return sorted(random.Random(SEED).sample(paths, min(count, len(paths))))


def record(name: str, data: bytes, as_work: bool = False) -> FingerprintRecord | None:
    try:
        return PIPELINE.record(name, Blob.of(data), as_work)
    except ItemError:
        return None


def edited(path: Path, medium: str, name: str) -> bytes:
    seed = zlib.crc32(f"{SEED}{path.name}{name}".encode())
    if medium == "image":
        return pictures.render(pictures.EDITS[name], pictures.opened(path.read_bytes()), seed)
    samples, rate_hz = sf.read(path, dtype="float32", always_2d=True)
    sound = soxr.resample(samples.mean(axis=1), rate_hz, RATE_HZ)
    stream = io.BytesIO()
    sf.write(stream, sounds.EDITS[name](sound, replace(scene(), seed=seed)), RATE_HZ, format="WAV", subtype="PCM_16")
    return stream.getvalue()


@cache
def scene() -> sounds.Scene:
    return sounds.made_up_scene(RATE_HZ, SEED)


def signatures(records: list[FingerprintRecord], recipe: str) -> tuple[np.ndarray, np.ndarray]:
    """All signatures, and the record of each."""
    values = [(print_.value, at) for at, one in enumerate(records) for print_ in one.made_by(recipe)]
    joined = np.frombuffer(b"".join(value for value, _ in values), "<u4").reshape(len(values), -1)
    return joined, np.array([at for _, at in values])


def measure(folder: Path, medium: str, options: argparse.Namespace) -> None:
    sketch, full = (
        next(recipe for recipe in PIPELINE.recipes if recipe.startswith(name))
        for name in (f"{medium}.minhash", FULL[medium])
    )
    paths = drawn(folder / "portfolio", medium, options.works)
    works = [one for path in paths if (one := record(path.name, path.read_bytes(), as_work=True))]
    known = {one.subject_id: at for at, one in enumerate(works)}
    held, owners = signatures(works, sketch)
    index = plugins.index_class(full).build(full, works)
    least = round(LEAST_SHARE[f"{medium}.minhash"] * held.shape[1])
    others = [one for path in drawn(folder / "distractors", medium, 200) if (one := record("x", path.read_bytes()))]
    strange = signatures(others, sketch)[0]
    unrelated = [len(alike(strange, held, least, None, most)) for most in (MOST_ONE_BY_ONE, 0)]
    print(f"{medium}: {len(works)} works, {least} of {held.shape[1]} places; of {len(others) * len(works):,} unrelated")
    print(
        f"pairs {unrelated[0]} are alike and {unrelated[1]} share a band\n{'edit':34} copies  alike       bands  full"
    )
    totals = np.zeros(4)
    edits = pictures.EDITS if medium == "image" else sounds.EDITS
    for name in random.Random(SEED).sample(sorted(edits), min(options.edits, len(edits))):
        row = np.zeros(4)
        for item, path in copies(paths, medium, name, known):
            row += seen(item, known[path.name], (held, owners, least), index, sketch)
        totals += row
        say(name, row)
    say("all", totals)


def copies(
    paths: list[Path], medium: str, name: str, known: dict[str, int]
) -> Iterator[tuple[FingerprintRecord, Path]]:
    for path in paths:
        if path.name in known and (item := record("item", edited(path, medium, name))):
            yield item, path


def seen(item: FingerprintRecord, work: int, tables: tuple, index: object, sketch: str) -> np.ndarray:
    held, owners, least = tables
    asked, _ = signatures([item], sketch)
    each, banded = (
        bool((owners[alike(asked, held, least, None, most)[:, 1]] == work).any()) for most in (MOST_ONE_BY_ONE, 0)
    )
    matched = any(match.work == work for candidate in index.candidates(item) for match in index.verify(item, candidate))
    return np.array([1, each, banded, matched])


def say(name: str, row: np.ndarray) -> None:
    shares = row[1:] / max(1, row[0])
    print(f"{name:34} {int(row[0]):>6} {shares[0]:>6.2f} {shares[1]:>11.2f} {shares[2]:>5.2f}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--medium", choices=sorted(FULL), default="image")
    parser.add_argument("--works", type=int, default=40)
    parser.add_argument("--edits", type=int, default=12)
    options = parser.parse_args()
    print(f"seed {SEED}; Python {platform.python_version()}, numpy {np.__version__}")
    measure(options.folder, options.medium, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
