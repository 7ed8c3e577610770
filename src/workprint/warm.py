"""Importing this makes a process ready: two small pictures and one short sound go the whole way, from bytes to matches.

So every compiled kernel is compiled or loaded once, in the process that worker processes are forked from, and not in
each of them; and no item's time is spent on it. A kernel is compiled anew for arrays that may be written to, so what is
read-only in a scan (tables that are views into an index, pixels of a JPEG) has to be so here.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator

import numpy as np
from PIL import Image

import workprint.warm_hashes  # noqa: F401 - which is a part of it
from workprint import plugins
from workprint.ingest import Pipeline
from workprint.model import Blob, Depth, Limits

_SEED = 3
_SIDES_PX = {"PNG": 256, "JPEG": 700}
"""Small ones are enlarged, large ones reduced, each on its own way through the code."""
_RATE_HZ = 8_000
_SECONDS = 6


def warm_up() -> None:
    """Take a picture and a sound all the way."""
    for blob in (Blob.of(_picture("PNG")), Blob.of(_picture("JPEG")), Blob.of(_sound())):
        for depth in Depth:
            for _ in _matches(Pipeline(depth, Limits()), blob):
                pass


def _matches(pipeline: Pipeline, blob: Blob) -> Iterator[object]:
    item, work = pipeline.record("item", blob), pipeline.record("work", blob, as_work=True)
    for recipe in (plugins.DIGEST_RECIPE, *{one.recipe_id for one in item.fingerprints}):
        if index_class := plugins.index_class(recipe):
            tables = index_class.build(recipe, [work]).tables()
            for table in tables.values():
                table.flags.writeable = False
            index = index_class.load(recipe, tables)
            for candidate in index.candidates(item):
                yield from index.verify(item, candidate)


def _picture(form: str) -> bytes:
    """Boxes of many sizes and shades: plenty of points."""
    side_px = _SIDES_PX[form]
    random, pixels = np.random.default_rng(_SEED), np.zeros((side_px, side_px), np.uint8)
    for left, top, side, shade in random.integers(0, side_px, (300, 4)):
        pixels[top : top + side // 6, left : left + side // 6] = shade % 256
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, form)
    return stream.getvalue()


def _sound() -> bytes:
    """Short notes of many pitches, as a WAV: plenty of peaks."""
    random, notes = np.random.default_rng(_SEED), []
    for pitch_hz in random.integers(200, 3_000, 8 * _SECONDS):
        times_s = np.arange(_RATE_HZ // 8) / _RATE_HZ
        notes.append(np.sin(2 * np.pi * pitch_hz * times_s) * np.exp(-times_s * 20))
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE_HZ)
        file.writeframes((np.concatenate(notes) * 20_000).astype("<i2").tobytes())
    return stream.getvalue()


warm_up()
