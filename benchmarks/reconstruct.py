"""What can be made again of pictures and recordings from a store of their fingerprints, compact and full.

    python benchmarks/reconstruct.py DIR [--pictures 600] [--recordings 40] [--sheet FILE.png] [--json FILE]

Pictures: half of those of DIR, drawn by seed, are what an attacker has seen before; of the others nothing is taken but
what a store holds. Recordings need nothing seen before. Every figure stands beside what a guess reaches without the
fingerprint in question: the mean of the pictures seen before, or the same method with another item's fingerprint.
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import media_folder as media
from reconstructed_pictures import Patches, Prior, bits_of, from_hash_alone, words_in
from reconstructed_sounds import envelopes_alike, log_spectrum, resynthesised
from workprint.distance import hamming
from workprint.errors import ItemError
from workprint.fingerprints.audio_tokens import landmark_tokens
from workprint.fingerprints.visual_words import visual_words
from workprint.ingest import Pipeline
from workprint.media.sound import open_sound
from workprint.model import Blob, Depth, FingerprintRecord, Limits, Medium
from workprint.serial.audio_layout import decode_peaks
from workprint.serial.image_layout import Features, decode

SEED = 17
SKETCH_PX = 32
DETAIL_PX = 128
THRESHOLD_BITS = 20
SHORTEST_S, LONGEST_S = 2.0, 20.0
Grey = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture, and all that a full store has of it."""

    group: str
    path: Path
    truth: Grey
    """Its luminance on white, 128 x 128, whatever its sides."""
    hash_bits: NDArray[np.float64]
    signature: NDArray[np.uint32]
    features: Features


def values_of(record: FingerprintRecord, name: str) -> list[bytes]:
    return [print_.value for print_ in record.fingerprints if print_.recipe_id.startswith(f"{name}/")]


def grey_of(path: Path, side_px: int) -> Grey:
    with Image.open(path) as picture:
        layered = picture.convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert("L")
    return np.asarray(flat.resize((side_px, side_px), Image.Resampling.LANCZOS), dtype=np.float64)


def pictures_of(folder: Path, count: int) -> list[Shown]:
    """Pictures with all three fingerprints, in an order drawn by seed."""
    pipeline = Pipeline(Depth.THOROUGH, Limits())
    files = [file for file in media.media_below(folder) if file.medium is Medium.IMAGE]
    shown = []
    for at in np.random.default_rng(SEED).permutation(len(files))[:count].tolist():
        path = files[at].path
        try:
            record = pipeline.record("", Blob.of(path.read_bytes()))
            truth = grey_of(path, DETAIL_PX)
        except ItemError as error:
            print(f"  {files[at].name} is left out: {error}")
            continue
        hashes, signatures, features = (values_of(record, f"image.{name}") for name in ("phash", "minhash", "features"))
        if hashes and signatures and features:
            signature = np.frombuffer(signatures[0], "<u4")
            shown.append(Shown(path.parent.name, path, truth, bits_of(hashes[0]), signature, decode(features[0])))
    return shown


def small(picture: Grey, side_px: int = SKETCH_PX) -> Grey:
    factor = len(picture) // side_px
    return picture.reshape(side_px, factor, side_px, factor).mean(axis=(1, 3))


def enlarged(picture: Grey, side_px: int = DETAIL_PX) -> Grey:
    image = Image.fromarray(picture.astype(np.float32))
    return np.asarray(image.resize((side_px, side_px), Image.Resampling.BICUBIC), dtype=np.float64)


def fine(picture: Grey) -> Grey:
    """What is left of a picture without its coarse light and dark."""
    return picture - enlarged(small(picture, 16), len(picture))


def alike(made: Grey, truth: Grey) -> float:
    """Pearson's correlation; 0 where one is flat."""
    made, truth = made - made.mean(), truth - truth.mean()
    size = float(np.linalg.norm(made) * np.linalg.norm(truth))
    return float((made * truth).sum()) / size if size > 1e-9 else 0.0


def first_in(made: Sequence[Grey], truths: Sequence[Grey]) -> float:
    """The share of pictures that, among all, are most like what was made of them."""
    rows = np.stack([one.ravel() - one.mean() for one in made])
    columns = np.stack([one.ravel() - one.mean() for one in truths])
    columns /= np.linalg.norm(columns, axis=1, keepdims=True) + 1e-9
    return float(np.mean((rows @ columns.T).argmax(axis=1) == np.arange(len(rows))))


def told(values: Sequence[float]) -> str:
    low, middle, high = np.percentile(values, (10, 50, 90))
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def compared(
    made: Mapping[str, Sequence[Grey]], truths: Sequence[Grey], groups: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Print and return how like the truth each way is: median, and from the tenth to the ninetieth percentile."""
    figures: dict[str, dict[str, float]] = {}
    names = ["", *sorted({group for group in groups if groups.count(group) >= 10})]
    for way, pictures in made.items():
        values = np.array([alike(one, truth) for one, truth in zip(pictures, truths, strict=True)])
        first = first_in(pictures, truths)
        print(f"  {way}: {told(values)}; the most like it of {len(truths)} is the true one in {100 * first:.0f} %")
        figures[way] = {"median": float(np.median(values)), "first": first}
        for name in filter(None, names):
            of = np.array([group == name for group in groups])
            figures[way][name] = float(np.median(values[of]))
    for name in filter(None, names):
        print(f"    {name}: " + ", ".join(f"{way} {figures[way][name]:.2f}" for way in made))
    return figures


def of_compact(seen: Sequence[Shown], unseen: Sequence[Shown]) -> tuple[dict[str, list[Grey]], dict[str, object]]:
    """Sketches of 32 x 32 from what a compact store has."""
    truths = [small(one.truth) for one in unseen]
    known = np.stack([small(one.truth) for one in seen])
    hashes = np.stack([one.hash_bits for one in seen])
    signatures = np.stack([one.signature for one in seen])
    prior = Prior(known, hashes)
    both, sketch = Prior(known, hashes, signatures), Prior(known, None, signatures)
    others = [unseen[at - 1] for at in range(len(unseen))]
    made = {
        "mean picture": [known.mean(axis=0)] * len(unseen),
        "hash, nothing seen before": [from_hash_alone(one.hash_bits, SKETCH_PX) for one in unseen],
        "another picture's hash": [prior.picture(one.hash_bits) for one in others],
        "hash": [prior.picture(one.hash_bits) for one in unseen],
        "hash and signature": [both.picture(one.hash_bits, one.signature) for one in unseen],
        "signature alone": [sketch.picture(None, one.signature) for one in unseen],
    }
    print(f"compact store, {SKETCH_PX} x {SKETCH_PX} grey: correlation with the truth, {len(seen)} seen before")
    figures: dict[str, object] = dict(compared(made, truths, [one.group for one in unseen]))
    words = [words_in(one.signature, visual_words, one.features.points) for one in unseen]
    print(f"  visual words read out of a signature: {told([count for count, _ in words])}, ", end="")
    print(f"{100 * np.mean([true for _, true in words]):.1f} % of them the picture's")
    return made, figures


def of_full(seen: Sequence[Shown], unseen: Sequence[Shown], sketches: Sequence[Grey]) -> dict[str, list[Grey]]:
    """Pictures of 128 x 128 from what a full store has: the sketch, and a patch for each point."""
    patches = Patches([(one.features, _raster(one)) for one in seen])
    drawn = [patches.drawn(one.features, DETAIL_PX) for one in unseen]
    coarse = [enlarged(one) for one in sketches]
    another = [drawn[at - 1] for at in range(len(drawn))]
    return {
        "sketch from the hash": coarse,
        "with another picture's points": [one + detail for one, detail in zip(coarse, another, strict=True)],
        "with its points": [one + detail for one, detail in zip(coarse, drawn, strict=True)],
        "points alone": drawn,
    }


def _raster(one: Shown) -> Grey:
    """The picture in the raster that its points were found in."""
    with Image.open(one.path) as picture:
        layered = picture.convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert("L")
    size = (one.features.width_px, one.features.height_px)
    return np.asarray(flat.resize(size, Image.Resampling.LANCZOS), dtype=np.float64)


def membership(members: Sequence[Shown], others: Sequence[Shown]) -> dict[str, float]:
    """Who holds pictures, edited, asks a compact store whether they are in it."""
    pipeline = Pipeline(Depth.FAST, Limits())
    stored = np.packbits(np.stack([one.hash_bits for one in members]) > 0, axis=1)
    shares = {}
    for name, asked in (("in it", members), ("not in it", others)):
        found = []
        for one in asked:
            record = pipeline.record("", Blob.of(_edited(one.path)))
            (value, *_) = values_of(record, "image.phash")
            distances = [hamming(value, row.tobytes()) for row in stored]
            found.append(min(distances) <= THRESHOLD_BITS)
        shares[name] = float(np.mean(found))
        print(f"  membership asked with a copy at 60 % and JPEG quality 60, {name}: {100 * shares[name]:.1f} % found")
    return shares


def _edited(path: Path) -> bytes:
    with Image.open(path) as picture:
        layered = picture.convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert("RGB")
    stream = io.BytesIO()
    flat.resize((max(1, flat.width * 6 // 10), max(1, flat.height * 6 // 10))).save(stream, "JPEG", quality=60)
    return stream.getvalue()


def sheet(path: Path, rows: Mapping[str, Sequence[Grey]], groups: Sequence[str], count: int = 14) -> None:
    """A picture of reconstructions, some of each group, for a person to look at: one row for each way."""
    chosen = sorted(range(len(groups)), key=lambda at: (groups[:at].count(groups[at]), groups[at]))[:count]
    page = Image.new("L", (count * DETAIL_PX, len(rows) * DETAIL_PX))
    for row, pictures in enumerate(rows.values()):
        for column, at in enumerate(chosen):
            one = enlarged(pictures[at]) if len(pictures[at]) < DETAIL_PX else pictures[at]
            page.paste(Image.fromarray(np.clip(one, 0, 255).astype(np.uint8)), (column * DETAIL_PX, row * DETAIL_PX))
    page.save(path)
    print(f"  {path}: from above, {'; '.join(rows)}")


def recordings_of(folder: Path, count: int) -> list[tuple[str, NDArray[np.float32], list[bytes], list[bytes]]]:
    """Group, samples, peaks and signatures."""
    pipeline = Pipeline(Depth.THOROUGH, Limits())
    files = [file for file in media.media_below(folder) if file.medium is Medium.AUDIO]
    found = []
    for at in np.random.default_rng(SEED).permutation(len(files)).tolist():
        if len(found) == count:
            break
        blob = Blob.of(files[at].path.read_bytes())
        try:
            record = pipeline.record("", blob)
        except ItemError as error:
            print(f"  {files[at].name} is left out: {error}")
            continue
        samples = np.concatenate([block.samples for block in open_sound(blob, Limits(), 8000)])
        if len(samples) < SHORTEST_S * 8000:
            continue
        peaks, signatures = (values_of(record, f"audio.{name}") for name in ("peaks", "minhash"))
        found.append((files[at].path.parent.name, samples[: int(LONGEST_S * 8000)], peaks, signatures))
    return found


def of_sounds(folder: Path, count: int) -> dict[str, float]:
    """Sound again from peaks, against the same from another recording's peaks."""
    recordings = recordings_of(folder, count)
    spoken = ("speaker", "speakers", "narrator")
    made = [resynthesised(decode_peaks(peaks[0]), len(samples)) for _, samples, peaks, _ in recordings]
    figures: dict[str, float] = {}
    measures: dict[str, Callable[..., float]] = {
        "log spectrum, correlation": lambda one, truth: alike(log_spectrum(one), log_spectrum(truth)),
        "envelopes of bands, correlation": envelopes_alike,
    }
    print(f"full store, {len(recordings)} recordings, 8 kHz: sinusoids at the peaks against the truth")
    for name, measure in measures.items():
        for kind in ("speech", "other"):
            chosen = [at for at, one in enumerate(recordings) if (kind == "speech") == any(w in one[0] for w in spoken)]
            own = [measure(made[at], recordings[at][1]) for at in chosen]
            other = [
                measure(np.resize(made[before], len(recordings[at][1])), recordings[at][1])
                for at, before in zip(chosen, np.roll(chosen, 1).tolist(), strict=True)
            ]
            if chosen:
                print(f"  {name}, {len(chosen)} of {kind}: {told(own)}; another's peaks {told(other)}")
                figures[f"{name}, {kind}"] = float(np.median(own))
                figures[f"{name}, {kind}, another's"] = float(np.median(other))
    words = [
        words_in(np.frombuffer(signatures[0], "<u4"), landmark_tokens, decode_peaks(peaks[0]))
        for _, _, peaks, signatures in recordings
        if signatures
    ]
    print(f"  landmarks read out of a signature: {told([count for count, _ in words])}, ", end="")
    print(f"{100 * np.mean([true for _, true in words]):.1f} % of them the recording's")
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=600)
    parser.add_argument("--recordings", type=int, default=40)
    parser.add_argument("--sheet", type=Path, help="a PNG to draw reconstructions to")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    media.print_machine(SEED)
    pictures = pictures_of(arguments.folder, arguments.pictures)
    seen, unseen = pictures[::2], pictures[1::2]
    figures: dict[str, object] = {}
    if len(seen) > 1 and len(unseen) > 1:
        compact, figures["compact"] = of_compact(seen, unseen)
        figures["membership"] = membership(unseen, seen)
        full = of_full(seen, unseen, compact["hash"])
        truths, groups = [one.truth for one in unseen], [one.group for one in unseen]
        print(f"full store, {DETAIL_PX} x {DETAIL_PX} grey: correlation with the truth")
        figures["full"] = compared(full, truths, groups)
        print("  the same of fine detail alone, which a picture of 16 x 16 does not have")
        details = {way: [fine(one) for one in made] for way, made in full.items()}
        figures["fine"] = compared(details, [fine(one) for one in truths], groups)
        if arguments.sheet:
            rows = {"truth": truths, **{way: compact[way] for way in ("hash, nothing seen before", "hash")}}
            sheet(arguments.sheet, {**rows, "with its points": full["with its points"]}, groups)
    figures["sounds"] = of_sounds(arguments.folder, arguments.recordings)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
