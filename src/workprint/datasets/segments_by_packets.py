"""Segments of recordings in which no sample can be sought (M4A, WebM): decoded from a little before their beginning.

Packets say when they sound. Codecs need some of what came before to decode well, so decoding begins earlier than the
segment does, and what is decoded is cut by its times.
"""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import IO, Any, BinaryIO

from workprint.errors import TooLarge, Truncated, Undecodable, Unsupported

DEMUXERS = "mov,mp4,m4a,matroska,webm,aac"
_LEAD_S = 1.0
_SAMPLE_BYTES = 4


@dataclass(frozen=True, slots=True)
class Samples:
    """32-bit samples, all channels of one moment together, in a temporary file that is read from its beginning."""

    rate_hz: int
    channels: int
    data_bytes: int
    file: IO[bytes]


def samples_of(stream: BinaryIO, start_s: float, end_s: float | None, most_bytes: int) -> Samples:
    """Decode what plays from `start_s` to `end_s`, or to the end.

    Raises:
        Unsupported: it is none of these containers, or holds no sound.
        Truncated: the recording ends before the segment begins.
        TooLarge: there are more than `most_bytes` of samples.
        Undecodable: what is in it is damaged.
    """
    import av

    options = {"format_whitelist": DEMUXERS, "protocol_whitelist": "none", "probesize": "2000000"}
    try:
        opened: Any = av.open(stream, mode="r", options=options, metadata_errors="replace", io_open=_refuse_others)
    except (av.FFmpegError, ValueError) as error:
        raise Unsupported(f"no segment can be cut from it ({error})") from error
    with closing(opened) as container:
        if not container.streams.audio:
            raise Unsupported("no segment can be cut from it: it holds no sound")
        try:
            return _copied(container, av.AudioResampler, (start_s, end_s), most_bytes)
        except (av.FFmpegError, ValueError) as error:
            raise Undecodable(f"the segment cannot be decoded: {error}") from error


def _refuse_others(*_: object) -> BinaryIO:
    raise PermissionError("the recording asks for other files")


def _copied(container: Any, resampler: Any, span_s: tuple[float, float | None], most_bytes: int) -> Samples:
    track = container.streams.audio[0]
    track.thread_type = "NONE"
    container.seek(max(0, int((span_s[0] - _LEAD_S) / track.time_base)), stream=track, backward=True)
    file = tempfile.TemporaryFile(prefix="workprint-")  # noqa: SIM115 - lives as long as the samples
    written = rate_hz = channels = 0
    try:
        for frame in container.decode(track):
            rate_hz, channels = frame.sample_rate, len(frame.layout.channels)
            if span_s[1] is not None and frame.time is not None and frame.time >= span_s[1]:
                break
            for data in _within(frame, resampler(format="flt"), span_s):
                written += file.write(data)
            if written > most_bytes:
                raise TooLarge("a segment of so many samples is more than is allowed for one item")
        if not written:
            raise Truncated("the recording ends before the segment begins")
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return Samples(rate_hz, channels, written, file)


def _within(frame: Any, resampler: Any, span_s: tuple[float, float | None]) -> Iterator[bytes]:
    """The samples of a frame that lie in the segment."""
    start, end = (None if at_s is None else round((at_s - (frame.time or 0.0)) * frame.sample_rate) for at_s in span_s)
    first, last = max(0, start or 0), frame.samples if end is None else min(frame.samples, end)
    if first >= last:
        return
    frame_bytes = _SAMPLE_BYTES * len(frame.layout.channels)
    data = b"".join(bytes(plain.planes[0])[: plain.samples * frame_bytes] for plain in resampler.resample(frame))
    yield data[first * frame_bytes : last * frame_bytes]
