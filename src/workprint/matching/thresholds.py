"""Every number that decides a match, in one place, with where it comes from.

`python benchmarks/calibrate.py DIR` measures them again on any folder of media; `docs/thresholds.md` has the figures.
"""

import math

HASH_DISTANCE_BITS = 32
"""Largest distance of two 256-bit hashes that counts. Plain edits (JPEG quality 8 and above, thumbnails to 64 px,
grey, brightness, contrast, blur, aspect) keep 99 % of pictures within 32 bits; the nearest two of 800 unrelated
pictures, look-alike product shots among them, in any of 16 variants, are 52 apart."""

_HASH_TAIL_AT_BITS = 56
_HASH_TAIL_RATE = 2.0e-7
_HASH_TAIL_FACTOR_PER_BIT = 1.30
"""The lower tail of distances between unrelated pictures, per item and indexed hash: 2e-7 at 56 bits, 1.3 times
fewer for each bit below, as measured between 60 and 80 bits."""


AUDIO_LOG10_RARITY = 6.0
"""An alignment counts if it is expected by chance at most once in ten to this power of items."""

_MOST_CONFIDENCE = 0.999999
"""Only equal digests are certain."""

ALL = {"image.phash": float(HASH_DISTANCE_BITS), "audio.peaks": AUDIO_LOG10_RARITY}
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
