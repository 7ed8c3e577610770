"""Parts of works that never count: a watermark, a logo, a stock texture, a jingle, a sample.

Whoever made the stock picture may use it too; a dataset that holds it does not hold the work. So what an exclusion
covers is taken out of the work's fingerprints when it is indexed, and no look-up can find it there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from workprint import plugins
from workprint.model import Box, Fingerprint, FingerprintRecord, Match, Segment, TimeSpan
from workprint.serial import audio_layout, image_layout

_LOCAL = {"image.features", "audio.peaks"}
"""Recipes whose fingerprints say where in the work something is."""


class Exclusions:
    """Excluded pictures and recordings, to be looked for in works as works are looked for in items."""

    def __init__(self, records: Sequence[FingerprintRecord]) -> None:
        """Index what is excluded, by every recipe that places it in a part of another picture or recording."""
        recipes = dict.fromkeys(print_.recipe_id for record in records for print_ in record.fingerprints)
        local = [recipe for recipe in recipes if recipe.partition("/")[0] in _LOCAL]
        classes = [(recipe, plugins.index_class(recipe)) for recipe in local]
        self._indexes = [one.build(recipe, records) for recipe, one in classes if one]

    def taken_out(self, item: FingerprintRecord, work: FingerprintRecord) -> FingerprintRecord:
        """A work without what is excluded. `item` holds the same work's fingerprints as those of an item."""
        segments = [match.item_segment for match in self._found_in(item)]
        return without(work, segments)

    def _found_in(self, item: FingerprintRecord) -> Iterable[Match]:
        for index in self._indexes:
            for candidate in index.candidates(item):
                yield from index.verify(item, candidate)


def without(record: FingerprintRecord, segments: Sequence[Segment]) -> FingerprintRecord:
    """A record without the local features that lie in any of the segments; whole-work hashes and digests stay."""
    if not segments:
        return record
    kept = [_without(print_, segments) for print_ in record.fingerprints]
    return replace(record, fingerprints=tuple(print_ for print_ in kept if print_))


def _without(print_: Fingerprint, segments: Sequence[Segment]) -> Fingerprint | None:
    name = print_.recipe_id.partition("/")[0]
    if name == "audio.peaks":
        return replace(print_, value=_peaks_without(print_, [one for one in segments if isinstance(one, TimeSpan)]))
    if name == "image.features":
        return replace(print_, value=_points_without(print_, [one for one in segments if isinstance(one, Box)]))
    # A signature is of all local features together: none is better than one that counts what must not count.
    return None if name.endswith(".minhash") else print_


def _peaks_without(print_: Fingerprint, spans: Sequence[TimeSpan]) -> bytes:
    peaks = audio_layout.decode_peaks(print_.value)
    start_s = print_.segment.start_s if isinstance(print_.segment, TimeSpan) else 0.0
    times_s = start_s + peaks["time"] * audio_layout.TIME_UNIT_S
    inside = np.zeros(len(peaks), dtype=bool)
    for span in spans:
        inside |= (times_s >= span.start_s) & (times_s <= span.end_s)
    return audio_layout.encode_peaks(peaks[~inside])


def _points_without(print_: Fingerprint, boxes: Sequence[Box]) -> bytes:
    features = image_layout.decode(print_.value)
    x = features.points["x"] / image_layout.SUBPIXEL / features.width_px
    y = features.points["y"] / image_layout.SUBPIXEL / features.height_px
    inside = np.zeros(len(features.points), dtype=bool)
    for box in boxes:
        inside |= (x >= box.left) & (x <= box.right) & (y >= box.top) & (y <= box.bottom)
    return image_layout.encode(replace(features, points=features.points[~inside]))
