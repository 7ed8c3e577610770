"""Every number that decides a match, in one place, with where it comes from.

`python benchmarks/calibrate.py DIR` measures them again on any folder of media; `docs/thresholds.md` has the figures.
"""

import math

HASH_DISTANCE_BITS = 20
"""Largest distance of two 256-bit hashes that counts. 99.9 % of plain edits (JPEG, thumbnails, grey, brightness,
contrast, mirror, turns, negative) stay within 20 bits; of 971,688 pairs of unrelated pictures, look-alikes among them,
none is nearer than 52 in any variant."""

_HASH_TAIL_AT_BITS = 68
_HASH_TAIL_RATE = 2.4e-6
_HASH_TAIL_FACTOR_PER_BIT = 1.185
"""The lower tail of distances between look-alikes, per item and indexed hash: 2.4e-6 at 68 bits, 1.185 times fewer for
each bit below. Look-alikes (product photographs, icons by one artist) make this tail; among strangers it is far
shorter, so what is computed from it is an upper bound."""

IMAGE_LIKELIHOOD = 1.5
"""Evidence at which a match is reported; `docs/images.md` has the decoys measured."""

AUDIO_LOG10_RARITY = 6.0
"""An alignment counts if it is expected by chance at most once in ten to this power of items."""

_MOST_CONFIDENCE = 0.999999
"""Only equal digests are certain."""

ALL = {
    "image.phash": float(HASH_DISTANCE_BITS),
    "image.features": IMAGE_LIKELIHOOD,
    "audio.peaks": AUDIO_LOG10_RARITY,
}
"""What a run's manifest says of them."""


def hash_false_match_rate(distance_bits: int) -> float:
    """Chance that an unrelated picture comes this near to one indexed hash."""
    exponent = (distance_bits - _HASH_TAIL_AT_BITS) * math.log(_HASH_TAIL_FACTOR_PER_BIT)
    return min(1.0, _HASH_TAIL_RATE * math.exp(exponent))


def confidence(expected_by_chance: float) -> float:
    """Likelihood that a match is no chance, given how many as good are expected by chance in one item.

    One true copy in ten thousand items is taken as the prior, so that a match has to be rarer than that to convince.
    """
    prior = 1e-4
    return min(_MOST_CONFIDENCE, prior / (prior + min(1.0, expected_by_chance)))
