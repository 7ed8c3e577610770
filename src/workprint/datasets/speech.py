"""Speech corpora that are manifests: NVIDIA NeMo, Lhotse and Kaldi."""

from collections.abc import Callable, Iterator
from functools import partial

from workprint.datasets.keyed import KeyedRows
from workprint.datasets.manifest import ManifestReader, first_rows
from workprint.datasets.places import EntryKind, folder_of, name_of, place_of, require_present
from workprint.datasets.pointers import (
    Pointing,
    kaldi_recordings,
    kaldi_segments,
    lhotse_cuts,
    lhotse_recordings,
    lhotse_supervisions,
    nemo,
)
from workprint.datasets.remote import without_secrets
from workprint.datasets.rows import Layout, Row
from workprint.errors import DatasetError, ItemError
from workprint.model import Shard

_WAV_SCP, _SEGMENTS = "wav.scp", "segments"
_SEGMENT_COLUMNS = ("id", "recording", "start", "end")
_KALDI_TABLES = {"text": "text", "utt2spk": "speaker", "utt2lang": "language"}
"""Files beside `segments` that say something of an utterance, and the attribute it becomes."""


class NemoReader(ManifestReader):
    """A NeMo manifest: JSON Lines with `audio_filepath`, and `offset` and `duration` for segments."""

    name = "nemo"

    def recognises(self, uri: str) -> bool:
        """See `DatasetReader.recognises`."""
        return super().recognises(uri) and any("audio_filepath" in row for row in _sniffed(self._layout, uri))

    def _pointing(self, uri: str) -> Pointing:  # noqa: ARG002 - every manifest of the kind points alike
        return nemo


class LhotseReader(ManifestReader):
    """Lhotse's cuts, recordings or supervisions: JSON Lines, packed or not."""

    name = "lhotse"

    def recognises(self, uri: str) -> bool:
        """See `DatasetReader.recognises`."""
        return super().recognises(uri) and self._kind(uri) != ""

    def _pointing(self, uri: str) -> Pointing:
        kind = self._kind(uri)
        if kind == "supervisions":
            recordings = self._recordings_beside(uri)
            return lhotse_supervisions(recordings.row if recordings else lambda _: None)
        return lhotse_cuts if kind == "cuts" else lhotse_recordings

    def _kind(self, uri: str) -> str:
        """Which of the three it is; empty for none of them."""
        rows = _sniffed(self._layout, uri)
        if any(row.get("type") in ("MonoCut", "MultiCut", "MixedCut") for row in rows):
            return "cuts"
        if any(isinstance(row.get("sources"), list) and "sampling_rate" in row for row in rows):
            return "recordings"
        return "supervisions" if any({"recording_id", "start", "duration"} <= set(row) for row in rows) else ""

    def _recordings_beside(self, uri: str) -> KeyedRows | None:
        """The recordings that supervisions speak of: in the file whose name differs in that word only."""
        name = name_of(uri)
        if "supervisions" not in name:
            return None
        beside = place_of(folder_of(uri)).child(name.replace("supervisions", "recordings"))
        if beside.kind() is not EntryKind.FILE:
            return None
        return KeyedRows(beside.uri, Layout(""), "id")


class KaldiReader(ManifestReader):
    """A Kaldi data folder: `wav.scp`, and `segments` if there is one; named as the folder or as its `wav.scp`.

    Commands in `wav.scp` are never run.
    """

    name = "kaldi"

    def recognises(self, uri: str) -> bool:
        """See `DatasetReader.recognises`."""
        return self._scp(uri) is not None

    def shards(self, uri: str) -> Iterator[Shard]:
        """See `DatasetReader.shards`."""
        require_present(uri)
        if not self.recognises(uri):
            raise DatasetError(f"{without_secrets(uri)} is no Kaldi data folder: there is no {_WAV_SCP} in it")
        yield from super().shards(uri)

    def _scp(self, uri: str) -> str | None:
        if name_of(uri) == _WAV_SCP and place_of(uri).kind() is EntryKind.FILE:
            return uri
        inside = place_of(uri).child(_WAV_SCP)
        is_folder = place_of(uri).kind() is EntryKind.FOLDER
        return inside.uri if is_folder and inside.kind() is EntryKind.FILE else None

    def _table(self, uri: str) -> str:
        scp = self._scp(uri) or uri
        segments = place_of(folder_of(scp)).child(_SEGMENTS)
        return segments.uri if segments.kind() is EntryKind.FILE else scp

    def _layout(self, uri: str) -> Layout:
        return Layout(" ", _SEGMENT_COLUMNS if name_of(uri) == _SEGMENTS else ("id", "path"))

    def _pointing(self, uri: str) -> Pointing:
        folder = place_of(folder_of(uri))
        tables = {
            attribute: KeyedRows(folder.child(name).uri, Layout(" ", ("id", attribute)), "id")
            for name, attribute in _KALDI_TABLES.items()
            if folder.child(name).kind() is EntryKind.FILE
        }
        said_of = partial(_said_of, tables)
        if name_of(uri) != _SEGMENTS:
            return kaldi_recordings(said_of)
        recordings = KeyedRows(folder.child(_WAV_SCP).uri, Layout(" ", ("id", "path")), "id")
        return kaldi_segments(said_of, lambda recording: (recordings.row(recording) or {}).get("path"))


def _said_of(tables: dict[str, KeyedRows], utterance: str) -> Row:
    rows = ((attribute, table.row(utterance)) for attribute, table in tables.items())
    return {attribute: row.get(attribute) for attribute, row in rows if row}


def _sniffed(layout: Callable[[str], Layout], uri: str) -> list[Row]:
    try:
        return first_rows(uri, layout(uri))
    except (ItemError, OSError):
        return []
