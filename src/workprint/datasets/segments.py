"""Segments of long recordings: cut out by seeking, and handed on as a WAV file of the same samples.

The samples are kept as they are decoded (32-bit float, the recording's own rate and channels), so that a segment has
the content digest that a file of just these samples would have.
"""

import io
import struct
from typing import Any, BinaryIO

from workprint.datasets.holding import Held, hold
from workprint.datasets.segments_by_packets import samples_of
from workprint.errors import ItemError, TooLarge, Truncated, Undecodable
from workprint.model import Blob, Limits

_SAMPLE_BYTES = 4
_FLOAT_SAMPLES = 3
"""WAV's number for 32-bit floating point."""
_HEADER = struct.Struct("<4sL4s4sLHHLLHH4sL")
_MOST_WAV_BYTES = (1 << 32) - 1 - _HEADER.size


def cut(blob: Blob, start_s: float, end_s: float | None, limits: Limits) -> Held:
    """Return what `blob` plays from `start_s` to `end_s`, or to its end, as a WAV file.

    Raises:
        Truncated: the recording ends before the segment begins.
        TooLarge: the segment is longer than the limits allow.
        Unsupported: it is a recording of a kind that is not read, or none at all.
        Undecodable: it is damaged.
        OSError: it cannot be opened.
    """
    import soundfile

    try:
        with blob.open() as stream, soundfile.SoundFile(stream) as sound:
            return _held(sound, start_s, end_s, limits)
    except (soundfile.SoundFileError, RuntimeError, OverflowError):
        return _decoded(blob, start_s, end_s, limits)


def _decoded(blob: Blob, start_s: float, end_s: float | None, limits: Limits) -> Held:
    most_bytes = min(limits.max_item_bytes, _MOST_WAV_BYTES)
    with blob.open() as stream:
        samples = samples_of(stream, start_s, end_s, most_bytes)
    with samples.file as file:
        seconds = samples.data_bytes / (samples.rate_hz * samples.channels * _SAMPLE_BYTES)
        if seconds > limits.max_seconds:
            raise TooLarge(f"a segment of {seconds:g} s is more than is allowed for one item")
        head = _header(samples.rate_hz, samples.channels, samples.data_bytes)
        pending = [head]
        return hold(lambda size: pending.pop() if pending else file.read(size), len(head) + samples.data_bytes)


def _header(rate_hz: int, channels: int, data_bytes: int) -> bytes:
    frame_bytes = channels * _SAMPLE_BYTES
    fmt = (16, _FLOAT_SAMPLES, channels, rate_hz, rate_hz * frame_bytes, frame_bytes, 8 * _SAMPLE_BYTES)
    return _HEADER.pack(b"RIFF", _HEADER.size - 8 + data_bytes, b"WAVE", b"fmt ", *fmt, b"data", data_bytes)


def _held(sound: Any, start_s: float, end_s: float | None, limits: Limits) -> Held:
    rate_hz, channels = sound.samplerate, sound.channels
    if not 0 < channels <= 0xFFFF or not 0 < rate_hz * channels * _SAMPLE_BYTES < 1 << 32:
        raise Undecodable(f"its header claims {channels} channels and {rate_hz} samples per second")
    first = round(start_s * rate_hz)
    last = sound.frames if end_s is None else min(sound.frames, round(end_s * rate_hz))
    if last <= first:
        raise Truncated(f"the recording is {sound.frames / rate_hz:g} s long, and ends before the segment begins")
    data_bytes = (last - first) * channels * _SAMPLE_BYTES
    if (last - first) > limits.max_seconds * rate_hz or data_bytes > min(limits.max_item_bytes, _MOST_WAV_BYTES):
        raise TooLarge(f"a segment of {(last - first) / rate_hz:g} s is more than is allowed for one item")
    sound.seek(first)
    return hold(_Cut(sound, rate_hz, channels, data_bytes).read, _HEADER.size + data_bytes)


class _Cut:
    """A WAV file that is made while it is read."""

    def __init__(self, sound: Any, rate_hz: int, channels: int, data_bytes: int) -> None:
        self._sound = sound
        self._frame_bytes = channels * _SAMPLE_BYTES
        self._pending: BinaryIO = io.BytesIO(_header(rate_hz, channels, data_bytes))

    def read(self, size_bytes: int) -> bytes:
        data = self._pending.read(size_bytes)
        if data:
            return data
        frames = max(1, size_bytes // self._frame_bytes)
        samples = self._sound.read(frames, dtype="float32", always_2d=True)
        if not len(samples):
            raise ItemError("the recording cannot be decoded to the end of the segment")
        self._pending = io.BytesIO(samples.astype("<f4", copy=False).tobytes())
        return self._pending.read(size_bytes)
