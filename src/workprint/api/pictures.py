"""Small pictures and clips of what was found, kept beside the results so that a report can show them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, islice
from pathlib import Path

from workprint.datasets.addresses import decode_name
from workprint.errors import FormatError, ItemError
from workprint.media.pictures import sound_pictures, thumbnail
from workprint.media.sniff import sniff
from workprint.model import Blob, Failure, Finding, Limits, Medium, PassedOver, Picture, Segment, Shard, TimeSpan, Work
from workprint.portfolio import Portfolio
from workprint.protocols import DatasetReader
from workprint.store import write_atomically

PICTURES = "pictures"
MOST_PICTURES = 500
"""Findings that are shown with pictures; the rest is in `findings.jsonl`."""
_MAX_FILE_BYTES = 20_000_000


def collect_pictures(
    reader: DatasetReader, found: Iterable[tuple[Shard, Sequence[Finding]]], output: Path, limits: Limits
) -> None:
    """Read the items of the first `MOST_PICTURES` findings once more, and keep a picture of each."""
    folder = output / PICTURES
    budget = MOST_PICTURES
    for shard, findings in found:
        wanted = list(islice(findings, budget))
        budget -= len(wanted)
        if wanted:
            folder.mkdir(exist_ok=True)
            _collect_from(reader, shard, wanted, (folder, limits))


def item_pictures(output: Path, findings: Iterable[Finding]) -> dict[str, Picture]:
    """The pictures that were kept, by finding id. Raises `FormatError` where one is damaged."""
    pictures = {}
    for finding in findings:
        path = output / PICTURES / f"{finding.finding_id}.json"
        if finding.finding_id.isalnum() and path.is_file():
            pictures[finding.finding_id] = _from_json(path)
    return pictures


def work_pictures(works: Iterable[Work], media: Path, limits: Limits) -> dict[str, Picture]:
    """Pictures of works from the folder that was given to `index`, by `picture_key`."""
    pictures = {}
    for work in works:
        path = file_below(media, work.work_id)
        if path:
            blob = Blob.at(path)
            for picture in pictures_of(blob, work.medium, [None], limits):
                pictures[picture_key(work.work_id, work.creator)] = picture
    return pictures


def previews(portfolio: Portfolio, wanted: Mapping[int, Work]) -> dict[str, Picture]:
    """Pictures of works that the creator put into the portfolio, by `picture_key`."""
    found = {work: portfolio.preview(position) for position, work in wanted.items()}
    return {picture_key(work.work_id, work.creator): picture for work, picture in found.items() if picture}


def picture_key(work_id: str, creator: str) -> str:
    """How `Report.work_pictures` names a work."""
    return f"{work_id}\n{creator}"


def pictures_of(blob: Blob, medium: Medium, segments: Sequence[Segment | None], limits: Limits) -> Sequence[Picture]:
    """A thumbnail, or a waveform with a clip, for each segment; nothing if the media cannot be read any more."""
    try:
        if sniff(blob) is not medium:
            return ()
        if medium is Medium.IMAGE:
            return [thumbnail(blob, limits)] * len(segments)
        return sound_pictures(blob, limits, [one if isinstance(one, TimeSpan) else None for one in segments])
    except (ItemError, OSError):
        return ()  # it was readable a moment ago; a report without one picture is better than none


def _collect_from(reader: DatasetReader, shard: Shard, findings: Sequence[Finding], place: tuple[Path, Limits]) -> None:
    folder, limits = place
    wanted: dict[str, list[Finding]] = {}
    for finding in findings:
        wanted.setdefault(finding.item, []).append(finding)
    for read in reader.read(shard):
        if isinstance(read, Failure | PassedOver) or read[0].item_id not in wanted:
            continue
        for medium, group in groupby(wanted.pop(read[0].item_id), key=lambda finding: finding.medium):
            in_item = list(group)
            segments = [finding.item_segment for finding in in_item]
            for finding, picture in zip(in_item, pictures_of(read[1], medium, segments, limits), strict=False):
                write_atomically(folder / f"{finding.finding_id}.json", _to_json(picture))
        if not wanted:
            return


def file_below(folder: Path, work_id: str) -> Path | None:
    """The file with that work id, unless it is none, or the id (a stranger's) leads out of the folder.

    Where several folders were indexed at once, ids begin with the name of the folder.
    """
    try:
        root = folder.resolve()
        for name in (work_id, work_id.removeprefix(f"{root.name}/")):
            path = (root / decode_name(name)).resolve()
            if path.is_relative_to(root) and path.is_file():
                return path
    except (OSError, ValueError):  # too long, or with a zero byte in it
        pass
    return None


def _to_json(picture: Picture) -> bytes:
    fields = {name: getattr(picture, name) for name in Picture.__slots__}
    return json.dumps({**fields, "data": base64.b64encode(picture.data).decode()}).encode()


def _from_json(path: Path) -> Picture:
    try:
        with path.open("rb") as stream:
            fields = json.loads(stream.read(_MAX_FILE_BYTES))
        data, peaks = base64.b64decode(fields["data"]), tuple(float(peak) for peak in fields["peaks"])
        seconds = (float(fields[name]) for name in ("duration_s", "play_offset_s"))
        return Picture(str(fields["mime_type"]), data, peaks, *seconds)
    except (OSError, KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise FormatError(f"{path} is damaged") from error
