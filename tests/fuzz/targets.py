"""One function for each parser of ours: it takes any bytes, and may raise nothing but what the parser documents."""

import json
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import rights_targets

from workprint import store
from workprint.cleaning.archives import clean_tar, clean_zip
from workprint.cleaning.tables import clean_lines
from workprint.consent.terms import read_terms
from workprint.datasets.addresses import container_of, decode_name, encode_name
from workprint.datasets.archives import TarReader, ZipReader
from workprint.datasets.arrow import ArrowReader
from workprint.datasets.attributes import from_sidecars
from workprint.datasets.folder import FolderReader
from workprint.datasets.kinds import container_kind
from workprint.datasets.manifest import ManifestReader
from workprint.datasets.parquet import ParquetReader
from workprint.datasets.paths import safe_relative
from workprint.datasets.speech import KaldiReader, LhotseReader, NemoReader
from workprint.errors import ItemError, WorkprintError
from workprint.findings import FAILURES, FINDINGS, RUN, read_failures, read_results
from workprint.media.jpeg import coded_digest, count_scans
from workprint.media.png import without_text
from workprint.media.sniff import sniff
from workprint.model import Blob, Limits, PassedOver
from workprint.portfolio import Portfolio
from workprint.protocols import DatasetReader
from workprint.serial.audio_layout import PeakBytesError, decode_peaks
from workprint.serial.image_layout import LayoutError, decode
from workprint.serial.lines import failure_from_json, finding_from_json, manifest_from_json
from workprint.serial.record_files import read_rows

RECIPES = ("image.phash/1;bits=256,decode_px=64", "audio.peaks/1;for=tests")
SCRATCH = Path(tempfile.mkdtemp(prefix="workprint-fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))


def _file(data: bytes, name: str = "file") -> Path:
    path = SCRATCH / name
    path.write_bytes(data)
    return path


def index(data: bytes) -> None:
    """A portfolio index, its digests not checked, so that what they protect is reached."""
    portfolio = Portfolio(_file(data), verify=False)
    for recipe in portfolio.recipes:
        portfolio.tables(recipe)
    list(portfolio.records())
    portfolio.signals()
    portfolio.preview(0)


def records(data: bytes) -> None:
    """Fingerprint records in Parquet."""
    list(read_rows(pa.BufferReader(data), RECIPES, "fuzz"))


def part(data: bytes) -> None:
    """A part of a store."""
    one = store.Part(_file(data), 0)
    store.read_count(one)
    for columns in store.read_columns(one, RECIPES):
        columns.audio_s()
        for recipe in RECIPES:
            columns.value_sizes(recipe)


def header(data: bytes) -> None:
    """What a store says of itself."""
    _file(data, store.HEADER)
    store.read_header(SCRATCH)


def results(data: bytes) -> None:
    """Lines of findings and failures, and a run's manifest."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return
    for read in (finding_from_json, failure_from_json, manifest_from_json):
        try:
            read(value)
        except WorkprintError:
            continue


def terms(data: bytes) -> None:
    """Terms in YAML."""
    read_terms(_file(data, "terms.yaml"))


def _read(reader: DatasetReader, data: bytes, name: str) -> None:
    uri = str(_file(data, name))
    for shard in reader.shards(uri):
        for read in reader.read(shard):
            if not isinstance(read, PassedOver) and isinstance(read, tuple):
                read[1].read()


LIMITS = Limits(max_item_bytes=1 << 20)


def tar(data: bytes) -> None:
    """A tar archive, packed or not."""
    _read(TarReader(LIMITS), data, "a.tar")


def zip_archive(data: bytes) -> None:
    """A zip archive."""
    _read(ZipReader(LIMITS), data, "a.zip")


def parquet(data: bytes) -> None:
    """A table of media in Parquet."""
    _read(ParquetReader(LIMITS), data, "a.parquet")


def arrow(data: bytes) -> None:
    """A table of media in Arrow."""
    _read(ArrowReader(LIMITS), data, "a.arrow")


def lines(data: bytes) -> None:
    """A manifest of JSON lines, and one of comma-separated values."""
    for name in ("a.jsonl", "a.csv"):
        try:
            _read(ManifestReader(LIMITS), data, name)
        except WorkprintError:
            continue


def heads(data: bytes) -> None:
    """What bytes are, and the parts of pictures that decide what is seen."""
    container_kind(data)
    without_text(data)
    count_scans(data)
    coded_digest(data, 1)
    from_sidecars({".json": data, ".txt": data})
    sniff(Blob.of(data))


def layouts(data: bytes) -> None:
    """Local features, and peaks of sound."""
    for read, refusal in ((decode, LayoutError), (decode_peaks, PeakBytesError)):
        try:
            read(data)
        except refusal:
            continue


def addresses(data: bytes) -> None:
    """Names become addresses and back; stated paths stay below their folder."""
    text = data.decode("utf-8", "surrogateescape")
    assert decode_name(encode_name(text)) == text
    container_of(text)
    path = safe_relative(text)
    assert not path.startswith(("/", "../"))
    assert path != ".."


def run(data: bytes) -> None:
    """A results folder: `run.json`, and lines."""
    for name in (RUN, FINDINGS, FAILURES):
        _file(data, name)
    try:
        read_results(SCRATCH)
    finally:
        for _ in read_failures(SCRATCH):
            pass


def corpora(data: bytes) -> None:
    """Tables of corpora beside files, one after the other: their first line says which."""
    name, _, content = data.partition(b"\n")
    folder = SCRATCH / "corpus"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "clips").mkdir(parents=True)
    (folder / "wavs").mkdir()
    (folder / "a.png").write_bytes(b"x")
    kind = CORPORA[name[0] % len(CORPORA) if name else 0]
    (folder / kind).write_bytes(content)
    if kind == "segments":
        (folder / "wav.scp").write_bytes(content)
    for reader in (FolderReader(LIMITS), KaldiReader(LIMITS), NemoReader(LIMITS), LhotseReader(LIMITS)):
        uri = str(folder if isinstance(reader, FolderReader | KaldiReader) else folder / kind)
        if reader.recognises(uri):
            for shard in reader.shards(uri):
                for read in reader.read(shard):
                    assert read


CORPORA = ("metadata.csv", "metadata.jsonl", "t.tsv", "1.trans.txt", "a.coco.json", "wav.scp", "segments",
           "state.json", "cuts.jsonl", "cuts.jsonl.gz", "metadata.parquet", "manifest.json")  # fmt: skip


def cleaned(data: bytes) -> None:
    """Archives and manifests that are copied without one item."""
    out = SCRATCH / "clean"
    for name, clean in (("a.tar", clean_tar), ("a.zip", clean_zip)):
        with suppress(WorkprintError):
            clean(_file(data, name), out, name, [f"{name}!a.png"])
    with suppress(WorkprintError):
        clean_lines(_file(data, "a.jsonl"), out, ["a.jsonl#row=0,column=path"])


TARGETS: dict[str, Callable[[bytes], None]] = {
    one.__name__: one
    for one in (
        *(index, records, part, header, results, terms, tar, zip_archive, parquet, arrow, lines, heads, layouts),
        *(addresses, run, corpora, cleaned),
        *rights_targets.TARGETS,
    )
}


def one_input(name: str, data: bytes) -> None:
    """Run a target on bytes; what is documented to be raised is not."""
    try:
        TARGETS[name](data)
    except (WorkprintError, ItemError):
        return
