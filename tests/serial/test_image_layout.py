"""Features survive the way into bytes and back; foreign bytes do no harm."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workprint.serial.image_layout import POINT, Features, LayoutError, decode, encode


@given(st.integers(1, 4095), st.integers(1, 4095), st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_bytes_give_back_the_features(width: int, height: int, count: int, seed: int) -> None:
    """What was encoded is decoded, whatever the points hold."""
    raw = np.random.default_rng(seed).integers(0, 256, count * POINT.itemsize, dtype=np.uint8)
    points = raw.view(POINT)
    again = decode(encode(Features(width, height, points)))
    assert (again.width_px, again.height_px) == (width, height)
    assert again.points.tobytes() == points.tobytes()


@given(st.binary(max_size=200))
def test_foreign_bytes_are_refused_or_read(data: bytes) -> None:
    """Arbitrary bytes either decode to what they say or raise `LayoutError`; nothing else happens."""
    with contextlib.suppress(LayoutError):
        assert encode(decode(data)) == data


@pytest.mark.parametrize("cut", [1, 7, 39])
def test_a_truncated_record_is_refused(cut: int) -> None:
    """A record that lost its end does not pass as a shorter one."""
    data = encode(Features(10, 10, np.zeros(3, POINT)))
    with pytest.raises(LayoutError):
        decode(data[:-cut])


def test_a_point_is_forty_bytes_with_an_aligned_descriptor() -> None:
    """The kernels read points as five 8-byte words; the layout must not drift."""
    assert POINT.itemsize == 40
    assert POINT.fields is not None
    assert POINT.fields["descriptor"][1] == 8
