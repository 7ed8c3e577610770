"""Marks are read back, by us and by others, and no pixel and no sample is another."""

import io
from collections.abc import Callable

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tinytag import TinyTag

from signal_samples import bext, found, frame, info, m4a, mp3, packet, picture, read, sound, user_text, wav
from workprint.model import Permission, Use, combined
from workprint.rights.marking.files import marked, tdmrep
from workprint.rights.marking.mark import Mark

D, C, A = Permission.NOT_ALLOWED, Permission.CONSTRAINED, Permission.ALLOWED
ALL = (Use.DATA_MINING, Use.AI_TRAINING, Use.AI_GENERATIVE_TRAINING)
MARK = Mark(dict.fromkeys(ALL, D), "Ada Lumen", "© 2026 Ada Lumen", "Ask me first.", "ada@example.org")
LIMITED = Mark({Use.AI_GENERATIVE_TRAINING: C}, "Ada", "© Ada", "For a fee.", "https://ada.example/licence")
PICTURES = ("JPEG", "PNG", "WEBP", "TIFF", "GIF")
SOUNDS = {
    "mp3": sound("MP3", "MPEG_LAYER_III"),
    "mp3 with a tag": mp3(frame("TIT2", b"\3A title"), user_text("mood", "calm")),
    "wav": wav(),
    "flac": sound("FLAC", "PCM_16", title="A title"),
    "vorbis": sound("OGG", "VORBIS", title="A title"),
    "opus": sound("OGG", "OPUS"),
    "m4a": m4a(title="A title"),
}


def pixels(data: bytes) -> np.ndarray:
    """All pixels as Pillow decodes them."""
    return np.asarray(Image.open(io.BytesIO(data)))


def samples(data: bytes) -> bytes:
    """All samples, as FFmpeg decodes them."""
    with av.open(io.BytesIO(data)) as container:
        return b"".join(frame.to_ndarray().tobytes() for frame in container.decode(audio=0))


@pytest.mark.parametrize("form", PICTURES)
@pytest.mark.parametrize("mark", [MARK, LIMITED], ids=["refused", "on conditions"])
def test_a_marked_picture_says_what_the_terms_say_and_looks_the_same(form: str, mark: Mark) -> None:
    """PLUS, notice, creator and terms come back; pixels are equal; marking twice changes nothing more."""
    plain = picture(form, has_exif=form not in ("GIF", "PNG"))

    data = marked(plain, mark)

    signals = found(data)
    assert np.array_equal(pixels(data), pixels(plain))
    assert combined(signals.values(), Use.AI_GENERATIVE_TRAINING) is mark.uses[Use.AI_GENERATIVE_TRAINING]
    assert signals["xmp dc:creator"].holder == mark.creator
    assert signals["xmp dc:rights"].raw_value == mark.notice
    if form != "GIF":
        assert signals["exif Copyright"].raw_value == mark.notice
        assert mark.creator in Image.open(io.BytesIO(data)).getexif()[0x8298]
    assert read(marked(data, mark)) == read(data)


def test_pillow_finds_the_packet_where_it_looks() -> None:
    """Somebody else's reader, in four formats."""
    for form in ("JPEG", "PNG", "WEBP", "TIFF"):
        image = Image.open(io.BytesIO(marked(picture(form), MARK)))
        image.load()
        assert b"vocab/DMI-PROHIBITED" in image.info["xmp"], form


@pytest.mark.parametrize("form", ["lossless", "with alpha"])
def test_webp_without_an_extended_header_gets_one(form: str) -> None:
    """Its size and alpha are those of the picture."""
    stream = io.BytesIO()
    mode = "RGBA" if form == "with alpha" else "RGB"
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (33, 57, len(mode)), dtype=np.uint8)).save(
        stream, "WEBP", lossless=True
    )

    data = marked(stream.getvalue(), MARK)

    assert np.array_equal(pixels(data), pixels(stream.getvalue()))
    assert Image.open(io.BytesIO(data)).size == (57, 33)


@pytest.mark.parametrize("kind", SOUNDS)
def test_a_marked_recording_says_what_the_terms_say_and_sounds_the_same(kind: str) -> None:
    """Samples are equal, to the bit; what tags said of other things stays."""
    data = marked(SOUNDS[kind], MARK)

    assert samples(data) == samples(SOUNDS[kind])
    assert combined(read(data), Use.AI_GENERATIVE_TRAINING) is D
    assert read(marked(data, MARK)) == read(data)
    if kind != "m4a":
        tags = TinyTag.get(filename=None, file_obj=io.BytesIO(data)).as_dict()
        assert "© 2026 Ada Lumen" in str(tags), tags
        assert ("A title" in str(tags)) == (kind in ("mp3 with a tag", "flac", "vorbis"))


@pytest.mark.parametrize("kind", ["mp3", "flac", "vorbis"])
def test_libsndfile_reads_marked_files(kind: str) -> None:
    """To their last sample."""
    before, after = (soundfile.read(io.BytesIO(one))[0] for one in (SOUNDS[kind], marked(SOUNDS[kind], MARK)))

    assert np.array_equal(before, after)


def test_comments_that_need_more_pages_renumber_the_rest() -> None:
    """Ogg pages are summed anew; FFmpeg and libsndfile check the sums."""
    long = Mark(MARK.uses, "Ada", "©", "words " * 20_000, "ada@example.org")

    data = marked(SOUNDS["vorbis"], long)

    assert samples(data) == samples(SOUNDS["vorbis"])
    assert len(soundfile.read(io.BytesIO(data))[0]) == len(soundfile.read(io.BytesIO(SOUNDS["vorbis"]))[0])


def test_what_a_file_said_of_other_things_stays() -> None:
    """XMP of others, INFO fields, the broadcast extension; an older reservation is replaced."""
    older = packet("<dc:title>Sea</dc:title>", 'plus:DataMining="http://ns.useplus.org/ldf/vocab/DMI-ALLOWED"')
    jpeg = marked(picture("JPEG", older.encode()), MARK)
    recording = marked(wav(info(ICMT="No AI training", ICOP="old"), bext("Ben")), MARK)

    assert b">Sea<" in jpeg
    assert [one.raw_value for one in read(jpeg) if one.locator == "plus:DataMining"] == [
        "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED"
    ]
    assert {"riff ICMT", "bext Originator"} <= set(found(recording))
    assert found(recording)["riff ICOP"].raw_value == "© 2026 Ada Lumen"


@given(st.dictionaries(st.sampled_from(Use), st.sampled_from(Permission)))
def test_a_mark_never_says_more_than_the_terms(uses: dict[Use, Permission]) -> None:
    """What comes back is never milder than the terms for any use that they refuse or limit training for."""
    signals = read(marked(PLAIN, Mark(uses, "Ada")))

    for use in Use:
        if combined(signals, use) is A:
            assert uses.get(use) is A
    if uses.get(Use.AI_GENERATIVE_TRAINING) in (D, C):
        assert combined(signals, Use.AI_GENERATIVE_TRAINING) is uses[Use.AI_GENERATIVE_TRAINING]


PLAIN = picture("PNG")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (lambda: picture("AVIF"), "of a kind that is not marked"),
        (lambda: b"hello", "of a kind that is not marked"),
        (lambda: picture("JPEG", b"<not xml"), "no well-formed XML"),
        (lambda: b"RF64" + wav()[4:], "not rewritten"),
        (lambda: SOUNDS["vorbis"][:3000], "damaged"),
        (lambda: b"\x89PNG\r\n\x1a\n", "damaged"),
    ],
)
def test_what_cannot_be_marked_is_refused_with_a_reason(data: Callable[[], bytes], reason: str) -> None:
    """Rather no copy than a broken one."""
    with pytest.raises(ValueError, match=reason):
        marked(data(), MARK)


@given(st.sampled_from([picture(form) for form in PICTURES] + list(SOUNDS.values())), st.data())
def test_damaged_files_are_refused_or_marked(data: bytes, draw: st.DataObject) -> None:
    """Nothing but `ValueError` is raised."""
    damaged = bytearray(data[: draw.draw(st.integers(0, len(data)))])
    for at, byte in draw.draw(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=6)):
        if at < len(damaged):
            damaged[at] = byte
    try:
        marked(bytes(damaged), MARK)
    except ValueError as error:
        assert str(error)  # noqa: PT017 - either outcome is right


def test_the_rule_for_a_site_says_what_the_terms_say() -> None:
    """A refusal has no policy, a condition has one, and leave has no rule."""
    assert tdmrep(MARK, "/art/") == [{"location": "/art/", "tdm-reservation": 1}]
    assert tdmrep(LIMITED, "/")[0]["tdm-policy"] == "https://ada.example/licence"
    assert tdmrep(Mark({Use.AI_TRAINING: A}), "/") == []
