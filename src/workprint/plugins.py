"""Which class stands behind a name. Classes are imported when they are first asked for, so that a command pays only
for what it uses."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workprint.errors import DatasetError, EngineUnavailable, FormatError, UsageError
from workprint.model import Depth, Limits, Medium

if TYPE_CHECKING:
    from workprint.protocols import (
        CandidateIndex,
        DatasetReader,
        Engine,
        Fingerprinter,
        JoinedIndex,
        ReportWriter,
        SignalReader,
    )

READERS = {
    "kaldi": "workprint.datasets.speech:KaldiReader",
    "huggingface": "workprint.datasets.folder:SavedDatasetReader",
    "img2dataset": "workprint.datasets.folder:Img2datasetReader",
    "common_voice": "workprint.datasets.folder:CommonVoiceReader",
    "ljspeech": "workprint.datasets.folder:LjSpeechReader",
    "librispeech": "workprint.datasets.folder:LibriSpeechReader",
    "coco": "workprint.datasets.folder:CocoReader",
    "imagefolder": "workprint.datasets.folder:ImageFolderReader",
    "folder": "workprint.datasets.folder:FolderReader",
    "tar": "workprint.datasets.archives:TarReader",
    "zip": "workprint.datasets.archives:ZipReader",
    "url_table": "workprint.datasets.url_table:UrlTableReader",
    "parquet": "workprint.datasets.parquet:ParquetReader",
    "arrow": "workprint.datasets.arrow:ArrowReader",
    "lhotse": "workprint.datasets.speech:LhotseReader",
    "nemo": "workprint.datasets.speech:NemoReader",
    "manifest": "workprint.datasets.manifest:ManifestReader",
}
"""In the order in which they are asked whether they recognise a dataset."""

REPORTS = {
    "html": "workprint.reports.html:HtmlReport",
    "csv": "workprint.reports.table:CsvReport",
    "jsonl": "workprint.reports.lines:JsonLinesReport",
    "sarif": "workprint.reports.sarif:SarifReport",
    "markdown": "workprint.reports.step_summary:StepSummary",
    "overview": "workprint.reports.overview:OverviewReport",
}

SIGNAL_READERS = {
    "embedded": "workprint.rights.inside:EmbeddedSignals",
}
"""All of them are asked about every file."""

ENGINES = {
    "local": "workprint.engines.local:LocalEngine",
    "ray": "workprint.engines.ray:RayEngine",
}

PRELOAD = ("workprint.engines.one_thread", "workprint.warm")
"""Modules that worker processes find imported when they begin."""

PRELOAD_FOR_HASHES = ("workprint.engines.one_thread", "workprint.warm_hashes")
"""The same where records without anything but hashes and digests are compared: no decoder, and few kernels."""

_HASHES = frozenset({"image.phash"})

FINGERPRINTERS = {
    (Medium.IMAGE, Depth.FAST): ("workprint.fingerprints.image_hash:ImageHash",),
    (Medium.IMAGE, Depth.THOROUGH): (
        "workprint.fingerprints.image_hash:ImageHash",
        "workprint.fingerprints.image_local:ImageLocal",
    ),
    (Medium.AUDIO, Depth.FAST): ("workprint.fingerprints.audio:AudioFingerprinter",),
    (Medium.AUDIO, Depth.THOROUGH): ("workprint.fingerprints.audio:AudioFingerprinter",),
}

DECODE_PX = {Depth.FAST: 64, Depth.THOROUGH: 1024}
"""Longest side, at least, that pictures are decoded to."""

SOUND_RATE_HZ = 8_000
"""Sample rate that recordings are resampled to."""

DIGEST_RECIPE = "digest.sha256/1;"

INDEXES = {
    "digest.sha256": "workprint.matching.digests:DigestIndex",
    "image.phash": "workprint.matching.image_hash:HashIndex",
    "image.features": "workprint.matching.image_features:ImageFeatureIndex",
    "audio.peaks": "workprint.matching.audio:AudioIndex",
}
"""By the recipe's name. Recipes without an index (signatures for publishing) are carried, not looked up."""

JOINED = {
    "digest.sha256": "workprint.matching.joined:JoinedDigests",
    "image.phash": "workprint.matching.joined:JoinedHashes",
    "image.features": "workprint.matching.joined:JoinedFeatures",
    "audio.peaks": "workprint.matching.joined_recordings:JoinedRecordings",
}
"""What tells of many portfolios which are worth asking. Of recipes without it, each is asked."""


def resolve(place: str) -> Any:
    """The object that `module:name` names."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


def reader(uri: str, name: str | None, limits: Limits, media_root: str = "") -> DatasetReader:
    """The reader called `name`, or the first that recognises what is at `uri`.

    Behind a name and `@` may stand the folder that paths in a manifest are below, as readers themselves are called;
    else it is `media_root`, if that is given.

    Raises:
        UsageError: there is no reader of that name, or it follows no paths, so that it needs no `media_root`.
        DatasetError: nothing is there, it may not be read, or nothing recognises it.
    """
    if name is not None:
        name, _, root = name.partition("@")
        return _reader(_named(READERS, name, "reader"), limits, root or media_root)
    resolve("workprint.datasets.places:require_present")(uri)
    for place in READERS.values():
        follows = getattr(resolve(place), "links", False)
        candidate = _reader(resolve(place), limits, media_root if follows else "")
        if candidate.recognises(uri):
            return candidate if follows else _reader(resolve(place), limits, media_root)
    error: DatasetError = resolve("workprint.datasets.places:unrecognised")(uri)
    raise error


def _reader(kind: Any, limits: Limits, media_root: str) -> DatasetReader:
    if not media_root:
        return kind(limits=limits)  # type: ignore[no-any-return]
    if not getattr(kind, "links", False):
        raise UsageError(f"only manifests have a media root; this is read as {kind.name}, which follows no paths")
    return kind(limits=limits, media_root=media_root)  # type: ignore[no-any-return]


def report_writer(name: str) -> ReportWriter:
    """The report writer called `name`. Raises `UsageError`."""
    return _named(REPORTS, name, "report format")()  # type: ignore[no-any-return]


def engine(name: str, jobs: int, limits: Limits, address: str = "", stored: Sequence[str] | None = None) -> Engine:
    """The engine called `name`, for so many jobs (0: as many as it has processors), held to limits.

    Where it is only to compare what is stored, `stored` names the recipes of that.

    Raises:
        UsageError: there is no engine of this name, or nothing that it could use is at `address`.
        EngineUnavailable: it needs a package that is not installed.
    """
    try:
        return _named(ENGINES, name, "engine")(jobs, limits, _preload(stored), address)  # type: ignore[no-any-return]
    except ImportError as error:
        raise EngineUnavailable(
            f"the engine {name!r} needs the package {error.name!r}, which is not installed: "
            f"pip install 'workprint[{name}]'"
        ) from error


def make_ready(engine_name: str, stored: Path | None = None) -> None:
    """Let what an engine needs get ready beside the caller, who has still to import what a scan needs: half a second.

    Where it is only to compare what is stored, `stored` is the store. It changes nothing but time, and may be left out.
    """
    if engine_name != "local":
        return
    recipes = None
    if stored is not None:
        with suppress(FormatError):  # told by who opens the store
            recipes = resolve("workprint.store:read_header")(stored).recipes
    resolve("workprint.engines.local:make_ready")(_preload(recipes))


def _preload(stored: Sequence[str] | None) -> Sequence[str]:
    """What worker processes import: less where what is stored, by these recipes, is hashes and digests only."""
    looked_up = INDEXES.keys() & {recipe.partition("/")[0] for recipe in stored or ()}
    return PRELOAD if stored is None or looked_up - _HASHES else PRELOAD_FOR_HASHES


def fingerprinters(medium: Medium, depth: Depth) -> list[Fingerprinter[Any]]:
    """What is made of each item of a medium."""
    if medium is Medium.IMAGE:
        return [resolve(place)(DECODE_PX[depth]) for place in FINGERPRINTERS[medium, depth]]
    return [resolve(place)() for place in FINGERPRINTERS[medium, depth]]


def signal_readers() -> list[SignalReader]:
    """What reads the rights signals of each file."""
    return [resolve(place)() for place in SIGNAL_READERS.values()]


def index_class(recipe_id: str) -> type[CandidateIndex] | None:
    """The index that looks fingerprints of a recipe up; None where they are not meant for that."""
    place = INDEXES.get(recipe_id.partition("/")[0])
    return resolve(place) if place else None


def joined_class(recipe_id: str) -> type[JoinedIndex] | None:
    """What joins the indexes of a recipe; None where there is nothing."""
    place = JOINED.get(recipe_id.partition("/")[0])
    return resolve(place) if place else None


def medium_of(recipe_id: str) -> Medium | None:
    """The medium a recipe is for; None where it serves both."""
    return next((medium for medium in Medium if recipe_id.startswith(f"{medium}.")), None)


def _named(places: dict[str, str], name: str, what: str) -> Any:
    if name not in places:
        raise UsageError(f"there is no {what} {name!r}; there are {', '.join(places)}")
    return resolve(places[name])
