"""Recordings: bytes in, a stream of mono blocks at one sample rate out, in bounded memory.

What is done, in order: the container is told by content and opened by libsndfile, or by FFmpeg where that is faster
(Ogg) or the only one; native samples are hashed; broken samples are silenced; channels are averaged; the stream is
resampled by soxr at "MQ" (within 10 % of the cost of its cheapest filter that keeps aliases out); blocks are cut to
one fixed length, so that they do not depend on how the decoder deals them out.

A recording that ends early or breaks in the middle still yields what could be decoded, because a stolen minute is
evidence even where the hour after it is lost; `truncated` and `notes` say so afterwards.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from typing import BinaryIO

import numpy as np
import soxr
from numpy.typing import NDArray

from workprint.errors import Empty, ItemError, TooLarge, Unsupported
from workprint.media.refusals import admit, hushed, refusing, spoken
from workprint.media.sniff import likeness, read_head, sound_format
from workprint.media.sound_sources import Block, Broken, Source, open_with_ffmpeg, open_with_soundfile
from workprint.model import Blob, Limits, Waveform

BLOCK_S = 30.0
"""Length of all blocks but the last."""
_QUALITY = "MQ"
_DOMAIN = b"workprint:samples:1\0"
_LOUDEST = 64.0
"""Samples beyond this (36 dB over full scale) are no sound, and would drown what is."""
_PROMISE_KEPT = 0.98
_SIZE_UNKNOWN = 0x7FF0_0000
_SOUNDFILE_FIRST = frozenset({"WAV", "FLAC", "MP3", "AIFF", "AU", "CAF", "W64", "NIST"})
_SOUNDFILE_NEVER = frozenset({"MP4", "MATROSKA", "AAC", "ASF", "AMR", "APE", "WAVPACK", "TTA", "DSF"})

Opener = Callable[[BinaryIO], Source]


class Sound:
    """A recording that is iterated once; what is known only at its end can be read afterwards.

    Iterating raises `TooLarge` where the recording outlasts the limits, `Empty` where it holds no sample at all.
    """

    def __init__(self, source: Source, limits: Limits, sample_rate_hz: int, name: str, missing_bytes: int = 0) -> None:
        """Wrap an opened source; use `open_sound`."""
        self.sample_rate_hz = sample_rate_hz
        self.native_rate_hz = source.rate_hz
        self.channels = source.channels
        self.truncated = False
        self.broken_samples = 0
        self.notes: tuple[str, ...] = ()
        self._source = source
        self._limits = limits
        self._name = name
        self._frames = 0
        self._digest = sha256(_DOMAIN + f"{source.rate_hz} Hz, {source.channels} channels\0".encode())
        self._blocks = self._stream()
        self._is_read = False
        if missing_bytes:
            self._note(f"the header promises {missing_bytes} bytes more than there are")

    def __iter__(self) -> Iterator[Waveform]:
        """Consecutive blocks of `BLOCK_S` seconds, the last one shorter."""
        return self

    def __next__(self) -> Waveform:
        """The next block, or the end."""
        with refusing(f"{self._name} recording"), hushed():
            block = next(self._blocks, None)
        if block is None:
            self.close()
            raise StopIteration
        return block

    def __enter__(self) -> "Sound":
        """Close the decoder at the end of the block, read to the end or not."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the decoder."""
        self.close()

    def close(self) -> None:
        """Let go of the decoder and its stream; harmless if repeated."""
        self._source.close()

    @property
    def duration_s(self) -> float:
        """Length of what was decoded, in seconds. Raises `RuntimeError` before the last block was read."""
        self._read_to_the_end()
        return self._frames / self.native_rate_hz

    @property
    def content_digest(self) -> str:
        """SHA-256 (hex) over rate, channels and native samples as little-endian float32, so that a FLAC and a WAV of
        the same samples share it. Raises `RuntimeError` before the last block was read.
        """
        self._read_to_the_end()
        return self._digest.hexdigest()

    def _read_to_the_end(self) -> None:
        if not self._is_read:
            raise RuntimeError("only known once every block was read")

    def _stream(self) -> Iterator[Waveform]:
        yield from _cut(self._resampled(), self.sample_rate_hz)
        if self._frames == 0:
            raise Empty("the recording holds no samples")
        self._is_read = True

    def _resampled(self) -> Iterator[NDArray[np.float32]]:
        if self.native_rate_hz == self.sample_rate_hz:
            for mono in self._mono():
                yield mono.copy()
            return
        stage = soxr.ResampleStream(self.native_rate_hz, self.sample_rate_hz, 1, dtype="float32", quality=_QUALITY)
        for mono in self._mono():
            yield stage.resample_chunk(mono, last=False)
        yield stage.resample_chunk(np.empty(0, np.float32), last=True)

    def _mono(self) -> Iterator[NDArray[np.float32]]:
        try:
            for block in self._source.blocks():
                self._count(block)
                yield self._silenced(_mean(block))
        except Broken as error:
            self._note(f"decoding stopped after {self._frames} frames: {spoken(error)}")
        promised = self._source.promised_frames
        if promised is not None and self._frames < promised * _PROMISE_KEPT and not self.truncated:
            self._note(f"{self._frames} frames were found where the header promises {promised}")

    def _count(self, block: Block) -> None:
        self._frames += len(block)
        if self._frames > self._limits.max_seconds * self.native_rate_hz:
            raise TooLarge(f"longer than the {self._limits.max_seconds:g} s allowed")
        self._digest.update(block.astype("<f4", copy=False).data)

    def _note(self, note: str) -> None:
        self.truncated = True
        self.notes += (note,)

    def _silenced(self, mono: NDArray[np.float32]) -> NDArray[np.float32]:
        # One test finds both: a comparison with a peak that is no number is false.
        if max(float(mono.max()), -float(mono.min())) <= _LOUDEST:
            return mono
        broken = ~(np.abs(mono) <= _LOUDEST)
        self.broken_samples += int(broken.sum())
        return np.where(broken, np.float32(0), mono)


def open_sound(blob: Blob, limits: Limits, sample_rate_hz: int) -> Sound:
    """Open a recording for one pass over it.

    Args:
        blob: the file's bytes.
        limits: bounds on bytes (checked here) and seconds (checked while decoding, never by what a header claims).
        sample_rate_hz: the rate of the blocks.

    Raises:
        Empty, TooLarge, Unsupported (a video, a document, text), Truncated, Undecodable: one sentence each. The
        same errors may come while the blocks are read.
    """
    admit(blob, limits)
    head = read_head(blob)
    name = sound_format(head)
    if name is None:
        raise Unsupported(f"no sound: {likeness(head)}")
    return Sound(_opened(blob, name), limits, sample_rate_hz, name, _missing_bytes(head, blob.size_bytes))


def _missing_bytes(head: bytes, size_bytes: int) -> int:
    """How much of a RIFF file was cut off, which decoders pass over in silence."""
    claimed_bytes = 0
    if head[:4] == b"RIFF":
        claimed_bytes = int.from_bytes(head[4:8], "little")
    elif head[:4] == b"RF64" and head[12:16] == b"ds64":
        claimed_bytes = int.from_bytes(head[20:28], "little")
    # Writers to a pipe, which cannot go back to fill in the size, leave one near 2 or 4 GiB.
    is_known = head[:4] == b"RF64" or claimed_bytes < _SIZE_UNKNOWN
    return max(0, claimed_bytes + 8 - size_bytes - 1) if is_known else 0


def _opened(blob: Blob, name: str) -> Source:
    """Ask one decoder after the other; where all refuse, the first one speaks for all."""
    refusals: list[ItemError] = []
    for opener in _openers(name):
        try:
            return _open(opener, blob, name)
        except Unsupported:
            raise
        except ItemError as refusal:
            refusals.append(refusal)
    raise refusals[0]


def _openers(name: str) -> tuple[Opener, ...]:
    if name in _SOUNDFILE_NEVER:
        return (open_with_ffmpeg,)
    if name in _SOUNDFILE_FIRST:
        return open_with_soundfile, open_with_ffmpeg
    return open_with_ffmpeg, open_with_soundfile


def _open(opener: Opener, blob: Blob, name: str) -> Source:
    stream = blob.open()
    try:
        with refusing(f"{name} recording"), hushed():
            source = opener(stream)
    except BaseException:
        stream.close()
        raise

    def close() -> None:
        source.close()
        stream.close()

    return replace(source, close=close)


def _mean(block: Block) -> NDArray[np.float32]:
    channels = block.shape[1]
    if channels == 1:
        return block[:, 0]
    total = block[:, 0] + block[:, 1]
    for channel in range(2, channels):
        total += block[:, channel]
    total *= np.float32(1.0 / channels)
    return total


def _cut(stretches: Iterator[NDArray[np.float32]], rate_hz: int) -> Iterator[Waveform]:
    """Cut a stream of any stretches into blocks of one length."""
    length = int(BLOCK_S * rate_hz)
    held: list[NDArray[np.float32]] = []
    count = 0
    for stretch in stretches:
        held.append(stretch)
        count += len(stretch)
        while count >= length:
            joined = np.concatenate(held)
            yield Waveform(joined[:length], rate_hz)
            held, count = [joined[length:]], count - length
    if count:
        yield Waveform(np.concatenate(held), rate_hz)
