"""How near do hashes of unrelated pictures come, how far apart are those of plain copies, and where lies the threshold?

    python benchmarks/calibrate.py DIR [--depth fast|thorough] [--edited N] [--nearest N] [--seed N] [--json FILE]

Every picture below DIR is compared, as an item, with every variant (eight orientations, each also as a negative, on
both backgrounds where there is alpha) of every other. Two pictures count as the same one, and are left out and
listed, if they have the same content, or if their luminance at 64 x 64 correlates by 0.98 or more in any orientation.
All others are unrelated, however alike they look: frames of a burst and recolours of a template must not match.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from media_folder import MediaFile, machine, media_below, print_machine
from numpy.typing import NDArray
from PIL import Image
from simple_edits import IMAGE_EDITS, on_white, open_image

from workprint.errors import ItemError
from workprint.ingest import Pipeline
from workprint.model import Blob, Depth, FingerprintRecord, Limits, Medium

_BITS = 256
_SAME_CORRELATION = 0.98
_THUMB_PX = 64
_RATES = (1e-4, 3e-5, 1e-5, 3e-6, 1e-6)
_THRESHOLDS = tuple(range(20, 68, 4))
_WORKS, _ITEMS = 1_000, 1_000_000
Distances = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture as an item and as a work."""

    file: MediaFile
    content_digest: str
    as_item: NDArray[np.uint64]
    """uint64 (backgrounds, 4)"""
    as_work: NDArray[np.uint64]
    """uint64 (variants, 4)"""
    thumb: NDArray[np.float32]
    """float32 (64, 64), mean 0, length 1."""


@dataclass(frozen=True, slots=True)
class Tail:
    """An exponential fitted to the nearest pairs."""

    at_bits: int
    pairs: int
    """At or below `at_bits`."""
    rate: float
    """Their share in all comparisons of one item with one indexed hash."""
    factor_per_bit: float

    def rate_at(self, bits: int) -> float:
        """The share of comparisons at or below `bits`, by the exponential."""
        return self.rate * math.exp((bits - self.at_bits) * math.log(self.factor_per_bit))


def main() -> int:
    options = _options()
    print_machine(options.seed)
    pipeline = Pipeline(options.depth, Limits())
    files = [file for file in media_below(options.folder) if file.medium is Medium.IMAGE]
    pictures = [picture for file in files if (picture := _picture(pipeline, file))]
    print(f"{len(pictures)} of {len(files)} pictures, {options.depth}: {', '.join(pipeline.recipes)}")
    same = set(_same(pictures))
    counts, nearest, compared = _compare(pictures, same, options.nearest)
    tails = [tail for rate in _RATES if (tail := _tail(counts, compared, rate))]
    variants = sum(len(picture.as_work) for picture in pictures) / len(pictures)
    edited = _edited_distances(pipeline, pictures, options)
    figures = {
        "seed": options.seed,
        "machine": machine(),
        "pictures": len(pictures),
        "variants_per_work": variants,
        "comparisons": compared,
        "same": [[pictures[one].file.name, pictures[other].file.name] for one, other in sorted(same)],
        "nearest": [[bits, pictures[one].file.name, pictures[other].file.name] for bits, one, other in nearest],
        "histogram": {bits: int(count) for bits, count in enumerate(counts) if count},
        "tails": [[tail.at_bits, tail.pairs, tail.rate, tail.factor_per_bit] for tail in tails],
        "edits": {name: sorted(map(int, distances)) for name, distances in edited.items()},
    }
    _print_unrelated(figures, tails)
    _print_edited(edited, tails[-1] if tails else None, variants)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR", help="pictures, best of many kinds and with look-alikes")
    parser.add_argument("--depth", type=Depth, choices=list(Depth), default=Depth.FAST)
    parser.add_argument("--edited", type=int, default=200, help="pictures to edit, drawn by seed (default: 200)")
    parser.add_argument("--nearest", type=int, default=30, help="unrelated pairs to name (default: 30)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    return parser.parse_args()


def _picture(pipeline: Pipeline, file: MediaFile) -> Picture | None:
    blob = Blob(file.path.stat().st_size, lambda: file.path.open("rb"))
    try:
        as_item = pipeline.record(file.name, blob)
        as_work = pipeline.record(file.name, blob, as_work=True)
    except ItemError:
        return None
    small = on_white(open_image(file.path)).convert("L").resize((_THUMB_PX, _THUMB_PX), Image.Resampling.BOX)
    thumb = np.asarray(small, dtype=np.float32)
    thumb = thumb - thumb.mean()
    thumb /= max(1e-6, float(np.linalg.norm(thumb)))
    return Picture(file, as_item.content_digest, _hashes(as_item), _hashes(as_work), thumb)


def _hashes(record: FingerprintRecord) -> NDArray[np.uint64]:
    values = [print_.value for print_ in record.fingerprints if print_.recipe_id.startswith("image.phash/")]
    return np.frombuffer(b"".join(values), dtype="<u8").reshape(-1, _BITS // 64)


def _same(pictures: Sequence[Picture]) -> Iterator[tuple[int, int]]:
    """Yield pairs that show the same thing."""
    upright = np.stack([picture.thumb for picture in pictures])
    flat = upright.reshape(len(pictures), -1)
    correlation = np.zeros((len(pictures), len(pictures)), dtype=np.float32)
    for turns in range(4):
        for turned in (np.rot90(upright, turns, (1, 2)), np.rot90(upright[:, :, ::-1], turns, (1, 2))):
            correlation = np.maximum(correlation, np.abs(flat @ turned.reshape(len(pictures), -1).T))
    digests = np.array([picture.content_digest for picture in pictures])
    same = (correlation >= _SAME_CORRELATION) | (digests[:, None] == digests[None, :])
    yield from ((int(one), int(other)) for one, other in np.argwhere(np.triu(same | same.T, 1)))


def _compare(
    pictures: Sequence[Picture], same: set[tuple[int, int]], most: int
) -> tuple[NDArray[np.int64], list[tuple[int, int, int]], int]:
    """Count comparisons of an item with an indexed hash by distance; also the nearest pairs, and the total."""
    owners = np.repeat(np.arange(len(pictures)), [len(picture.as_work) for picture in pictures])
    indexed = np.concatenate([picture.as_work for picture in pictures])
    counts = np.zeros(_BITS + 1, dtype=np.int64)
    nearest: dict[tuple[int, int], int] = {}
    for at, picture in enumerate(pictures):
        distances = _nearest_background(picture.as_item, indexed)
        left_out = [at, *(other for one, other in same if one == at), *(one for one, other in same if other == at)]
        kept = ~np.isin(owners, left_out)
        counts += np.bincount(distances[kept], minlength=_BITS + 1)
        for place in np.flatnonzero(kept & (distances <= _THRESHOLDS[-1])):
            pair = (min(at, int(owners[place])), max(at, int(owners[place])))
            nearest[pair] = min(nearest.get(pair, _BITS), int(distances[place]))
    named = sorted((bits, *pair) for pair, bits in nearest.items())[:most]
    return counts, named, int(counts.sum())


def _nearest_background(items: NDArray[np.uint64], indexed: NDArray[np.uint64]) -> Distances:
    distances = [np.bitwise_count(indexed ^ item).sum(axis=1, dtype=np.int16) for item in items]
    return np.minimum.reduce(distances)


def _tail(counts: NDArray[np.int64], compared: int, rate: float) -> Tail | None:
    """Fit an exponential to the nearest pairs, a share `rate` of all.

    Hashes have as many ones as zeros, so distances are even; the likeliest factor per step of two bits follows from
    the mean number of steps below the upper end.
    """
    below = np.cumsum(counts)
    at_bits = int(np.searchsorted(below, rate * compared, side="right")) - 1
    at_bits -= at_bits % 2
    if at_bits < 0 or below[at_bits] < 1:
        return None
    steps = (at_bits - np.arange(at_bits + 1)) / 2
    mean_steps = float((steps * counts[: at_bits + 1]).sum() / below[at_bits])
    if mean_steps == 0:
        return None
    factor_per_bit = math.sqrt((1 + mean_steps) / mean_steps)
    return Tail(at_bits, int(below[at_bits]), float(below[at_bits] / compared), factor_per_bit)


def _edited_distances(
    pipeline: Pipeline, pictures: Sequence[Picture], options: argparse.Namespace
) -> dict[str, list[int]]:
    """Distance of each edited copy from the nearest variant of its original; 256 where it cannot be fingerprinted."""
    chosen = Random(options.seed).sample(list(pictures), min(options.edited, len(pictures)))
    distances: dict[str, list[int]] = {name: [] for name in IMAGE_EDITS}
    for picture in chosen:
        image = open_image(picture.file.path)
        for name, edit in IMAGE_EDITS.items():
            try:
                record = pipeline.record(name, Blob.of(edit(image)[1]))
            except ItemError:
                distances[name].append(_BITS)
                continue
            distances[name].append(int(_nearest_background(_hashes(record), picture.as_work).min()))
    return distances


def _print_unrelated(figures: dict, tails: Sequence[Tail]) -> None:
    print(f"\n{figures['comparisons']} comparisons of an item with a hash of an unrelated picture")
    print(f"left out as the same picture: {len(figures['same'])} pairs")
    for one, other in figures["same"]:
        print(f"  {one} = {other}")
    print("nearest unrelated pairs (bits):")
    for bits, one, other in figures["nearest"]:
        print(f"  {bits} {one} | {other}")
    print("\nfitted tails:    at bits     pairs      rate    factor per bit")
    for tail in tails:
        print(f"{tail.at_bits:>24}{tail.pairs:>10}{tail.rate:>10.1e}{tail.factor_per_bit:>18.3f}")
    if tails:
        last = tails[-1]
        print(f"\n_HASH_TAIL_AT_BITS = {last.at_bits}\n_HASH_TAIL_RATE = {last.rate:.1e}")
        print(f"_HASH_TAIL_FACTOR_PER_BIT = {last.factor_per_bit:.2f}")


def _print_edited(edited: dict[str, list[int]], tail: Tail | None, variants: float) -> None:
    print(f"\n{'share of copies at or below … bits':<36}" + "".join(f"{bits:>7}" for bits in _THRESHOLDS))
    everything = [bits for distances in edited.values() for bits in distances]
    for name, distances in (*edited.items(), ("all plain edits", everything)):
        shares = [np.mean([distance <= bits for distance in distances]) for bits in _THRESHOLDS]
        print(f"{name:<36}" + "".join(f"{share:>7.3f}" for share in shares) + f"   farthest {max(distances)}")
    if tail:
        expected = [tail.rate_at(bits) * variants * _WORKS * _ITEMS for bits in _THRESHOLDS]
        print(f"{'false matches expected, 1,000 works':<36}" + "".join(f"{number:>7.1g}" for number in expected))
        print(f"{'and a million items, by the tail':<36}({variants:.1f} hashes per work)")


if __name__ == "__main__":
    sys.exit(main())
