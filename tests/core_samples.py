"""Small media, records and portfolios for the tests of the core."""

import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from workprint.fingerprints.image_hash import ImageHash
from workprint.matching.digests import DigestIndex
from workprint.matching.image_hash import HashIndex
from workprint.model import (
    Depth,
    Failure,
    Fingerprint,
    FingerprintRecord,
    Medium,
    Permission,
    Picture,
    Raster,
    Signal,
    Stage,
    TimeSpan,
    Use,
    Work,
)
from workprint.plugins import DECODE_PX, DIGEST_RECIPE
from workprint.portfolio import PortfolioContents

HASHER = ImageHash(DECODE_PX[Depth.FAST])
PHASH = HASHER.recipes[0].recipe_id
SOUND = "audio.peaks/1;for=tests"


def pixels(seed: int, width_px: int = 120, height_px: int = 90) -> NDArray[np.uint8]:
    """Return soft shapes, uint8 (height, width): like a photo in that low frequencies prevail."""
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 12), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width_px, height_px), Image.Resampling.BICUBIC))


def picture(seed: int, form: str = "PNG") -> bytes:
    """Return an encoded picture."""
    stream = io.BytesIO()
    Image.fromarray(pixels(seed)).save(stream, form)
    return stream.getvalue()


def write_pictures(folder: Path, seeds: Iterable[int]) -> Path:
    """Write `picture-N.png` for each seed."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        (folder / f"picture-{seed}.png").write_bytes(picture(seed))
    return folder


def write_tar(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write a tar archive."""
    with tarfile.open(path, "w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def image_record(subject_id: str, seed: int, as_work: bool = False) -> FingerprintRecord:
    """Return what is known of a picture."""
    data = pixels(seed)
    raster = Raster(data, None, data.shape[1], data.shape[0], "")
    prints = HASHER.of_work(raster) if as_work else HASHER.of_item(raster)
    digest = hashlib.sha256(data.tobytes()).hexdigest()
    content = hashlib.sha256(digest.encode()).hexdigest()
    extent = (float(raster.width_px), float(raster.height_px))
    return FingerprintRecord(subject_id, Medium.IMAGE, digest, content, data.nbytes, extent, tuple(prints))


def contents(works: int = 2, previews: bool = False) -> PortfolioContents:
    """Return a small portfolio without sound: digests and hashes only."""
    records = tuple(image_record(f"work-{at}.png", at, as_work=True) for at in range(works))
    pictures = {at: Picture("image/png", picture(at)) for at in range(works)} if previews else {}
    return PortfolioContents(
        works=tuple(
            Work(one.subject_id, "A work", "Nell Drawn", "nell@example.org", None, one.medium) for one in records
        ),
        records=records,
        terms=(),
        unfindable=(Failure("blank.png", Stage.FINGERPRINT, "low_information", "blank"),),
        recipes=(PHASH,),
        tables={
            DIGEST_RECIPE: DigestIndex.build(DIGEST_RECIPE, records).tables(),
            PHASH: HashIndex.build(PHASH, records).tables(),
        },
        previews=pictures,
        tool_version="1.2.3",
    )


def rebuilt(path: Path, change: Mapping[str, bytes | None], **manifest: Any) -> Path:
    """Write a portfolio anew with other entries (None takes one away) and a manifest that agrees with them."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    header = json.loads(entries.pop("manifest.json"))
    entries = {name: data for name, data in {**entries, **change}.items() if data is not None}
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in entries.items()}
    header = {**header, "entries": digests, **manifest}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**entries, "manifest.json": json.dumps(header).encode()}.items():
            archive.writestr(name, data)
    return path


def _as_json(value: Any) -> Any:
    """Two half surrogates side by side are one character to JSON."""
    return json.loads(json.dumps(value))


odd_texts = st.text(st.characters(), max_size=30).map(_as_json)
"""Any text, with controls, half surrogates and the like."""
attributes = st.dictionaries(
    odd_texts,
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | odd_texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(odd_texts, inner, max_size=3),
        max_leaves=5,
    ),
    max_size=4,
)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
failures = st.builds(Failure, odd_texts, st.sampled_from(Stage), st.sampled_from(["empty", "missing"]), odd_texts)
spans = st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)).map(lambda pair: TimeSpan(*sorted(pair)))


signals = st.builds(
    Signal,
    source=st.text(max_size=8),
    locator=st.text(max_size=8),
    raw_value=st.text(max_size=20),
    uses=st.dictionaries(st.sampled_from(Use), st.sampled_from(Permission), max_size=5),
    conformant=st.booleans(),
    holder=st.text(max_size=8),
    policy_url=st.text(max_size=8),
)


@st.composite
def records(draw: st.DrawFn) -> FingerprintRecord:
    """Any record that could have been made."""
    medium = draw(st.sampled_from(Medium))
    fingerprint = st.builds(
        Fingerprint,
        recipe_id=st.sampled_from([PHASH, SOUND]),
        value=st.binary(max_size=40),
        quality=st.floats(0, 1, width=32),
        segment=st.none() | spans,
        variant=st.text(max_size=10),
    )
    return FingerprintRecord(
        subject_id=draw(odd_texts),
        medium=medium,
        digest=draw(digests),
        content_digest=draw(digests),
        size_bytes=draw(st.integers(0, 2**62)),
        extent=draw(st.tuples(*[st.floats(0, 1e9)] * (2 if medium is Medium.IMAGE else 1))),
        fingerprints=tuple(draw(st.lists(fingerprint, max_size=4))),
        signals=tuple(draw(st.lists(signals, max_size=3))),
    )


def stored(row: Any) -> Any:
    """Return a row as a store gives it back: half surrogates in ids and details are written out."""
    if isinstance(row, Failure):
        return replace(row, subject_id=_written(row.subject_id), detail=_written(row.detail))
    record, attached = row
    return replace(record, subject_id=_written(record.subject_id)), attached


def _written(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
