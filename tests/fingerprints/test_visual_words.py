"""Visual words are what two stores can be compared by without the media."""

import numpy as np
import pytest

from made_up_pictures import made_up_pictures
from workprint.fingerprints.image_features import extract
from workprint.fingerprints.minhash import minhash_signature, signature_similarity
from workprint.fingerprints.visual_words import WORD_BITS, visual_words
from workprint.serial.image_layout import POINT


def _similarity(left: np.ndarray, right: np.ndarray) -> float:
    signatures = (minhash_signature(visual_words(extract(one).points), 128, 1) for one in (left, right))
    return signature_similarity(*signatures)


def test_every_point_says_eight_words() -> None:
    """A run of a descriptor gives two words, each with the place it came from."""
    points = np.zeros(5, POINT)
    assert len(visual_words(points)) == 40
    assert set(visual_words(points) >> WORD_BITS) == {0, 1, 2, 3}


def test_no_points_say_nothing() -> None:
    """A picture without points has no words."""
    assert len(visual_words(np.zeros(0, POINT))) == 0


def test_exchanged_halves_say_the_same() -> None:
    """A mirrored point has the halves of its descriptor exchanged and must say the same words."""
    points = np.zeros(3, POINT)
    points["descriptor"] = np.random.default_rng(1).integers(0, 2**63, (3, 4), dtype=np.uint64)
    mirrored = points.copy()
    mirrored["descriptor"] = points["descriptor"][:, [2, 3, 0, 1]]
    assert set(visual_words(points)) == set(visual_words(mirrored))


def test_a_mirror_image_is_nearer_than_another_picture() -> None:
    """The signature of a mirrored picture is more like its own than any other's."""
    first, *others = made_up_pictures()
    mirrored = _similarity(first, np.ascontiguousarray(first[:, ::-1]))
    assert mirrored > 2 * max(_similarity(first, other) for other in others)


def test_other_arrays_are_refused() -> None:
    """Anything but points is an error of the caller."""
    with pytest.raises(ValueError, match="points are of type"):
        visual_words(np.zeros(3, np.uint8))
