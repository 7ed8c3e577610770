"""What is scanned, as it comes out of containers and decoders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from workprint.model.vocabulary import Stage

if TYPE_CHECKING:  # numpy takes longer to import than `workprint --help` may take in all
    import numpy as np
    from numpy.typing import NDArray


Attributes = Mapping[str, Any]
"""What the dataset says of an item: URL, caption, licence and other columns. JSON values only. Untrusted text."""

Extent = tuple[str, ...] | range | None
"""The part of a container that a shard covers: member names, a range of rows, or all of it."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One unit of work in a dataset: an archive, a range of rows, or a run of files."""

    shard_id: str
    """Unique in the dataset, the same on every machine: a path below the dataset, and the part if it has several."""
    uri: str
    """Where the container can be opened: a local path or an fsspec URL."""
    extent: Extent = None


@dataclass(frozen=True, slots=True)
class Item:
    """One record in a shard."""

    item_id: str
    """The address that leads back to the row: `path`, `archive!member`, `table#row=17,column=image`."""
    shard_id: str
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Blob:
    """The bytes of an item, in memory or behind something that can be opened more than once."""

    size_bytes: int
    open: Callable[[], BinaryIO]
    stamp: str = ""
    """Of a file of its own: something that is another once the file has changed."""

    @classmethod
    def of(cls, data: bytes) -> Blob:
        """Wrap bytes that are already in memory."""
        return cls(len(data), lambda: BytesIO(data))

    @classmethod
    def at(cls, path: Path) -> Blob:
        """A file, opened when it is read."""
        return cls(path.stat().st_size, lambda: path.open("rb"))

    def read(self) -> bytes:
        """Return all bytes."""
        with self.open() as stream:
            return stream.read()


@dataclass(frozen=True, slots=True)
class Failure:
    """An item that could not be processed, and why."""

    subject_id: str
    stage: Stage
    code: str
    """One of the `code`s in `workprint.errors`."""
    detail: str
    """A sentence for a person. May quote the dataset: untrusted text."""
    attributes: Attributes = field(default_factory=dict)
    """What the dataset says of the item all the same."""


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A file in a dataset that does not claim to be media (`README.md`, a caption), by its ending."""

    item_id: str
    ending: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what one item may cost. They are part of a run's manifest, because they decide what fails."""

    max_pixels: int = 200_000_000
    max_seconds: float = 12 * 3600.0
    max_item_bytes: int = 4 * 1024**3
    max_item_seconds: float = 600.0
    """What one item may take, reading it included; it is held to this from outside its process."""
    max_memory_bytes: int = 4 * 1024**3
    """What a worker process may allocate in all."""


@dataclass(frozen=True, slots=True)
class Raster:
    """A decoded picture, upright (EXIF orientation applied), in luminance, at its working size."""

    pixels: NDArray[np.uint8]
    """uint8 (height, width), ITU-R 601 luma as JPEG and Pillow define it; not multiplied by alpha."""
    alpha: NDArray[np.uint8] | None
    """uint8 (height, width); None where every pixel is opaque."""
    width_px: int
    """Width of the upright original; `pixels` may be smaller."""
    height_px: int
    content_digest: str
    """SHA-256 (hex) of what is seen: all decoded pixels, or a JPEG's coded image data without its metadata."""


@dataclass(frozen=True, slots=True)
class Waveform:
    """A stretch of decoded sound, mono."""

    samples: NDArray[np.float32]
    """float32 (n,), full scale is ±1."""
    sample_rate_hz: int


@dataclass(frozen=True, slots=True)
class Picture:
    """What a report shows of one side of a match: a thumbnail, or a waveform and perhaps a player."""

    mime_type: str
    """Of `data`; empty where there is nothing to show or play."""
    data: bytes
    peaks: tuple[float, ...] = ()
    """Sound: loudness of equal stretches, 0 to 1, to draw."""
    duration_s: float = 0.0
    play_offset_s: float = 0.0
    """Sound: where in the recording `data` begins."""
