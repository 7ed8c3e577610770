"""Features are found where there is something to see, and stay the same under what must not change them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from made_up_pictures import Grey, made_up_pictures
from workprint.fingerprints.image_features import ITEM, WORK, extract
from workprint.serial.image_layout import encode


@pytest.fixture(scope="module")
def pictures() -> tuple[Grey, ...]:
    """Twelve different pictures."""
    return made_up_pictures()


def _swapped(descriptors: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return descriptors[:, [2, 3, 0, 1]]


def test_the_same_picture_gives_the_same_bytes(pictures: tuple[Grey, ...]) -> None:
    """Nothing random, nothing left over from the picture before."""
    first = encode(extract(pictures[0]))
    extract(pictures[1])
    assert encode(extract(pictures[0])) == first


def test_a_flat_picture_has_no_points() -> None:
    """There is nothing to find in one colour."""
    assert len(extract(np.full((300, 400), 90, np.uint8)).points) == 0


def test_a_gradient_has_no_points() -> None:
    """A smooth ramp has no place that differs from its neighbours."""
    ramp = np.broadcast_to(np.linspace(0, 255, 400).astype(np.uint8), (300, 400))
    assert len(extract(ramp).points) == 0


def test_a_negative_has_the_same_descriptors(pictures: tuple[Grey, ...]) -> None:
    """Inverting a picture changes which points are dark and little else (rounding between levels is not symmetric)."""
    straight, inverted = extract(pictures[2]).points, extract(255 - pictures[2]).points
    distances = np.bitwise_count(straight["descriptor"][:, None] ^ inverted["descriptor"][None]).sum(axis=2)
    nearest = distances.argmin(axis=1)
    assert np.median(distances.min(axis=1)) <= 4
    assert np.mean(straight["dark"] != inverted["dark"][nearest]) > 0.95


def test_a_mirror_image_has_the_halves_of_its_descriptors_exchanged(pictures: tuple[Grey, ...]) -> None:
    """The mirror twin of test i is test i + 128, so the portfolio files mirrored works without drawing them."""
    straight, mirrored = extract(pictures[3]).points, extract(np.ascontiguousarray(pictures[3][:, ::-1])).points
    distances = np.bitwise_count(_swapped(straight["descriptor"])[:, None] ^ mirrored["descriptor"][None]).sum(axis=2)
    assert np.median(distances.min(axis=1)) <= 16


def test_points_follow_the_size_of_the_picture(pictures: tuple[Grey, ...]) -> None:
    """A picture of four times the area has about four times the points, within the bound."""
    small = extract(np.tile(pictures[4], (2, 1)))
    large = extract(np.tile(pictures[4], (4, 2)))
    assert 2.5 <= len(large.points) / len(small.points) <= 5.0
    assert len(large.points) <= ITEM.max_points


def test_works_have_points_between_the_levels_of_items(pictures: tuple[Grey, ...]) -> None:
    """Items use every second level, works all."""
    assert set(extract(pictures[5], ITEM).points["level"] % 2) == {0}
    assert set(extract(pictures[5], WORK).points["level"] % 2) == {0, 1}


def test_points_lie_inside_the_picture(pictures: tuple[Grey, ...]) -> None:
    """No point is outside the raster it was found in."""
    features = extract(pictures[6], WORK)
    assert features.points["x"].max() < features.width_px * 16
    assert features.points["y"].max() < features.height_px * 16


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (2, 3), (41, 41), (43, 900)])
def test_odd_shapes_do_no_harm(shape: tuple[int, int]) -> None:
    """Pictures too thin for a descriptor have no points, and nothing is read beyond their border."""
    picture = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    features = extract(picture)
    assert len(features.points) <= ITEM.max_points


@settings(max_examples=25, deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(1, 90), st.integers(1, 90))))
def test_any_small_picture_can_be_encoded(picture: Grey) -> None:
    """Whatever the pixels, extraction ends and its outcome can be stored."""
    assert len(encode(extract(picture, WORK))) >= 8
