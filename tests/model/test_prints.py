"""Recipes, and records by recipe."""

import pytest

from core_samples import PHASH, image_record
from workprint.errors import RecipeMismatch
from workprint.model import Depth, Level, Medium, Recipe, RunManifest, ShardCount, same_recipe


def test_a_recipe_id_names_everything_in_a_fixed_order() -> None:
    """Parameters given in another order are the same recipe; another value or version is another."""
    one = Recipe("image.phash", 1, Medium.IMAGE, (("bits", 256), ("decode_px", 64)))
    two = Recipe("image.phash", 1, Medium.IMAGE, (("decode_px", 64), ("bits", 256)))

    assert one.recipe_id == two.recipe_id == "image.phash/1;bits=256,decode_px=64"
    assert one.recipe_id != Recipe("image.phash", 2, Medium.IMAGE, one.params).recipe_id


def test_unequal_recipes_are_not_compared() -> None:
    """`same_recipe` is silent on equal ids and raises on others."""
    same_recipe(PHASH, PHASH)
    with pytest.raises(RecipeMismatch, match="cannot be compared"):
        same_recipe(PHASH, "image.phash/2;")


def test_a_record_gives_its_fingerprints_by_recipe() -> None:
    """Fingerprints of other recipes are left out."""
    record = image_record("a", 1, as_work=True)

    assert len(record.made_by(PHASH)) == 16
    assert record.made_by("image.phash/2;") == ()


def test_levels_have_an_order() -> None:
    """A note is milder than a warning, and that is milder than an error."""
    assert [level.rank for level in (Level.NOTE, Level.WARNING, Level.ERROR)] == [0, 1, 2]


def test_a_manifest_adds_its_shards_up() -> None:
    """The totals of a run are the sums over its shards, in a fixed order."""
    shards = (
        ShardCount("b", 3, 1, {"missing": 1, "empty": 1}, {".txt": 1}, {"image": 1}),
        ShardCount("a", 2, 1, {"empty": 1}, {".txt": 2}, {"audio": 1}),
    )
    fields = dict.fromkeys(RunManifest.__slots__) | {"shards": shards, "depth": Depth.FAST}
    manifest = RunManifest(**fields)  # type: ignore[arg-type]

    assert (manifest.seen, manifest.fingerprinted) == (5, 2)
    assert list(manifest.failed.items()) == [("empty", 2), ("missing", 1)]
    assert manifest.passed_over == {".txt": 3}
    assert manifest.media == {"audio": 1, "image": 1}
