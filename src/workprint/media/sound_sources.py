"""Two decoders of sound behind one shape: libsndfile, and FFmpeg through PyAV for what it cannot read."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from workprint.errors import Undecodable, Unsupported

Block = NDArray[np.float32]
"""float32 (frames, channels), native rate. Valid until the next one is asked for."""

BLOCK_SAMPLES = 1 << 16
"""Frames times channels decoded at once: small enough to stay in a core's cache, and to be lost when a read fails."""
_RATES_HZ = range(1_000, 3_000_000)
_MOST_CHANNELS = 1024
_MOST_FAILED_PACKETS = 1000
_DEMUXERS = "aac,ac3,aiff,amr,ape,asf,au,caf,dsf,eac3,flac,matroska,webm,mov,mp4,m4a,mp3,mpc,mpc8,ogg,tta,w64,wav,wv"
_PLAIN = frozenset({"WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF"})
"""Containers in which 16-bit samples lie as they are; a read can only end early, not go wrong midway."""
_FULL_SCALE = {"u8": 128.0, "s16": 32768.0, "s32": 2147483648.0, "s64": 9223372036854775808.0}


@dataclass(frozen=True, slots=True)
class Source:
    """An opened recording."""

    rate_hz: int
    channels: int
    promised_frames: int | None
    """What the header says; None where it says nothing that can be relied on."""
    blocks: Callable[[], Iterator[Block]]
    """To be iterated once; closes the file at its end. Ends with `Broken` where the rest cannot be decoded."""
    close: Callable[[], None]


class Broken(Exception):
    """Decoding stopped before the end; what was yielded before stands."""


def open_with_soundfile(stream: BinaryIO) -> Source:
    """Open WAV, FLAC, MP3, AIFF, AU, CAF, W64, NIST or Ogg.

    Raises:
        soundfile.LibsndfileError: it is none of them.
        Undecodable: its header cannot be true.
    """
    file = soundfile.SoundFile(stream)
    try:
        _plausible(file.samplerate, file.channels)
    except Undecodable:
        file.close()
        raise
    promised = file.frames if 0 <= file.frames < 1 << 60 else None
    return Source(file.samplerate, file.channels, promised, lambda: _soundfile_blocks(file), file.close)


def _soundfile_blocks(file: Any) -> Iterator[Block]:
    if file.subtype == "PCM_16" and file.format in _PLAIN:
        yield from _blocks_of_shorts(file)
        return
    frames = max(1, BLOCK_SAMPLES // file.channels)
    buffer = np.empty((frames, file.channels), np.float32)
    with closing(file):
        while True:
            # Where reading fails, nothing says how far it came: what no longer holds this mark was decoded.
            buffer.fill(np.nan)
            try:
                block = file.read(frames, dtype="float32", always_2d=True, out=buffer)
            except (soundfile.SoundFileError, RuntimeError) as error:
                yield from _salvaged(buffer)
                raise Broken(str(error)) from error
            if len(block) == 0:
                return
            yield block


def _blocks_of_shorts(file: Any) -> Iterator[Block]:
    """The same numbers as libsndfile's own conversion, which takes three times as long as both steps here."""
    frames = max(1, BLOCK_SAMPLES // file.channels)
    shorts = np.empty((frames, file.channels), np.int16)
    floats = np.empty((frames, file.channels), np.float32)
    with closing(file):
        while True:
            try:
                count = len(file.read(frames, dtype="int16", always_2d=True, out=shorts))
            except (soundfile.SoundFileError, RuntimeError) as error:
                raise Broken(str(error)) from error
            if count == 0:
                return
            np.multiply(shorts[:count], np.float32(1 / 32768), out=floats[:count])
            yield floats[:count]


def _salvaged(buffer: Block) -> Iterator[Block]:
    decoded = np.flatnonzero(~np.isnan(buffer[:, -1]))
    if decoded.size:
        yield buffer[: decoded[-1] + 1]


def open_with_ffmpeg(stream: BinaryIO) -> Source:
    """Open whatever FFmpeg can, limited to a list of containers, and to this one file.

    Raises:
        Unsupported: it holds moving pictures, or no sound.
        Undecodable: its header cannot be true.
        av.FFmpegError: it cannot be read.
    """
    import av

    container: Any = av.open(
        stream,
        mode="r",
        options={"format_whitelist": _DEMUXERS, "protocol_whitelist": "none", "probesize": "2000000"},
        metadata_errors="replace",
        io_open=_refuse_other_files,
    )
    frames = _tolerant(container, av.FFmpegError)
    try:
        first = _first_frame(container, frames)
        rate_hz, channels = first.sample_rate, len(first.layout.channels)
        _plausible(rate_hz, channels)
    except BaseException:
        container.close()
        raise

    def blocks() -> Iterator[Block]:
        with closing(container):
            yield from _gathered(chain((first,), frames), channels, av.AudioFifo())

    return Source(rate_hz, channels, _promised(container, rate_hz), blocks, container.close)


def _refuse_other_files(*_: object) -> BinaryIO:
    raise PermissionError("the recording asks for other files")


def _first_frame(container: Any, frames: Iterator[Any]) -> Any:
    if any(not _is_cover(stream) for stream in container.streams.video):
        raise Unsupported("neither picture nor sound: a video")
    if not container.streams.audio:
        raise Unsupported("the container holds no sound")
    container.streams.audio[0].thread_type = "NONE"
    for frame in frames:
        if frame.samples:
            return frame
    raise Undecodable("not one sample of it can be decoded")


def _is_cover(stream: Any) -> bool:
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.attached_pic)


def _promised(container: Any, rate_hz: int) -> int | None:
    stream = container.streams.audio[0]
    # Bare streams (ADTS, AMR) hold no length; what FFmpeg says of them is a guess from the bit rate.
    if not stream.duration or not stream.time_base or not container.format.name.startswith(("mov", "ogg", "asf")):
        return None
    return int(stream.duration * stream.time_base * rate_hz)


def _tolerant(container: Any, failure: type[Exception]) -> Iterator[Any]:
    """Decode packet by packet; single packets that fail are left out, as players do."""
    failed = 0
    packets = container.demux(container.streams.audio[0])
    while True:
        try:
            packet = next(packets, None)
        except failure as error:
            raise Broken(str(error)) from error
        if packet is None:
            return
        try:
            yield from packet.decode()
        except failure as error:
            failed += 1
            if failed > _MOST_FAILED_PACKETS:
                raise Broken(str(error)) from error


def _floats(frame: Any, channels: int) -> Block:
    samples = frame.to_ndarray()
    kind = frame.format.name.removesuffix("p")
    frames: NDArray[Any] = samples.T if frame.format.is_planar else samples.reshape(-1, channels)
    if kind not in ("flt", "dbl", *_FULL_SCALE):
        raise Broken(f"its sample format {kind} is not known")
    centre, scale = (128.0 if kind == "u8" else 0.0), _FULL_SCALE.get(kind, 1.0)
    if scale == 1.0:
        return np.ascontiguousarray(frames, dtype=np.float32)
    return np.ascontiguousarray((frames - centre) / scale, dtype=np.float32)


def _gathered(frames: Iterator[Any], channels: int, queue: Any) -> Iterator[Block]:
    """Join the decoder's small frames into blocks before they enter Python, where each would cost its time."""
    size = max(1, BLOCK_SAMPLES // channels)
    broken: Broken | None = None
    try:
        for frame in frames:
            frame.pts = None
            queue.write(frame)
            while queue.samples >= size:
                yield _floats(queue.read(size), channels)
    except ValueError:
        broken = Broken("its sample rate or channels change midway")
    except Broken as error:
        broken = error
    if rest := queue.read(size, partial=True):
        yield _floats(rest, channels)
    if broken is not None:
        raise broken


def _plausible(rate_hz: int, channels: int) -> None:
    if rate_hz not in _RATES_HZ:
        raise Undecodable(f"its header claims {rate_hz} samples per second")
    if not 1 <= channels <= _MOST_CHANNELS:
        raise Undecodable(f"its header claims {channels} channels")
