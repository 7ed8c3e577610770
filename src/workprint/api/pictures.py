"""Small pictures and clips of what was found, kept beside the results so that a report can show them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from workprint import plugins
from workprint.datasets.addresses import decode_name
from workprint.errors import FormatError, ItemError
from workprint.media.pictures import sound_pictures, thumbnail
from workprint.media.sniff import sniff
from workprint.model import Blob, Finding, Limits, Medium, Picture, Segment, Shard, TimeSpan, Work
from workprint.portfolio import Portfolio
from workprint.protocols import Attempt, Engine
from workprint.store import write_atomically

PICTURES = "pictures"
MOST_PICTURES = 500
"""Findings that are shown with pictures; the rest is in `findings.jsonl`."""
_MAX_FILE_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class Shown:
    """Findings to be shown, all in one shard."""

    order: int
    """Position of the shard in the dataset."""
    shard: Shard
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class CollectPictures:
    """Reads items once more, in a process that may die: a picture that kills it is not shown, and that is all."""

    uri: str
    reader: str
    limits: Limits

    def __call__(self, shown: Shown, attempt: Attempt) -> dict[str, Picture]:
        """The pictures that can be made, by finding id."""
        reader = plugins.reader(self.uri, self.reader, self.limits)
        wanted: dict[str, list[Finding]] = {}
        for finding in shown.findings:
            wanted.setdefault(finding.item, []).append(finding)
        made: dict[str, Picture] = {}
        with suppress(ItemError):  # of `over`: nothing more can be read
            for read, lost in attempt.over(reader.read(shown.shard)):
                if isinstance(read, tuple) and not lost:
                    made |= _pictures_in(read[1], wanted.pop(read[0].item_id, []), self.limits)
                if not wanted:
                    break
        return made


def collect_pictures(engine: Engine, collect: CollectPictures, found: Iterable[Shown], output: Path) -> None:
    """Keep a picture of each of the first `MOST_PICTURES` findings."""
    budget, tasks = MOST_PICTURES, list[Shown]()
    for shown in found:
        findings = shown.findings[:budget]
        budget -= len(findings)
        if findings:
            tasks.append(replace(shown, findings=findings))
    folder = output / PICTURES
    if tasks:
        folder.mkdir(exist_ok=True)
    for made in engine.map(collect, tasks):
        for finding_id, picture in made.items():
            write_atomically(folder / f"{finding_id}.json", _to_json(picture))


def _pictures_in(blob: Blob, findings: Sequence[Finding], limits: Limits) -> dict[str, Picture]:
    made: dict[str, Picture] = {}
    for medium, group in groupby(findings, key=lambda finding: finding.medium):
        in_item = list(group)
        pictures = pictures_of(blob, medium, [finding.item_segment for finding in in_item], limits)
        made |= {finding.finding_id: picture for finding, picture in zip(in_item, pictures, strict=False)}
    return made


def item_pictures(output: Path, findings: Iterable[Finding]) -> dict[str, Picture]:
    """The pictures that were kept, by finding id. Raises `FormatError` where one is damaged."""
    pictures = {}
    for finding in findings:
        path = output / PICTURES / f"{finding.finding_id}.json"
        if finding.finding_id.isalnum() and path.is_file():
            pictures[finding.finding_id] = _from_json(path)
    return pictures


def work_pictures(works: Iterable[Work], media: Path, limits: Limits) -> dict[str, Picture]:
    """Pictures of works from the folder that was given to `index`, by `picture_key`; made in other processes."""
    tasks = [(work, path) for work in works if (path := file_below(media, work.work_id))]
    engine: Engine = plugins.engine("local", 0, limits)
    made = engine.map(_PictureOfWork(limits), tasks) if tasks else ()
    return {key: picture for pictures in made for key, picture in pictures.items()}


@dataclass(frozen=True, slots=True)
class _PictureOfWork:
    limits: Limits

    def __call__(self, task: tuple[Work, Path], attempt: Attempt) -> dict[str, Picture]:
        work, path = task
        pictures: Sequence[Picture] = ()
        for _, lost in attempt.over([path]):
            pictures = () if lost else pictures_of(Blob.at(path), work.medium, [None], self.limits)
        return {picture_key(work.work_id, work.creator): picture for picture in pictures}


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
    except (ItemError, OSError, MemoryError):
        return ()  # it was readable a moment ago; a report without one picture is better than none


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
