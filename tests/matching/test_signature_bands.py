"""Signatures that are alike: found with the probability that is stated, and nothing that is not alike."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workprint.matching import signature_bands
from workprint.matching.signature_bands import alike

PLACES = 128
BY_BANDS = 0
"""Pairs that may be looked at one by one."""


def signed(count: int, seed: int) -> np.ndarray:
    """Signatures of unrelated things."""
    return np.random.default_rng(seed).integers(0, 1 << 32, (count, PLACES), dtype=np.uint32)


def copies(signatures: np.ndarray, equal: int, seed: int) -> np.ndarray:
    """Signatures that agree with others in so many places."""
    random = np.random.default_rng(seed)
    changed = signatures.copy()
    for row in changed:
        row[random.choice(PLACES, PLACES - equal, replace=False)] ^= np.uint32(1)
    return changed


def linear(asked: np.ndarray, held: np.ndarray, least: int) -> list[list[int]]:
    """The slow way."""
    equal = (asked[:, None] == held[None]).sum(axis=2)
    return [[*pair, int(equal[tuple(pair)])] for pair in np.argwhere(equal >= least).tolist()]


@settings(max_examples=15)
@given(st.integers(0, PLACES), st.integers(1, PLACES), st.integers(0, 2**16))
def test_few_pairs_are_looked_at_one_by_one(equal: int, least: int, seed: int) -> None:
    """All that are alike are found, in order."""
    held = np.concatenate([signed(20, seed), signed(5, seed)])
    asked = copies(held, equal, seed + 1)

    assert alike(asked, held, least).tolist() == linear(asked, held, least)


@settings(max_examples=15)
@given(st.integers(0, PLACES), st.integers(1, PLACES), st.integers(0, 2**16), st.integers(1, 1 << 16))
def test_what_bands_find_is_alike_and_what_is_equal_is_found(
    equal: int, least: int, seed: int, table_bytes: int
) -> None:
    """Each pair once, in order, with the equal places it has, however many bands are made at a time."""
    held = np.concatenate([signed(20, seed), signed(5, seed)])
    asked = copies(held, equal, seed + 1)

    found = alike(asked, held, least, None, BY_BANDS).tolist()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signature_bands, "_TABLE_BYTES", table_bytes)
        assert alike(asked, held, least, None, BY_BANDS).tolist() == found

    everything = linear(asked, held, least)
    assert [pair for pair in everything if pair in found] == found
    if equal == PLACES:
        assert found == everything


@pytest.mark.parametrize("equal", [23, 31, 40, 64])
def test_bands_find_as_many_as_is_stated(equal: int) -> None:
    """1 - (1 - s**3)**n of the pairs that agree in a share s of n places, within three standard errors and what bands
    have in common."""
    held = signed(600, 5)
    found = alike(copies(held, equal, 6), held, 1, None, BY_BANDS)

    share = np.mean(np.isin(np.arange(600), found[found[:, 0] == found[:, 1], 0]))
    assert share == pytest.approx(1 - (1 - (equal / PLACES) ** 3) ** PLACES, abs=0.08)


def test_a_crowd_of_equal_signatures_is_bounded() -> None:
    """What everything says is looked at so often, and no more."""
    crowd = np.repeat(signed(1, 7), 5_000, axis=0)

    assert np.bincount(alike(crowd[:3], crowd, PLACES, None, BY_BANDS)[:, 0]).tolist() == [256, 256, 256]


@pytest.mark.parametrize("most", [BY_BANDS, 100])
def test_nothing_is_like_nothing(most: int) -> None:
    """No signatures here, or none asked for."""
    none, some = signed(0, 1), signed(3, 1)
    assert alike(some, none, 1, None, most).shape == (0, 3)
    assert alike(none, some, 1, None, most).shape == (0, 3)


@pytest.mark.parametrize("most", [BY_BANDS, 10**6])
def test_signatures_in_a_file_are_read_where_they_lie(most: int, tmp_path: Path) -> None:
    """The same answers, and how far it is is told to the end."""
    held = signed(50, 3)
    held.tofile(tmp_path / "held")
    mapped = np.memmap(tmp_path / "held", np.uint32, "r", shape=held.shape)
    told: list[tuple[int, int]] = []

    found = alike(mapped, mapped, 100, lambda done, of: told.append((done, of)), most)

    assert found.tolist() == [[at, at, PLACES] for at in range(50)]
    assert told[-1][0] == told[-1][1]
    assert [done for done, _ in told] == sorted(done for done, _ in told)
