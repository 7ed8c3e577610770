"""What the rows of speech manifests point at: a whole recording, or a segment of one."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from workprint.datasets.rows import Row
from workprint.errors import ItemError, Missing, Undecodable, Unsupported

MAX_TRACKS = 256


@dataclass(frozen=True, slots=True)
class Pointer:
    """One item of a row."""

    column: str
    stated: object
    """The path as the row has it; anything but a text names no file."""
    said: Row
    start_s: float | None = None
    """None for the whole file."""
    end_s: float | None = None
    """None for its end."""
    problem: ItemError | None = None
    """Why it cannot be followed."""


Pointing = Callable[[Row], Iterator[Pointer]]


def columns(names: list[str]) -> Pointing:
    """Point with each of these columns at a whole file."""

    def pointing(row: Row) -> Iterator[Pointer]:
        for name in names:
            yield Pointer(name, row.get(name), row)

    return pointing


def nemo(row: Row) -> Iterator[Pointer]:
    """NVIDIA NeMo: `audio_filepath`, and `offset` and `duration` in seconds where it is a segment."""
    if row.get("offset") is None:
        yield Pointer("audio_filepath", row.get("audio_filepath"), row)
    else:
        yield _segment("audio_filepath", row.get("audio_filepath"), row, (row["offset"], row.get("duration")))


def lhotse_cuts(row: Row) -> Iterator[Pointer]:
    """Lhotse's cuts: a segment of the recording that stands in the row; a mixed cut points at each of its tracks."""
    tracks = row.get("tracks")
    if isinstance(tracks, list):
        if len(tracks) > MAX_TRACKS:
            problem = Unsupported(f"a cut of {len(tracks):,} tracks is not taken apart")
            yield Pointer("tracks", None, {"id": row.get("id")}, problem=problem)
            return
        cuts = [(f"tracks.{at}", track.get("cut")) for at, track in enumerate(tracks) if isinstance(track, dict)]
    else:
        cuts = [("recording", row)]
    for column, cut in cuts:
        recording = cut.get("recording") if isinstance(cut, dict) else None
        if isinstance(cut, dict) and isinstance(recording, dict):
            said = {"id": row.get("id"), "recording_id": recording.get("id"), **_supervised(cut.get("supervisions"))}
            yield from _of_recording(recording, column, said, (cut.get("start"), cut.get("duration")))
        elif not (isinstance(cut, dict) and "recording" not in cut and "feat_value" in cut):  # silence put in between
            yield Pointer(column, None, {"id": row.get("id")}, problem=Missing("the cut holds no recording"))


def lhotse_recordings(row: Row) -> Iterator[Pointer]:
    """Lhotse's recordings: each source of the row, whole."""
    said = {key: value for key, value in row.items() if not isinstance(value, dict | list)}
    return _of_recording(row, "sources", said, None)


def lhotse_supervisions(recording_of: Callable[[str], Row | None]) -> Pointing:
    """Lhotse's supervisions: a segment of the recording whose id they name."""

    def pointing(row: Row) -> Iterator[Pointer]:
        recording = recording_of(str(row.get("recording_id")))
        said = {key: value for key, value in row.items() if not isinstance(value, dict | list)}
        if recording is None:
            problem = Missing("there is no recording of this id in the recordings' manifest beside this one")
            yield Pointer("recording_id", None, said, problem=problem)
        else:
            yield from _of_recording(recording, "recording_id", said, (row.get("start"), row.get("duration")))

    return pointing


def kaldi_recordings(said_of: Callable[[str], Row]) -> Pointing:
    """Kaldi's `wav.scp`: an id and a path."""

    def pointing(row: Row) -> Iterator[Pointer]:
        said = {"utterance_id": row["id"], **said_of(str(row["id"]))}
        yield Pointer("path", row.get("path"), said, problem=_kaldi_problem(row.get("path")))

    return pointing


def kaldi_segments(said_of: Callable[[str], Row], path_of: Callable[[str], object]) -> Pointing:
    """Kaldi's `segments`: an id, the id of a recording in `wav.scp`, and two times; a negative end is its end."""

    def pointing(row: Row) -> Iterator[Pointer]:
        said = {"utterance_id": row["id"], "recording_id": row.get("recording"), **said_of(str(row["id"]))}
        path = path_of(str(row.get("recording")))
        if path is None:
            problem = Missing(f"there is no recording {str(row.get('recording'))[:100]} in wav.scp")
            yield Pointer("recording", None, said, problem=problem)
            return
        start_s, end_s = _seconds(row.get("start")), _seconds(row.get("end"))
        if start_s is None or start_s < 0 or end_s is None:
            yield Pointer("recording", path, said, problem=Undecodable("the segment's times are no numbers"))
        else:
            end = end_s if end_s >= 0 else None
            yield Pointer("recording", path, said, start_s, end, _kaldi_problem(path))

    return pointing


def _kaldi_problem(stated: object) -> ItemError | None:
    if not isinstance(stated, str):
        return None
    if stated.rstrip().endswith("|") or stated.lstrip().startswith("|"):
        return Unsupported("it is a command to be run, and nothing from a dataset is run; store its output as files")
    if ".ark:" in stated:
        return Unsupported("a Kaldi archive is not read; copy what is in it to files")
    return None


def _of_recording(recording: Row, column: str, said: Row, place: tuple[Any, Any] | None) -> Iterator[Pointer]:
    sources = recording.get("sources")
    if not isinstance(sources, list) or not sources or not all(isinstance(source, dict) for source in sources):
        yield Pointer(column, None, said, problem=Missing("the recording has no source"))
        return
    for at, source in enumerate(sources):
        name = column if len(sources) == 1 else f"{column}.{at}"
        stated = source.get("source")
        if source.get("type") != "file":
            kind = str(source.get("type"))[:40]
            problem = Unsupported(f"its source is of the type {kind!r}; only files are opened, and nothing is run")
            yield Pointer(name, None, said, problem=problem)
        elif place is None or _is_whole(recording, *place):
            yield Pointer(name, stated, said)
        else:
            yield _segment(name, stated, said, place)


def _is_whole(recording: Row, start_s: object, duration_s: object) -> bool:
    return start_s == 0 and duration_s is not None and duration_s == recording.get("duration")


def _segment(column: str, stated: object, said: Row, place: tuple[Any, Any]) -> Pointer:
    start_s, duration_s = _seconds(place[0]), _seconds(place[1])
    if start_s is None or duration_s is None or start_s < 0 or duration_s <= 0:
        problem = Undecodable("the beginning and length of the segment are no numbers of seconds")
        return Pointer(column, stated, said, problem=problem)
    return Pointer(column, stated, said, start_s, round(start_s + duration_s, 6))


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) < 1e9 else None


def _supervised(supervisions: object) -> Row:
    """Return what the supervisions of a cut say: texts and speakers, joined."""
    entries = [entry for entry in supervisions if isinstance(entry, dict)] if isinstance(supervisions, list) else []
    said: Row = {}
    for key in ("text", "speaker", "language"):
        values = dict.fromkeys(str(entry[key]) for entry in entries[:MAX_TRACKS] if entry.get(key))
        if values:
            said[key] = "; ".join(values)
    return said
