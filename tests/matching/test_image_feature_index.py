"""The index of local features: from records to matches, saved and taken up again, and wary of damaged tables."""

import io

import numpy as np
import pytest
from PIL import Image

from made_up_pictures import made_up_pictures
from workprint.errors import FormatError
from workprint.ingest import Pipeline
from workprint.matching.image_features import ImageFeatureIndex
from workprint.model import Blob, Depth, Fingerprint, FingerprintRecord, Limits, Match, Medium, Relation
from workprint.protocols import Tables

PIPELINE = Pipeline(Depth.THOROUGH, Limits())
RECIPE = next(recipe for recipe in PIPELINE.recipes if recipe.startswith("image.features/"))


def _record(picture: Image.Image, as_work: bool = False) -> FingerprintRecord:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return PIPELINE.record("one", Blob.of(buffer.getvalue()), as_work)


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    """Six different pictures."""
    return [Image.fromarray(pixels) for pixels in made_up_pictures()[:6]]


@pytest.fixture(scope="module")
def index(pictures: list[Image.Image]) -> ImageFeatureIndex:
    """The first three, after a recording, which has no features."""
    sound = FingerprintRecord("sound", Medium.AUDIO, "0" * 64, "0" * 64, 1, (2.0,), ())
    return ImageFeatureIndex.build(RECIPE, [sound, *(_record(picture, True) for picture in pictures[:3])])


def _matches(index: ImageFeatureIndex, record: FingerprintRecord) -> list[Match]:
    return [match for candidate in index.candidates(record) for match in index.verify(record, candidate)]


def test_a_work_is_named_by_its_position(index: ImageFeatureIndex, pictures: list[Image.Image]) -> None:
    """Records without features keep their place among the works."""
    for number, picture in enumerate(pictures[:3]):
        assert {match.work for match in _matches(index, _record(picture))} == {number + 1}


def test_other_pictures_match_nothing(index: ImageFeatureIndex, pictures: list[Image.Image]) -> None:
    """What is not in the portfolio is not found."""
    assert all(_matches(index, _record(picture)) == [] for picture in pictures[3:])


def test_the_scale_is_that_of_the_pictures(index: ImageFeatureIndex, pictures: list[Image.Image]) -> None:
    """Enlarging a small picture for its features does not show in the scale."""
    half = pictures[1].resize((160, 120), Image.Resampling.BICUBIC)
    best = max(_matches(index, _record(half)), key=lambda match: match.confidence)
    assert best.transform.scale == pytest.approx(0.5, rel=0.05)
    assert best.relation is Relation.NEAR_DUPLICATE


def test_likelihood_is_above_its_threshold(index: ImageFeatureIndex, pictures: list[Image.Image]) -> None:
    """Every match says by how much it passed."""
    likelihood, inliers = _matches(index, _record(pictures[0]))[0].evidence
    assert (likelihood.measure, inliers.measure) == ("likelihood", "inliers")
    assert likelihood.value >= likelihood.threshold


def test_tables_give_the_same_answers(index: ImageFeatureIndex, pictures: list[Image.Image]) -> None:
    """The tables are all there is to an index."""
    again = ImageFeatureIndex.load(RECIPE, index.tables())
    record = _record(pictures[2].rotate(90, expand=True))
    assert _matches(again, record) == _matches(index, record) != []


def test_more_works_are_more_false_matches(index: ImageFeatureIndex) -> None:
    """The expectation is small, and not nothing."""
    assert 0 < index.expected_false_matches() < 1e-3


@pytest.mark.parametrize("name", ["works", "work_sizes", "points", "starts", "offsets", "entries", "sizes"])
def test_a_missing_table_is_refused(index: ImageFeatureIndex, name: str) -> None:
    """Every table is needed."""
    tables = {key: table for key, table in index.tables().items() if key != name}
    with pytest.raises(FormatError, match="damaged"):
        ImageFeatureIndex.load(RECIPE, tables)


def _with_work_beyond(tables: Tables) -> Tables:
    return {**tables, "works": np.full_like(tables["works"], 99)}


def _with_too_few_works(tables: Tables) -> Tables:
    return {**tables, "works": tables["works"][:-1]}


def _with_wrong_type(tables: Tables) -> Tables:
    return {**tables, "work_sizes": tables["work_sizes"].astype(np.float64)}


@pytest.mark.parametrize("damage", [_with_work_beyond, _with_too_few_works, _with_wrong_type])
def test_tables_that_do_not_fit_are_refused(index: ImageFeatureIndex, damage) -> None:  # type: ignore[no-untyped-def]
    """Positions and types are checked when a portfolio is opened."""
    with pytest.raises(FormatError):
        ImageFeatureIndex.load(RECIPE, damage(index.tables()))


def test_damaged_features_of_an_item_are_an_error(index: ImageFeatureIndex) -> None:
    """Bytes that are no features do not pass as an item without points."""
    record = FingerprintRecord("bad", Medium.IMAGE, "", "", 1, (9.0, 9.0), (Fingerprint(RECIPE, b"abc"),))
    with pytest.raises(FormatError, match="'bad'"):
        index.candidates(record)


def test_an_empty_portfolio_has_no_candidates(pictures: list[Image.Image]) -> None:
    """No works, no matches, no error."""
    assert list(ImageFeatureIndex.build(RECIPE, []).candidates(_record(pictures[0]))) == []
