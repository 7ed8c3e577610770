"""Signatures that are alike: found with the probability that is stated, and nothing that is not alike."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workprint.errors import FormatError
from workprint.matching.signature_bands import SignatureBands

PLACES = 128


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


@settings(max_examples=15)
@given(st.integers(0, PLACES), st.integers(1, PLACES), st.integers(0, 2**16))
def test_what_is_found_is_alike_and_what_is_equal_is_found(equal: int, least: int, seed: int) -> None:
    """Never a pair with fewer equal places than asked for, and each with the number that it has."""
    held = signed(20, seed)
    asked = copies(held, equal, seed + 1)

    found = SignatureBands.build(held).alike(asked, least)

    assert all((asked[one] == held[other]).sum() == places >= least for one, other, places in found)
    if equal == PLACES:
        assert found[:, :2].tolist() == [[at, at] for at in range(20)]


@pytest.mark.parametrize("equal", [23, 31, 40, 64])
def test_as_many_are_found_as_is_stated(equal: int) -> None:
    """1 - (1 - s**3)**n of the pairs that agree in a share s of n places, within three standard errors and what bands
    have in common."""
    held = signed(600, 5)
    found = SignatureBands.build(held).alike(copies(held, equal, 6), 1)

    share = np.mean(np.isin(np.arange(600), found[found[:, 0] == found[:, 1], 0]))
    assert share == pytest.approx(1 - (1 - (equal / PLACES) ** 3) ** PLACES, abs=0.08)


def test_a_crowd_of_equal_signatures_is_bounded() -> None:
    """What everything says is looked at so often, and no more."""
    crowd = np.repeat(signed(1, 7), 5_000, axis=0)

    assert 0 < len(SignatureBands.build(crowd).alike(crowd[:1], PLACES)) <= 256


def test_nothing_is_like_nothing() -> None:
    """No signatures here, or none asked for."""
    none, some = signed(0, 1), signed(3, 1)
    assert SignatureBands.build(none).alike(some, 1).shape == (0, 3)
    assert SignatureBands.build(some).alike(none, 1).shape == (0, 3)


def test_tables_give_the_same_answers_and_are_checked() -> None:
    """They are all there is."""
    held = signed(50, 3)
    tables = dict(SignatureBands.build(held).tables())
    assert (SignatureBands(tables).alike(held, 100) == SignatureBands.build(held).alike(held, 100)).all()
    with pytest.raises(FormatError, match="do not fit"):
        SignatureBands({**tables, "order": tables["order"][:, 1:]})
    with pytest.raises(FormatError, match="lacks 'keys'"):
        SignatureBands({"signatures": held})
