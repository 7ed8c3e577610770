"""Taking parts out of a work's fingerprints."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from workprint.exclusion import Exclusions, without
from workprint.model import Box, Fingerprint, FingerprintRecord, Medium, TimeSpan
from workprint.serial import audio_layout, image_layout
from workprint.serial.audio_layout import PEAK, TIME_UNIT_S
from workprint.serial.image_layout import POINT, SUBPIXEL, Features

FEATURES = "image.features/1;for=tests"
PEAKS = "audio.peaks/1;for=tests"
WIDTH_PX, HEIGHT_PX = 400, 200


def record(*prints: Fingerprint, medium: Medium = Medium.IMAGE) -> FingerprintRecord:
    """A work with these fingerprints."""
    extent = (float(WIDTH_PX), float(HEIGHT_PX)) if medium is Medium.IMAGE else (600.0,)
    return FingerprintRecord("a", medium, "ab" * 32, "cd" * 32, 5, extent, prints)


def features(places: NDArray[np.float64]) -> Fingerprint:
    """Points at these places, (n, 2) fractions of width and height."""
    points = np.zeros(len(places), POINT)
    points["x"], points["y"] = np.round(places * (WIDTH_PX, HEIGHT_PX) * SUBPIXEL).T
    return Fingerprint(FEATURES, image_layout.encode(Features(WIDTH_PX, HEIGHT_PX, points)), 1.0, None, "on white")


def places(print_: Fingerprint) -> NDArray[np.float64]:
    """Where its points are."""
    points = image_layout.decode(print_.value).points
    return np.stack([points["x"], points["y"]], axis=1) / SUBPIXEL / (WIDTH_PX, HEIGHT_PX)


def peaks(times_s: NDArray[np.float64], start_s: float = 0.0) -> Fingerprint:
    """Peaks at these times since the start of their segment."""
    rows = np.zeros(len(times_s), PEAK)
    rows["time"] = np.round(np.sort(times_s) / TIME_UNIT_S)
    return Fingerprint(PEAKS, audio_layout.encode_peaks(rows), 1.0, TimeSpan(start_s, start_s + 240.0))


def times_s(print_: Fingerprint) -> NDArray[np.float64]:
    """When its peaks are, since the start of the recording."""
    assert isinstance(print_.segment, TimeSpan)
    return print_.segment.start_s + audio_layout.decode_peaks(print_.value)["time"] * TIME_UNIT_S


fractions = st.floats(0, 1)
boxes = st.builds(
    lambda x, y: Box(min(x), min(y), max(x), max(y)), st.tuples(fractions, fractions), st.tuples(fractions, fractions)
)


def inside(place: NDArray[np.float64], box: Box) -> NDArray[np.bool_]:
    """Which places are in a box."""
    x, y = place.T
    covered: NDArray[np.bool_] = (x >= box.left) & (x <= box.right) & (y >= box.top) & (y <= box.bottom)
    return covered


@given(st.lists(boxes, max_size=3), st.integers(0, 2**32), st.integers(0, 60))
def test_the_points_outside_of_all_boxes_are_kept(given_boxes: list[Box], seed: int, count: int) -> None:
    """What lies in any of the boxes is gone, all else is there in its order, and nothing else is changed."""
    before = features(np.random.default_rng(seed).random((count, 2)))

    (after,) = without(record(before), given_boxes).fingerprints

    kept = ~np.any([inside(places(before), box) for box in given_boxes] or [np.zeros(count, bool)], axis=0)
    np.testing.assert_array_equal(places(after), places(before)[kept])
    assert (after.recipe_id, after.quality, after.variant) == (before.recipe_id, before.quality, before.variant)


@given(st.floats(0, 800), st.floats(0, 300), st.sampled_from([0.0, 235.0]), st.integers(0, 60))
def test_the_peaks_outside_of_all_spans_are_kept(at_s: float, for_s: float, start_s: float, count: int) -> None:
    """Times are those of the recording, whichever segment a peak is in."""
    before = peaks(np.random.default_rng(count).uniform(0, 240, count), start_s)
    span = TimeSpan(at_s, at_s + for_s)

    (after,) = without(record(before, medium=Medium.AUDIO), [span]).fingerprints

    then = times_s(before)
    np.testing.assert_array_equal(times_s(after), then[(then < span.start_s) | (then > span.end_s)])
    assert after.segment == before.segment


def test_hashes_and_digests_of_the_whole_stay() -> None:
    """The work as a whole is still the creator's, whatever is on it."""
    whole = Fingerprint("image.phash/1;bits=256", bytes(32), 1.0, None)
    before = record(whole, features(np.full((3, 2), 0.5)))

    after = without(before, [Box(0.4, 0.4, 0.6, 0.6)])

    assert after.fingerprints[0] == whole
    assert (after.digest, after.content_digest, after.extent) == (before.digest, before.content_digest, before.extent)


@pytest.mark.parametrize("name", ["image.minhash", "audio.minhash"])
def test_signatures_of_all_features_together_are_left_out(name: str) -> None:
    """A part cannot be taken out of a signature, and one that counts what must not count is worse than none."""
    signature = Fingerprint(f"{name}/1;for=tests", bytes(512), 1.0, None)

    assert without(record(signature), [Box(0, 0, 0.1, 0.1)]).fingerprints == ()
    assert without(record(signature), []).fingerprints == (signature,)


def test_without_any_segment_a_work_is_what_it_was() -> None:
    """Nothing to take out changes no byte."""
    before = record(features(np.full((3, 2), 0.5)))

    assert without(before, []) is before


def test_a_box_takes_nothing_from_a_recording_nor_a_span_from_a_picture() -> None:
    """A segment of another medium covers nothing."""
    sound, picture = record(peaks(np.array([0.1])), medium=Medium.AUDIO), record(features(np.full((1, 2), 0.1)))

    assert without(sound, [Box(0, 0, 1, 1)]) == sound
    assert without(picture, [TimeSpan(0, 100)]) == picture


def test_nothing_excluded_takes_nothing_out() -> None:
    """Without excluded pictures and recordings, works are indexed as they are."""
    before = record(features(np.full((3, 2), 0.5)))

    assert Exclusions([]).taken_out(before, before) is before
