"""Recordings of every codec become the same stream of mono blocks."""

import io
import struct
import tracemalloc
from collections.abc import Iterator

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from workprint.errors import Empty, ItemError, TooLarge, Undecodable, Unsupported
from workprint.media.sound import BLOCK_S, Sound, open_sound
from workprint.model import Blob, Limits

LIMITS = Limits()
Samples = NDArray[np.float32]


def melody(rate_hz: int = 16_000, seconds: float = 3.0, channels: int = 1) -> Samples:
    """Two gliding tones below 3 kHz, another pair per channel."""
    time = np.arange(int(rate_hz * seconds)) / rate_hz
    tones = [
        0.3 * np.sin(2 * np.pi * (300 + 50 * channel + 80 * time) * time) + 0.2 * np.sin(2 * np.pi * 1400 * time)
        for channel in range(channels)
    ]
    return np.stack(tones, axis=1).astype(np.float32)


def written(samples: Samples, rate_hz: int, container: str, subtype: str | None = None) -> bytes:
    """The bytes of a sound file."""
    stream = io.BytesIO()
    channels = samples.shape[1]
    with soundfile.SoundFile(stream, "w", rate_hz, channels, format=container, subtype=subtype) as file:
        for start in range(0, len(samples), 8000):
            file.write(samples[start : start + 8000])
    return stream.getvalue()


def muxed(samples: Samples, rate_hz: int, container: str, codec: str) -> bytes:
    """The bytes of a sound file that FFmpeg wrote."""
    stream = io.BytesIO()
    layout = "mono" if samples.shape[1] == 1 else "stereo"
    with av.open(stream, "w", format=container) as file:
        track = file.add_stream(codec, rate=rate_hz)
        track.layout = layout
        track.bit_rate = 96_000
        track.codec_context.open()
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="fltp", layout=layout)
        frame.sample_rate = rate_hz
        resampler = av.AudioResampler(
            format=track.format, layout=layout, rate=rate_hz, frame_size=track.codec_context.frame_size or None
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None), None]:
            file.mux(track.encode(piece))
    return stream.getvalue()


def filmed() -> bytes:
    """An MP4 with moving pictures."""
    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as file:
        track = file.add_stream("mpeg4", rate=10)
        track.width = track.height = 32
        track.pix_fmt = "yuv420p"
        for _ in range(5):
            file.mux(track.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        file.mux(track.encode(None))
    return stream.getvalue()


def heard(data: bytes, rate_hz: int = 8000, limits: Limits = LIMITS) -> tuple[Samples, Sound]:
    """All samples, and what is known at the end."""
    sound = open_sound(Blob.of(data), limits, rate_hz)
    blocks = [block.samples for block in sound]
    return np.concatenate(blocks), sound


def alike(ours: Samples, theirs: Samples) -> float:
    """Correlation at the best shift; codecs delay, by parts of a sample, too."""
    size = len(ours) + len(theirs)
    spectra = np.fft.rfft(ours, size) * np.conj(np.fft.rfft(theirs, size))
    return float(np.fft.irfft(spectra).max() / (np.linalg.norm(ours) * np.linalg.norm(theirs)))


REFERENCE = melody(8000)[:, 0]
WRITTEN = [
    ("WAV", "PCM_U8"),
    ("WAV", "PCM_16"),
    ("WAV", "PCM_24"),
    ("WAV", "PCM_32"),
    ("WAV", "FLOAT"),
    ("WAV", "DOUBLE"),
    ("WAV", "ALAW"),
    ("WAV", "ULAW"),
    ("WAV", "IMA_ADPCM"),
    ("WAVEX", "PCM_16"),
    ("RF64", "PCM_16"),
    ("W64", "PCM_16"),
    ("FLAC", "PCM_16"),
    ("FLAC", "PCM_24"),
    ("AIFF", "PCM_16"),
    ("AU", "PCM_16"),
    ("CAF", "PCM_16"),
    ("OGG", "VORBIS"),
    ("OGG", "OPUS"),
    ("MP3", None),
]


@pytest.mark.parametrize(("container", "subtype"), WRITTEN)
def test_every_codec_sounds_alike(container: str, subtype: str | None) -> None:
    """Whatever the container and the codec, the same melody is heard, for as long."""
    samples, sound = heard(written(melody(), 16_000, container, subtype))

    assert alike(samples, REFERENCE) > 0.99
    assert sound.duration_s == pytest.approx(3.0, abs=0.1)
    assert not sound.truncated


@pytest.mark.parametrize(
    ("container", "codec", "rate_hz"),
    [
        ("ipod", "aac", 16_000),
        ("adts", "aac", 44_100),
        ("mp4", "libopus", 48_000),
        ("webm", "libopus", 48_000),
        ("matroska", "aac", 16_000),
        ("asf", "wmav2", 44_100),
        ("wav", "adpcm_ms", 16_000),
    ],
)
def test_what_libsndfile_cannot_read_sounds_alike(container: str, codec: str, rate_hz: int) -> None:
    """AAC, Opus in MP4 and WebM, WMA and the like are decoded by FFmpeg."""
    samples, sound = heard(muxed(melody(rate_hz, channels=2), rate_hz, container, codec))

    assert alike(samples, melody(8000, channels=2).mean(axis=1)) > 0.9
    assert sound.duration_s == pytest.approx(3.0, abs=0.15)


@pytest.mark.parametrize("channels", [1, 2, 3, 6])
def test_mono_is_the_mean_of_channels(channels: int) -> None:
    """Channels are averaged; at the native rate nothing else is done."""
    samples = melody(8000, 1.0, channels)
    ours, sound = heard(written(samples, 8000, "WAV", "FLOAT"))

    assert np.allclose(ours, samples.mean(axis=1), atol=1e-6)
    assert sound.channels == channels


def test_lossless_containers_share_a_digest() -> None:
    """The same sixteen-bit samples have one digest in WAV, FLAC, AIFF, AU, CAF, W64 and as 32-bit float."""
    whole = (melody(channels=2) * 32767).astype(np.int16)
    kept = (whole / 32768).astype(np.float32)
    files = [written(whole, 16_000, name, "PCM_16") for name in ("WAV", "FLAC", "AIFF", "AU", "CAF", "W64", "RF64")]
    files.append(written(kept, 16_000, "WAV", "FLOAT"))
    digests = {heard(data)[1].content_digest for data in files}

    assert len(digests) == 1
    assert heard(written(whole[:-1], 16_000, "WAV", "PCM_16"))[1].content_digest not in digests
    assert heard(written(whole, 16_001, "WAV", "PCM_16"))[1].content_digest not in digests


def test_the_digest_does_not_depend_on_the_rate_asked_for() -> None:
    """The digest is of native samples."""
    data = written(melody(), 16_000, "FLAC", "PCM_16")

    assert heard(data, 8000)[1].content_digest == heard(data, 11_025)[1].content_digest


@pytest.mark.parametrize("rate_hz", [8000, 11_025])
@pytest.mark.parametrize("native_hz", [8000, 16_000, 44_100])
def test_blocks_have_one_length_and_no_seams(native_hz: int, rate_hz: int) -> None:
    """All blocks but the last have the same length, and a tone runs through their borders without a click."""
    seconds = 2 * BLOCK_S + 5
    tone = np.sin(2 * np.pi * 440 * np.arange(int(native_hz * seconds)) / native_hz).astype(np.float32) / 2
    sound = open_sound(Blob.of(written(tone[:, None], native_hz, "WAV", "PCM_16")), LIMITS, rate_hz)
    blocks = list(sound)
    samples = np.concatenate([block.samples for block in blocks])

    assert [len(block.samples) for block in blocks[:-1]] == [int(BLOCK_S * rate_hz)] * 2
    assert {block.sample_rate_hz for block in blocks} == {rate_hz}
    assert len(samples) == pytest.approx(seconds * rate_hz, abs=2)
    assert np.abs(np.diff(samples[100:-100])).max() < np.pi * 440 / rate_hz * 1.02


def test_resampling_keeps_aliases_out() -> None:
    """A tone above the new band is gone, not folded into it."""
    tone = np.sin(2 * np.pi * 6000 * np.arange(48_000) / 16_000).astype(np.float32) / 2
    samples, _ = heard(written(tone[:, None], 16_000, "WAV", "FLOAT"))

    assert np.abs(samples[500:-500]).max() < 1e-3


def test_facts_of_the_end_are_not_known_before_it() -> None:
    """Digest and duration before the last block are refused instead of being wrong."""
    with open_sound(Blob.of(written(melody(), 16_000, "WAV", "PCM_16")), LIMITS, 8000) as sound:
        with pytest.raises(RuntimeError):
            _ = sound.content_digest
        with pytest.raises(RuntimeError):
            _ = sound.duration_s


def test_broken_samples_are_silenced_and_counted() -> None:
    """Values that are no sound (NaN, infinities, absurdly loud ones) become silence."""
    samples = melody(8000)
    samples[100], samples[200], samples[300], samples[400] = np.nan, np.inf, -np.inf, 1e30
    ours, sound = heard(written(samples, 8000, "WAV", "FLOAT"))

    assert sound.broken_samples == 4
    assert np.isfinite(ours).all()
    assert np.array_equal(ours[[100, 200, 300, 400]], np.zeros(4, np.float32))


def test_long_recordings_are_refused_while_decoding() -> None:
    """The limit on seconds counts what is decoded."""
    data = written(melody(), 16_000, "FLAC", "PCM_16")
    with pytest.raises(TooLarge, match="longer than the 2 s"):
        heard(data, limits=Limits(max_seconds=2.0))
    with pytest.raises(TooLarge, match="bytes"):
        heard(data, limits=Limits(max_item_bytes=10))


@pytest.mark.parametrize("container", ["WAV", "FLAC"])
def test_recordings_without_samples_are_empty(container: str) -> None:
    """A file with a header and nothing behind it is `Empty`."""
    with pytest.raises(Empty):
        heard(written(melody()[:0], 16_000, container, "PCM_16"))


@pytest.mark.parametrize(
    ("channels", "rate_hz"), [(0, 16_000), (1, 0), (65_535, 16_000), (1, 4_000_000_000), (1, 3), (0, 0)]
)
def test_impossible_headers_are_refused(channels: int, rate_hz: int) -> None:
    """No channels, no rate, or far too many of either: one clear error, no crash."""
    data = bytearray(written(melody(), 16_000, "WAV", "PCM_16"))
    data[22:24], data[24:28] = struct.pack("<H", channels), struct.pack("<I", rate_hz)
    with pytest.raises((Undecodable, Empty, Unsupported)):
        heard(bytes(data))


def test_headers_that_promise_too_much_are_not_believed() -> None:
    """A header that claims a thousand hours is as long as the samples behind it."""
    data = bytearray(written(melody(), 16_000, "FLAC", "PCM_16"))
    data[21] |= 0x0F
    data[22:26] = b"\xff\xff\xff\xff"
    samples, sound = heard(bytes(data))

    assert len(samples) == pytest.approx(24_000, abs=8000)
    assert sound.truncated


@pytest.mark.parametrize(
    ("container", "subtype"), [("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("MP3", None)]
)
def test_what_is_left_of_a_truncated_recording_is_heard(container: str, subtype: str | None) -> None:
    """Cut at any tenth, a recording yields about what is left of it."""
    noise = np.random.default_rng(8).normal(0, 0.05, (320_000, 1))
    data = written((melody(seconds=20) + noise).astype(np.float32), 16_000, container, subtype)
    for tenth in range(1, 10):
        samples, _ = heard(data[: len(data) * tenth // 10])
        assert len(samples) == pytest.approx(20 * 8000 * tenth / 10, abs=6 * 8000)


@pytest.mark.parametrize("container", ["FLAC", "WAV", "RF64"])
def test_truncated_streams_say_so(container: str) -> None:
    """A recording that ends before its header says is marked as truncated, with a note."""
    data = written(melody(seconds=20), 16_000, container, "PCM_16")
    _, sound = heard(data[: len(data) // 2])

    assert sound.truncated
    assert sound.notes


@pytest.mark.parametrize("container", ["WAV", "FLAC", "OGG", "MP3", "ipod", "webm"])
def test_damaged_recordings_never_crash(container: str) -> None:
    """Flipped bytes give sound or an error of ours, the same one twice."""
    if container in ("ipod", "webm"):
        data = muxed(melody(48_000, 1.0), 48_000, container, "aac" if container == "ipod" else "libopus")
    else:
        data = written(melody(seconds=1.0), 16_000, container)
    random = np.random.default_rng(len(container))
    for _ in range(25):
        damaged = bytearray(data)
        for at in random.integers(0, len(data), 6):
            damaged[at if random.random() < 0.5 else at % 200] = random.integers(0, 256)
        said = outcome(bytes(damaged))
        assert said == outcome(bytes(damaged))
        assert "0x" not in said


def outcome(data: bytes) -> str:
    """The digest of what is heard, or the sentence of the refusal."""
    try:
        return heard(data)[1].content_digest
    except ItemError as error:
        return str(error)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([b"RIFF\x40\0\0\0WAVEfmt ", b"fLaC", b"OggS", b"ID3", b".snd", b"FORM\0\0\0\0AIFF", b"caff"]),
    st.binary(),
)
def test_rubbish_behind_a_magic_number_is_refused(magic: bytes, rest: bytes) -> None:
    """The right first bytes with anything behind them are an error of ours at worst."""
    assert outcome(magic + rest).isprintable()


def test_streamed_headers_are_no_truncation() -> None:
    """A WAV whose writer could not go back to fill in the sizes is whole."""
    data = bytearray(written(melody(), 16_000, "WAV", "PCM_16"))
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"
    samples, sound = heard(bytes(data))

    assert len(samples) == pytest.approx(24_000, abs=2)
    assert not sound.truncated


def test_moving_pictures_are_unsupported() -> None:
    """A video is told apart from a recording even where only its tracks show it."""
    data = filmed()
    with pytest.raises(Unsupported, match="video"):
        heard(data)
    with pytest.raises(Unsupported, match="text"):
        heard(b"no sound at all")
    with pytest.raises(Empty):
        heard(b"")


def test_cover_art_does_not_make_a_video() -> None:
    """A picture attached to a recording is no moving picture."""
    cover = io.BytesIO()
    with av.open(cover, "w", format="image2pipe") as file:
        track = file.add_stream("mjpeg", rate=1)
        track.width = track.height = 32
        track.pix_fmt = "yuvj420p"
        file.mux(track.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        file.mux(track.encode(None))
    picture = b"\x03image/jpeg\0\x03\0" + cover.getvalue()
    frame = b"APIC" + struct.pack(">I", len(picture)) + b"\0\0" + picture
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    samples, _ = heard(b"ID3\x03\0\0" + size + frame + muxed(melody(44_100), 44_100, "adts", "aac"))

    assert alike(samples, REFERENCE) > 0.9


class Zeros(io.RawIOBase):
    """A WAV of silence that exists nowhere: a header, and zeros as far as one reads."""

    def __init__(self, seconds: int) -> None:
        """Make the header."""
        size = seconds * 8000 * 2
        self._head = (
            b"RIFF"
            + struct.pack("<I", size + 36)
            + b"WAVEfmt "
            + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16_000, 2, 16)
        )
        self._head += b"data" + struct.pack("<I", size)
        self.size_bytes = len(self._head) + size
        self._at = 0

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move."""
        self._at = offset + (0, self._at, self.size_bytes)[whence]
        return self._at

    def tell(self) -> int:
        """Where it is."""
        return self._at

    def readinto(self, buffer: memoryview) -> int:
        """Fill with the header, then zeros."""
        count = max(0, min(len(buffer), self.size_bytes - self._at))
        buffer[:count] = (self._head[self._at :] + bytes(count))[:count]
        self._at += count
        return count

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        data = bytearray(min(max(0, self.size_bytes - self._at), size if size >= 0 else self.size_bytes))
        self.readinto(memoryview(data))
        return bytes(data)


def test_long_recordings_are_streamed_in_bounded_memory() -> None:
    """An hour of silence is decoded block by block and never held whole."""
    blob = Blob(Zeros(3600).size_bytes, lambda: Zeros(3600))
    tracemalloc.start()
    try:
        count = sum(len(block.samples) for block in sound_blocks(blob))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert count == pytest.approx(3600 * 11_025, abs=4)
    assert peak_bytes < 12_000_000


def sound_blocks(blob: Blob) -> Iterator[object]:
    """Blocks at 11.025 kHz."""
    return iter(open_sound(blob, LIMITS, 11_025))
