"""A work is found in edited items, is not found elsewhere, and damaged tables do no harm."""

import numpy as np
import pytest
from PIL import Image

from made_up_pictures import Grey, made_up_pictures
from workprint.fingerprints.image_features import ITEM, WORK, extract
from workprint.matching.feature_index import FeatureIndex
from workprint.matching.feature_matcher import FeatureMatch, judge, prepare, propose
from workprint.serial.image_layout import POINT, Features


@pytest.fixture(scope="module")
def pictures() -> tuple[Grey, ...]:
    """Twelve different pictures."""
    return made_up_pictures()


def match(index: FeatureIndex, features: Features) -> list[FeatureMatch]:
    """All prints found in an item, the strongest first."""
    item = prepare(features)
    found = [one for proposal in propose(index, item) if (one := judge(index, item, proposal))]
    return sorted(found, key=lambda one: -one.evidence)


@pytest.fixture(scope="module")
def index(pictures: tuple[Grey, ...]) -> FeatureIndex:
    """The first eight pictures as a portfolio."""
    return FeatureIndex.build([extract(picture, WORK) for picture in pictures[:8]])


def _turned(picture: Grey, degrees: float) -> Grey:
    return np.asarray(Image.fromarray(picture).rotate(degrees, Image.Resampling.BICUBIC, expand=True))


def test_a_work_is_found_as_it_is(index: FeatureIndex, pictures: tuple[Grey, ...]) -> None:
    """The unedited work is a near duplicate that covers all of the item."""
    best = match(index, extract(pictures[0], ITEM))[0]
    assert best.print_number == 0
    assert best.placement.relation == "near_duplicate"
    assert best.placement.item_box == pytest.approx((0, 0, 1, 1), abs=0.02)
    assert best.confidence > 0.999


def test_a_crop_is_an_excerpt_and_says_of_what(index: FeatureIndex, pictures: tuple[Grey, ...]) -> None:
    """The boxes tell which part of the work the item shows."""
    best = match(index, extract(pictures[1][60:220, 40:280]))[0]
    assert best.print_number == 1
    assert best.placement.relation == "excerpt"
    assert best.placement.work_box == pytest.approx((40 / 320, 60 / 240, 280 / 320, 220 / 240), abs=0.03)


def test_a_work_within_a_larger_picture_is_contained(index: FeatureIndex, pictures: tuple[Grey, ...]) -> None:
    """The item's box tells where the work lies in it."""
    canvas = np.full((600, 800), 250, np.uint8)
    canvas[200:440, 300:620] = pictures[2]
    best = match(index, extract(canvas))[0]
    assert best.print_number == 2
    assert best.placement.relation == "contains"
    assert best.placement.item_box == pytest.approx((300 / 800, 200 / 600, 620 / 800, 440 / 600), abs=0.03)


@pytest.mark.parametrize(("degrees", "turned"), [(0, 0), (30, 30), (90, 90), (-120, -120)])
def test_rotation_is_told_counter_clockwise(
    index: FeatureIndex, pictures: tuple[Grey, ...], degrees: float, turned: float
) -> None:
    """Pillow rotates counter-clockwise, and so do we."""
    best = match(index, extract(_turned(pictures[3], degrees)))[0]
    assert best.print_number == 3
    assert best.placement.rotation_deg == pytest.approx(turned, abs=2)
    assert not best.placement.mirrored


def test_a_mirrored_negative_is_found_and_named(index: FeatureIndex, pictures: tuple[Grey, ...]) -> None:
    """Both transformations are told apart from the work as it is."""
    best = match(index, extract(np.ascontiguousarray(255 - pictures[4][:, ::-1])))[0]
    assert best.print_number == 4
    assert best.placement.mirrored
    assert best.negative
    assert best.placement.rotation_deg == pytest.approx(0, abs=2)


def test_other_pictures_match_nothing(index: FeatureIndex, pictures: tuple[Grey, ...]) -> None:
    """Pictures that are not in the portfolio stay without a match, as do noise and flat ones."""
    noise = np.random.default_rng(5).integers(0, 256, (300, 300), dtype=np.uint8)
    for other in (*pictures[8:], noise, np.zeros((200, 200), np.uint8)):
        assert match(index, extract(other)) == []


def test_works_of_one_portfolio_do_not_match_each_other(index: FeatureIndex, pictures: tuple[Grey, ...]) -> None:
    """Each work finds itself only."""
    for number, picture in enumerate(pictures[:8]):
        assert {one.print_number for one in match(index, extract(picture))} == {number}


def test_an_empty_portfolio_matches_nothing(pictures: tuple[Grey, ...]) -> None:
    """No works, no matches, no error."""
    assert match(FeatureIndex.build([]), extract(pictures[0])) == []


def test_an_index_can_be_saved_and_taken_up(index: FeatureIndex, pictures: tuple[Grey, ...]) -> None:
    """The arrays are all there is to an index."""
    again = FeatureIndex.from_arrays(dict(index.arrays()))
    ours, theirs = (match(one, extract(pictures[5])) for one in (index, again))
    assert [one.evidence for one in ours] == [one.evidence for one in theirs]


def test_arrays_that_do_not_fit_each_other_are_refused(index: FeatureIndex) -> None:
    """A table of the wrong shape is an error when opened, not when used."""
    arrays = dict(index.arrays())
    arrays["starts"] = arrays["starts"][:-1]
    with pytest.raises(ValueError, match="do not fit"):
        FeatureIndex.from_arrays(arrays)


def test_hostile_table_contents_do_no_harm(index: FeatureIndex, pictures: tuple[Grey, ...]) -> None:
    """Indices that point anywhere lead to no crash and to no match that was not there."""
    random = np.random.default_rng(7)
    arrays = dict(index.arrays())
    arrays["entries"] = random.integers(0, 2**32, arrays["entries"].shape, dtype=np.uint32)
    arrays["offsets"] = random.integers(-(2**62), 2**62, arrays["offsets"].shape)
    raw = random.integers(0, 256, len(arrays["points"]) * 40, dtype=np.uint8)
    arrays["points"] = raw.view(arrays["points"].dtype)
    for picture in pictures:
        assert match(FeatureIndex.from_arrays(arrays), extract(picture)) == []


def test_hostile_item_bytes_do_no_harm(index: FeatureIndex) -> None:
    """Points of a store that anyone may have written are not trusted either."""
    raw = np.random.default_rng(8).integers(0, 256, 500 * POINT.itemsize, dtype=np.uint8)
    assert match(index, Features(1, 1, raw.view(POINT))) == []
