"""What a report shows of a match."""

import io

import numpy as np
import pytest
import soundfile
from PIL import Image

from workprint.errors import ItemError, Unsupported
from workprint.media.pictures import sound_picture, sound_pictures, thumbnail
from workprint.model import Blob, Limits, TimeSpan

LIMITS = Limits()


def saved(image: Image.Image, name: str, **options: object) -> Blob:
    """A picture file."""
    stream = io.BytesIO()
    image.save(stream, name, **options)
    return Blob.of(stream.getvalue())


def burst(rate_hz: int = 16_000, seconds: float = 100.0) -> Blob:
    """Near silence with one loud stretch from second 60 to 65."""
    samples = np.random.default_rng(2).normal(0, 0.001, int(rate_hz * seconds)).astype(np.float32)
    time = np.arange(5 * rate_hz) / rate_hz
    samples[60 * rate_hz : 65 * rate_hz] = 0.8 * np.sin(2 * np.pi * 500 * time)
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate_hz, format="FLAC")
    return Blob.of(stream.getvalue())


def opened(data: bytes) -> Image.Image:
    """A thumbnail's pixels."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("name", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_thumbnails_are_upright_small_and_bare(name: str) -> None:
    """A thumbnail is an upright JPEG within the size asked for that carries no metadata."""
    image = Image.new("RGB", (600, 900), "blue")
    image.paste("red", (0, 0, 600, 300))
    exif = Image.Exif()
    exif[274], exif[271] = 6, "a camera"
    stored = image.transpose(Image.Transpose.ROTATE_90)
    picture = thumbnail(saved(stored, name, exif=exif), LIMITS, 240)
    small = opened(picture.data)

    assert picture.mime_type == "image/jpeg"
    assert small.size == (160, 240)
    assert small.getpixel((80, 10))[0] > 200
    assert small.getpixel((80, 230))[2] > 200
    assert not small.getexif()
    assert b"a camera" not in picture.data


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "F"])
def test_thumbnails_of_every_mode(mode: str) -> None:
    """Every mode has a thumbnail; small pictures are not enlarged."""
    image = Image.fromarray(np.arange(0, 65536, 16, np.uint16).reshape(64, 64)) if mode == "I;16" else None
    image = image or Image.radial_gradient("L").resize((64, 64)).convert("RGB" if mode == "CMYK" else "L").convert(mode)

    assert opened(thumbnail(saved(image, "TIFF"), LIMITS).data).size == (64, 64)


def test_transparency_is_shown_on_white() -> None:
    """What is transparent is white in a report."""
    image = Image.new("RGBA", (50, 50), (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (10, 10, 40, 40))
    small = opened(thumbnail(saved(image, "PNG"), LIMITS).data)

    assert min(small.getpixel((2, 2))) > 240
    assert small.getpixel((25, 25))[1] < 30


def test_thumbnails_of_what_is_no_picture_are_refused() -> None:
    """Text has no thumbnail, and a cut picture has none either."""
    with pytest.raises(Unsupported):
        thumbnail(Blob.of(b"text"), LIMITS)
    data = saved(Image.radial_gradient("L"), "PNG").read()
    with pytest.raises(ItemError):
        thumbnail(Blob.of(data[: len(data) // 2]), LIMITS)


def test_sound_is_drawn_and_played_around_the_span() -> None:
    """Peaks cover the whole recording; the clip holds the span, within 30 s, and says where it begins."""
    picture = sound_picture(burst(), LIMITS, TimeSpan(60.0, 65.0))
    clip, rate_hz = soundfile.read(io.BytesIO(picture.data))
    loud = np.flatnonzero(np.array(picture.peaks) > 0.5) * 100 / 240

    assert picture.mime_type == "audio/ogg"
    assert len(picture.peaks) == 240
    assert loud.min() == pytest.approx(60, abs=0.5)
    assert loud.max() == pytest.approx(65, abs=0.5)
    assert picture.duration_s == pytest.approx(100.0)
    assert picture.play_offset_s == pytest.approx(47.5)
    assert len(clip) / rate_hz == pytest.approx(30.0, abs=0.1)
    assert np.flatnonzero(np.abs(clip) > 0.4).min() / rate_hz == pytest.approx(12.5, abs=0.1)


@pytest.mark.parametrize("span", [None, TimeSpan(0.0, 90.0), TimeSpan(69.0, 70.0)])
def test_any_span_has_a_clip_of_bounded_length(span: TimeSpan | None) -> None:
    """Without a span, or with one that is too long or lies at the end, there is a clip of at most 30 s."""
    picture = sound_picture(burst(seconds=70.0), LIMITS, span)

    assert len(picture.peaks) == 240
    assert 0 < len(soundfile.read(io.BytesIO(picture.data))[0]) <= 30.1 * 24_000


def test_many_spans_take_one_pass() -> None:
    """Clips of several spans are those that each span alone gives."""
    blob, spans = burst(seconds=70.0), (None, TimeSpan(30.0, 31.0), TimeSpan(60.0, 65.0))

    assert sound_pictures(blob, LIMITS, spans) == tuple(sound_picture(blob, LIMITS, span) for span in spans)


def test_spans_beyond_the_end_have_nothing_to_play() -> None:
    """A span where the recording is over leaves the drawing, and no clip."""
    picture = sound_picture(burst(seconds=70.0), LIMITS, TimeSpan(500.0, 600.0))

    assert (picture.mime_type, picture.data) == ("", b"")
    assert len(picture.peaks) == 240


def test_equal_sound_makes_equal_pictures() -> None:
    """Nothing in a picture is drawn by chance."""
    blob = burst(seconds=70)

    assert sound_picture(blob, LIMITS, None) == sound_picture(blob, LIMITS, None)


def test_very_short_sound_has_a_picture() -> None:
    """A few samples are enough to draw."""
    stream = io.BytesIO()
    soundfile.write(stream, np.full(100, 0.5, np.float32), 16_000, format="WAV")
    picture = sound_picture(Blob.of(stream.getvalue()), LIMITS, TimeSpan(0, 0.001))

    assert 1 <= len(picture.peaks) <= 240
    assert max(picture.peaks) > 0.3
