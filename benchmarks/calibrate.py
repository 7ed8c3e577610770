"""How near do hashes of unrelated pictures come, how far apart are those of plain copies, and where lies the threshold?

    python benchmarks/calibrate.py DIR [--depth fast|thorough] [--series PATTERN ...] [--edited N] [--json FILE]

Every picture below DIR is compared, as an item, with every variant (eight orientations, each also as a negative, on
both backgrounds where there is alpha) of every other. Two pictures count as the same one, and are left out and
listed, if they have the same content, if their luminance correlates by 0.95 or more in any orientation, on white or on
black, or if `--series` says that one is a variation of the other: a pattern, once per series, of the names of its
pictures. All others are unrelated, however alike they look.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from media_folder import MediaFile, machine, media_below, print_machine
from simple_edits import IMAGE_EDITS, open_image
from workprint.errors import ItemError
from workprint.ingest import Pipeline
from workprint.model import Blob, Depth, FingerprintRecord, Limits, Medium

_BITS = 256
_SAME_CORRELATION = 0.95
_THUMB_PX = 32
_NAMED_BITS = 72
_LEAST_PAIRS = 30
"""Fewer do not make a tail."""
_RATES = (1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 5e-5)
_THRESHOLDS = tuple(range(12, 64, 4))
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
    """float32 (2, 32, 32): on white and on black, each of mean 0 and length 1."""


@dataclass(frozen=True, slots=True)
class Tail:
    """An exponential fitted to the nearest pairs."""

    at_bits: int
    pairs: int
    """At or below `at_bits`."""
    rate: float
    """Their share in all pairs of an item and an unrelated work."""
    factor_per_bit: float

    def rate_at(self, bits: int) -> float:
        """The share of pairs at or below `bits`, by the exponential."""
        return self.rate * math.exp((bits - self.at_bits) * math.log(self.factor_per_bit))


def main() -> int:
    options = _options()
    print_machine(options.seed)
    pipeline = Pipeline(options.depth, Limits())
    files = [file for file in media_below(options.folder) if file.medium is Medium.IMAGE]
    pictures = [picture for file in files if (picture := _picture(pipeline, file))]
    print(f"{len(pictures)} of {len(files)} pictures, {options.depth}: {', '.join(pipeline.recipes)}")
    same = set(_same(pictures, options.series))
    counts, nearest, compared = _compare(pictures, same, options.nearest)
    tails = [tail for rate in _RATES if (tail := _tail(counts, compared, rate))]
    variants = sum(len(picture.as_work) for picture in pictures) / len(pictures)
    edited = _edited_distances(pipeline, pictures, options)
    figures = {
        "seed": options.seed,
        "machine": machine(),
        "pictures": len(pictures),
        "variants_per_work": variants,
        "pairs": compared,
        "same": [[pictures[one].file.name, pictures[other].file.name] for one, other in sorted(same)],
        "nearest": [[bits, pictures[one].file.name, pictures[other].file.name] for bits, one, other in nearest],
        "histogram": {bits: int(count) for bits, count in enumerate(counts) if count},
        "tails": [[tail.at_bits, tail.pairs, tail.rate, tail.factor_per_bit] for tail in tails],
        "edits": {name: sorted(map(int, distances)) for name, distances in edited.items()},
    }
    _print_unrelated(figures, tails, variants)
    _print_edited(edited, tails[-1] if tails else None)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR", help="pictures, best of many kinds and with look-alikes")
    parser.add_argument("--depth", type=Depth, choices=list(Depth), default=Depth.FAST)
    parser.add_argument(
        "--series", nargs="+", default=[], metavar="PATTERN", help="pictures that are variations of one"
    )
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
    image = open_image(file.path).convert("RGBA")
    thumb = np.stack([_thumb(image, background) for background in ("white", "black")])
    return Picture(file, as_item.content_digest, _hashes(as_item), _hashes(as_work), thumb)


def _thumb(image: Image.Image, background: str) -> NDArray[np.float32]:
    flat = Image.alpha_composite(Image.new("RGBA", image.size, background), image).convert("L")
    thumb = np.asarray(flat.resize((_THUMB_PX, _THUMB_PX), Image.Resampling.BOX), dtype=np.float32)
    thumb = thumb - thumb.mean()
    return thumb / max(1e-6, float(np.linalg.norm(thumb)))


def _hashes(record: FingerprintRecord) -> NDArray[np.uint64]:
    values = [print_.value for print_ in record.fingerprints if print_.recipe_id.startswith("image.phash/")]
    return np.frombuffer(b"".join(values), dtype="<u8").reshape(-1, _BITS // 64)


def _same(pictures: Sequence[Picture], series: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield pairs that show the same thing, or are variations of one."""
    total = len(pictures)
    thumbs = np.concatenate([picture.thumb for picture in pictures])
    correlation = np.zeros((len(thumbs), len(thumbs)), dtype=np.float32)
    for turns in range(4):
        for turned in (np.rot90(thumbs, turns, (1, 2)), np.rot90(thumbs[:, :, ::-1], turns, (1, 2))):
            correlation = np.maximum(
                correlation, np.abs(thumbs.reshape(len(thumbs), -1) @ turned.reshape(len(thumbs), -1).T)
            )
    nearest = correlation.reshape(total, 2, total, 2).max(axis=(1, 3))
    digests = np.array([picture.content_digest for picture in pictures])
    same = (nearest >= _SAME_CORRELATION) | (digests[:, None] == digests[None, :])
    for pattern in series:
        members = np.array([fnmatch(picture.file.name, pattern) for picture in pictures])
        same |= members[:, None] & members[None, :]
    yield from ((int(one), int(other)) for one, other in np.argwhere(np.triu(same | same.T, 1)))


def _compare(
    pictures: Sequence[Picture], same: set[tuple[int, int]], most: int
) -> tuple[NDArray[np.int64], list[tuple[int, int, int]], int]:
    """Count pairs of item and work by the distance of the nearest variant; also the nearest pairs, and the total."""
    indexed = np.concatenate([picture.as_work for picture in pictures])
    starts = np.cumsum([0, *(len(picture.as_work) for picture in pictures[:-1])])
    counts = np.zeros(_BITS + 1, dtype=np.int64)
    nearest: dict[tuple[int, int], int] = {}
    for at, picture in enumerate(pictures):
        distances = np.minimum.reduceat(_nearest_background(picture.as_item, indexed), starts)
        kept = np.array([other != at and (min(at, other), max(at, other)) not in same for other in range(len(starts))])
        counts += np.bincount(distances[kept], minlength=_BITS + 1)
        for other in map(int, np.flatnonzero(kept & (distances <= _NAMED_BITS))):
            pair = (min(at, other), max(at, other))
            nearest[pair] = min(nearest.get(pair, _BITS), int(distances[other]))
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
    if at_bits < 0 or below[at_bits] < _LEAST_PAIRS:
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


def _print_unrelated(figures: dict, tails: Sequence[Tail], variants: float) -> None:
    print(f"\n{figures['pairs']} pairs of an item and an unrelated work")
    print(f"left out as the same picture: {len(figures['same'])} pairs")
    for one, other in figures["same"][: 2 * len(figures["nearest"])]:
        print(f"  {one} = {other}")
    print("nearest unrelated pairs (bits):")
    for bits, one, other in figures["nearest"]:
        print(f"  {bits} {one} | {other}")
    print("\nfitted tails:    at bits     pairs      rate    factor per bit")
    for tail in tails:
        print(f"{tail.at_bits:>24}{tail.pairs:>10}{tail.rate:>10.1e}{tail.factor_per_bit:>18.3f}")
    if tails:
        last = tails[-1]
        print(f"\n_HASH_TAIL_AT_BITS = {last.at_bits}")
        print(f"_HASH_TAIL_RATE = {last.rate / variants:.1e}  # {variants:.1f} hashes per work")
        print(f"_HASH_TAIL_FACTOR_PER_BIT = {last.factor_per_bit:.2f}")


def _print_edited(edited: dict[str, list[int]], tail: Tail | None) -> None:
    print(f"\n{'share of copies at or below … bits':<36}" + "".join(f"{bits:>7}" for bits in _THRESHOLDS))
    everything = [bits for distances in edited.values() for bits in distances]
    for name, distances in (*edited.items(), ("all plain edits", everything)):
        shares = [np.mean([distance <= bits for distance in distances]) for bits in _THRESHOLDS]
        print(f"{name:<36}" + "".join(f"{share:>7.3f}" for share in shares) + f"   farthest {max(distances)}")
    if tail:
        expected = [tail.rate_at(bits) * _WORKS * _ITEMS for bits in _THRESHOLDS]
        print(f"{'false matches expected, 1,000 works':<36}" + "".join(f"{number:>7.0f}" for number in expected))
        print("and a million items, by the tail")


if __name__ == "__main__":
    sys.exit(main())
