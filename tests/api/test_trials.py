"""The edits that `check` tries."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from core_samples import picture
from made_up_sounds import RATE_HZ, voice
from workprint.api import trials
from workprint.api.trials import CLIP_LENGTHS_S, PICTURE_TRIALS, SOUND_TRIALS, trials_of
from workprint.edits import pictures, sounds
from workprint.errors import ItemError, TooShort, Undecodable
from workprint.media.images import decode_image
from workprint.model import Blob, Limits, Medium


def sound_of(seconds: float, seed: int = 1) -> Blob:
    """A recording of a made-up voice."""
    stream = io.BytesIO()
    soundfile.write(stream, voice(seconds, seed), RATE_HZ, format="FLAC")
    return Blob.of(stream.getvalue())


def picture_of(width_px: int, height_px: int, mode: str = "RGB") -> Blob:
    """A picture of colourful noise."""
    stream = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 256, (height_px, width_px, 3), dtype=np.uint8)
    Image.fromarray(noise).convert(mode).save(stream, "PNG")
    return Blob.of(stream.getvalue())


def test_every_edit_that_is_named_exists() -> None:
    """No name in the lists is a slip, and none stands there twice."""
    assert set(PICTURE_TRIALS) <= pictures.EDITS.keys()
    assert set(SOUND_TRIALS) <= sounds.EDITS.keys()
    for names in (PICTURE_TRIALS, SOUND_TRIALS, CLIP_LENGTHS_S):
        assert len(set(names)) == len(names)


def test_a_picture_is_tried_in_every_edit() -> None:
    """Each trial is a picture that can be opened, by the name of its edit, and no two are the same."""
    tried = list(trials_of(picture_of(320, 240), Medium.IMAGE, Limits()))

    assert tuple(trial.name for trial in tried) == PICTURE_TRIALS
    assert all(min(Image.open(io.BytesIO(trial.data)).size) >= 1 for trial in tried)
    assert len({trial.data for trial in tried}) == len(tried)


def test_a_recording_is_tried_in_clips_and_edits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clips are as long as their names say, edits are of a clip, and no clip is longer than the recording."""
    monkeypatch.setattr(trials, "SOUND_TRIALS", ("quiet -20 dB",))

    tried = list(trials_of(sound_of(4.0), Medium.AUDIO, Limits()))

    lengths = {trial.name: soundfile.info(io.BytesIO(trial.data)).duration for trial in tried}
    assert lengths == {"clip of 1 s": 1, "clip of 2 s": 2, "clip of 3 s": 3, "quiet -20 dB, 3 s": 3}


def test_every_edit_works_on_the_shortest_recording() -> None:
    """A second of sound goes through all edits, and each can be opened."""
    for trial in trials_of(sound_of(1.0), Medium.AUDIO, Limits()):
        assert soundfile.info(io.BytesIO(trial.data)).duration > 0.3, trial.name


@pytest.mark.parametrize(
    ("width_px", "height_px", "mode"), [(1, 1, "L"), (3, 200, "RGB"), (900, 20, "P"), (24, 24, "LA")]
)
def test_every_edit_works_on_odd_pictures(width_px: int, height_px: int, mode: str) -> None:
    """No shape and no mode makes an edit fail."""
    tried = list(trials_of(picture_of(width_px, height_px, mode), Medium.IMAGE, Limits()))

    assert [trial.name for trial in tried] == list(PICTURE_TRIALS)


def test_the_clip_is_the_loudest_stretch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a dataset's cutter, which cuts at pauses, would find something."""
    monkeypatch.setattr(trials, "SOUND_TRIALS", ())
    stream = io.BytesIO()
    sound = np.concatenate([0.001 * voice(3.0, 1), voice(1.0, 2), 0.001 * voice(2.0, 3)])
    soundfile.write(stream, sound, RATE_HZ, format="FLAC")

    clip = next(trials_of(Blob.of(stream.getvalue()), Medium.AUDIO, Limits()))

    samples, _ = soundfile.read(io.BytesIO(clip.data))
    assert np.square(samples).sum() > 0.9 * 2 * np.square(sound).sum()  # at twice the rate


def test_equal_works_are_tried_equally() -> None:
    """No clock and no chance: the same work gives the same bytes."""
    one, other = (list(trials_of(Blob.of(picture(1)), Medium.IMAGE, Limits())) for _ in range(2))

    assert one == other


def test_a_recording_too_short_for_a_clip_is_told() -> None:
    """Half a second cannot be cut to a second."""
    with pytest.raises(TooShort, match=r"0\.5 s of sound"):
        list(trials_of(sound_of(0.5), Medium.AUDIO, Limits()))


@pytest.mark.parametrize("medium", Medium)
@pytest.mark.parametrize("data", [b"", b"Dear reader", picture(1)[:300]])
def test_what_cannot_be_decoded_is_an_item_error(medium: Medium, data: bytes) -> None:
    """Nothing else than an `ItemError` comes of bytes that are no work."""
    with pytest.raises(ItemError):
        list(trials_of(Blob.of(data), medium, Limits()))


def test_limits_hold(tmp_path: Path) -> None:
    """A work larger than the limits is not opened."""
    (tmp_path / "a.png").write_bytes(picture(1))

    with pytest.raises(ItemError) as told:
        list(trials_of(Blob.at(tmp_path / "a.png"), Medium.IMAGE, Limits(max_pixels=100)))
    assert not isinstance(told.value, Undecodable)
    assert decode_image(Blob.of(picture(1)), Limits(), 64).width_px == 120
