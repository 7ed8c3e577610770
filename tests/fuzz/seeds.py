"""Writes the corpus that fuzzing begins with: small, whole examples of everything that is parsed."""

import io
import json
import sys
import tarfile
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import rights_targets
from report_samples import manifest

from core_samples import PHASH, SOUND, contents, image_record, picture
from workprint import store
from workprint.model import Depth, Failure, Limits, Stage
from workprint.portfolio import write_portfolio
from workprint.serial.lines import failure_to_json, manifest_to_json
from workprint.serial.records import to_table

FAILURE = Failure("a.png", Stage.DECODE, "truncated", "cut short")


def seeds(folder: Path) -> dict[str, list[bytes]]:
    """By target."""
    write_portfolio(folder / "p", contents(previews=True))
    rows = [(image_record("a", 1), {"caption": "one"}), FAILURE]
    records = io.BytesIO()
    pq.write_table(to_table(rows, (PHASH, SOUND)), records)
    store.write_part(store.Part(folder / "part", 0), "shard", rows, (PHASH, SOUND))
    store.create(folder / "s", store.StoreHeader("1", "d", "folder", Depth.FAST, (PHASH,), Limits()))
    table = pa.table({"image": [picture(1), picture(2)], "caption": ["a", "=1+1"]})
    return {
        "index": [(folder / "p").read_bytes()],
        "records": [records.getvalue()],
        "part": [(folder / "part").read_bytes()],
        "header": [(folder / "s" / store.HEADER).read_bytes()],
        "results": [json.dumps(failure_to_json(FAILURE)).encode()],
        "terms": [b"uses:\n  ai_generative_training: not_allowed\n"],
        "tar": [_tar()],
        "zip_archive": [_zip()],
        "parquet": [_parquet(table)],
        "arrow": [_arrow(table)],
        "lines": [b'{"path": "a.png", "caption": "x"}\n', b"path,caption\na.png,x\n"],
        "heads": [picture(1), picture(1, "JPEG"), b"RIFF\0\0\0\0WAVEfmt "],
        "layouts": [print_.value for print_ in image_record("a", 1).fingerprints],
        "run": [_run()],
        "corpora": [bytes([at]) + b"\n" + data for at, data in enumerate(CORPORA)],
        "cleaned": [_tar(), _zip(), b'{"path": "a.png"}\n{"path": "b.png"}\n'],
        **rights_targets.seeds(folder),
        "addresses": [b"a.tar!b%20c.png", b"../../etc/passwd"],
    }


CORPORA = (
    b"file_name,left_file_name,text\na.png,b.png,x\n",
    b'{"file_name": "a.png", "file_names": ["b.png"]}\n',
    b"client_id\tpath\tsentence\n1\ta\tb\n",
    b"84-1-0 WORDS\n",
    b'{"images": [{"id": 1, "file_name": "a.png", "license": 1}], "annotations": [{"image_id": 1, "caption": "x"}],'
    b' "licenses": [{"id": 1, "name": "CC"}]}',
    b"a a.png\nb cat x |\n",
    b"a r 0.5 1.5\n",
    b'{"_data_files": [{"filename": "a.arrow"}]}',
    b'{"id": "c", "start": 0, "duration": 1, "recording": {"id": "r", "sources": [{"type": "file", '
    b'"source": "a.png"}]}}\n',
    b"\x1f\x8b",
    b"PAR1",
    b'{"audio_filepath": "a.png", "offset": 0.5, "duration": 1}\n',
)


def _run() -> bytes:
    """What stands in `run.json`, on one line, so that it is lines, too."""
    return json.dumps(manifest_to_json(manifest())).encode()


def _tar() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in ("a.png", "a.json", "n" * 150 + ".png"):
            member = tarfile.TarInfo(name)
            member.size = 10
            archive.addfile(member, io.BytesIO(b"{}        "))
    return stream.getvalue()


def _zip() -> bytes:
    import zipfile

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", picture(1))
        archive.writestr("a.txt", "a caption")
    return stream.getvalue()


def _parquet(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


def _arrow(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    return stream.getvalue()


def main() -> None:
    """Write them below the folder named."""
    with tempfile.TemporaryDirectory() as scratch:
        for target, datas in seeds(Path(scratch)).items():
            place = Path(sys.argv[1]) / target
            place.mkdir(parents=True, exist_ok=True)
            for number, data in enumerate(datas):
                (place / f"seed-{number}").write_bytes(data)


if __name__ == "__main__":
    main()
