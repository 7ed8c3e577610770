"""Media and containers from strangers: each item is compared or fails with a reason, and the counts add up."""

import gzip
import io
import json
import os
import socket
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
from PIL import Image

from core_samples import picture, pixels
from hostile_samples import THOROUGH
from workprint import api
from workprint.errors import FormatError, ItemError
from workprint.findings import read_results
from workprint.ingest import Pipeline
from workprint.model import Blob, Depth, Limits, ShardCount

PIPELINE = Pipeline(Depth.FAST, Limits())
FLIPS = 30 if THOROUGH else 6
MEMBERS = 1_000_000 if THOROUGH else 20_000
CODES = {"empty", "truncated", "undecodable", "too_short", "low_information", "unsupported", "compared"}
PICTURES = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "HEIF")
SOUNDS = {"WAV": "wav", "FLAC": "flac", "MP3": "mp3", "OGG": "ogg", "OPUS": "ogg", "M4A": "mp4"}


def encoded_picture(form: str) -> bytes:
    """A picture in a format."""
    if form == "HEIF":
        from pillow_heif import register_heif_opener

        register_heif_opener()
    return picture(3, form)


def encoded_sound(form: str, seconds: float = 2.0) -> bytes:
    """Noise in a format."""
    samples = (np.random.default_rng(4).standard_normal(int(16_000 * seconds)) * 0.2).astype(np.float32)
    stream = io.BytesIO()
    if form != "M4A":
        kind = {"OGG": "VORBIS", "OPUS": "OPUS"}.get(form)
        soundfile.write(stream, samples, 16_000, format="OGG" if kind else form, subtype=kind)
        return stream.getvalue()
    import av

    with av.open(stream, "w", format="mp4") as container:
        track = container.add_stream("aac", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
        frame.sample_rate = 16_000
        container.mux([*track.encode(frame), *track.encode(None)])
    return stream.getvalue()


def outcome(data: bytes) -> str:
    """`compared`, or the code of the failure."""
    try:
        PIPELINE.record("item", Blob.of(data))
    except ItemError as error:
        return error.code if str(error).isprintable() else "unprintable"
    return "compared"


def encoded(form: str) -> bytes:
    """A picture or sound in a format."""
    return encoded_sound(form) if form in SOUNDS else encoded_picture(form)


@pytest.mark.fault("media of 14 formats cut at every tenth", "a failure with a reason, or what is left is compared")
@pytest.mark.parametrize("form", [*PICTURES, *SOUNDS])
def test_media_cut_at_every_tenth(form: str) -> None:
    """Nothing else is raised, and nothing is not a medium any more than it was."""
    data = encoded(form)
    assert outcome(data) == "compared"

    found = [outcome(data[: len(data) * tenth // 10]) for tenth in range(10)]

    assert found[0] == "empty"
    assert set(found) <= {
        "empty",
        "truncated",
        "undecodable",
        "too_short",
        "low_information",
        "unsupported",
        "compared",
    }


@pytest.mark.fault("media of 14 formats with wrong bytes", "a failure with a reason, or a medium")
@pytest.mark.parametrize("form", [*PICTURES, *SOUNDS])
def test_media_with_wrong_bytes(form: str) -> None:
    """Headers first, where most is decided."""
    data, rng = encoded(form), np.random.default_rng(5)
    for number in range(FLIPS):
        damaged = bytearray(data)
        for _ in range(8):
            damaged[int(rng.integers(min(len(data), 200) if number % 2 else len(data)))] = int(rng.integers(256))
        assert outcome(bytes(damaged)) in CODES | {"too_large"}


def png(width: int, height: int) -> bytes:
    """A picture of one bit a pixel, all of them black."""
    stream = io.BytesIO()
    Image.new("1", (width, height)).save(stream, "PNG")
    return stream.getvalue()


def lying(data: bytes, at: int, value: int, order: str = "little") -> bytes:
    """Four bytes replaced by a claim."""
    return data[:at] + value.to_bytes(4, "little" if order == "little" else "big") + data[at + 4 :]


def no_channels() -> bytes:
    """A WAV of zero channels."""
    data = bytearray(encoded_sound("WAV"))
    data[22:24] = b"\0\0"
    return bytes(data)


def silence(hours: float) -> bytes:
    """Silence at 8 kHz, eight bits a sample: packed, hardly anything."""
    stream = io.BytesIO()
    with soundfile.SoundFile(stream, "w", 8000, 1, "PCM_16", format="FLAC") as file:
        for _ in range(int(hours * 60)):
            file.write(np.zeros(8000 * 60, np.int16))
    return stream.getvalue()


def no_numbers() -> bytes:
    """Samples that are NaN and infinite."""
    stream = io.BytesIO()
    samples = np.tile(np.array([np.nan, np.inf, -np.inf, 0], np.float32), 8000)
    soundfile.write(stream, samples, 16_000, format="WAV", subtype="FLOAT")
    return stream.getvalue()


def frames(count: int) -> bytes:
    """A GIF of many pictures."""
    stream = io.BytesIO()
    first, *rest = (Image.fromarray(pixels(number % 5)).convert("P") for number in range(count))
    first.save(stream, "GIF", save_all=True, append_images=rest)
    return stream.getvalue()


def tiff(width: int, height: int, next_directory: int = 0) -> bytes:
    """A grey TIFF of one packed strip that holds a few bytes, whatever its header claims."""
    strip = zlib.compress(bytes(1000))
    tags = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 8), (262, 3, 1), (273, 4, 8)]
    tags += [(277, 3, 1), (278, 4, height), (279, 4, len(strip))]
    entries = b"".join(struct.pack("<HHLL", tag, kind, 1, value) for tag, kind, value in tags)
    at = 8 + len(strip) + len(strip) % 2
    directory = struct.pack("<H", len(tags)) + entries + struct.pack("<L", next_directory or 0)
    return b"II*\0" + struct.pack("<L", at) + strip + bytes(len(strip) % 2) + directory


def gif_canvas(width: int, height: int) -> bytes:
    """A GIF whose screen and only frame claim any size."""
    data = bytearray(picture(1, "GIF"))
    frame = data.index(b"\x2c", 13 + 768)
    for at in (6, frame + 5):
        data[at : at + 4] = struct.pack("<HH", width, height)
    return bytes(data)


ODD = {
    "a TIFF of 300 million pixels": (lambda: tiff(20_000, 15_000), {"too_large"}),
    "a TIFF that claims 2^64 pixels": (lambda: tiff(0xFFFFFFFF, 0xFFFFFFFF), {"too_large", "undecodable"}),
    "a TIFF whose directories go in a circle": (
        lambda: tiff(20, 50, 8 + len(zlib.compress(bytes(1000))) + len(zlib.compress(bytes(1000))) % 2),
        {"low_information"},
    ),
    "a GIF that claims 65,535 by 65,535 pixels": (lambda: gif_canvas(65_535, 65_535), {"too_large"}),
    "a gzip file of a hundred million zeros": (lambda: gzip.compress(bytes(100_000_000)), {"unsupported"}),
    "a hundred thousand opening brackets": (lambda: b"[" * 100_000, {"unsupported"}),
    "a PNG of 300 million pixels": (lambda: png(20_000, 15_000), {"too_large"}),
    "a PNG that claims four thousand million columns": (
        lambda: lying(picture(1), 16, 0xFFFFFFFF, "big"),
        {"too_large", "undecodable", "truncated"},
    ),
    "a PNG with a chunk of 0xFFFFFFFF bytes": (
        lambda: lying(picture(1), 33, 0xFFFFFFFF, "big"),
        {"undecodable", "truncated", "compared"},
    ),
    "a GIF of 300 pictures": (lambda: frames(300), {"compared"}),
    "a picture one pixel wide": (lambda: png(1, 20_000), {"low_information"}),
    "a picture 65,535 pixels wide": (lambda: png(65_535, 1), {"low_information"}),
    "a WAV without channels": (no_channels, {"undecodable", "unsupported"}),
    "a WAV that claims 0xFFFFFFFF bytes": (lambda: lying(encoded_sound("WAV"), 4, 0xFFFFFFFF), {"compared"}),
    "samples that are no numbers": (no_numbers, {"low_information"}),
    "ten hours of silence": (lambda: silence(10.0 if THOROUGH else 0.5), {"low_information"}),
}


@pytest.mark.fault("bombs, lying headers, odd sizes, ten hours of silence", "a failure with a fitting code")
@pytest.mark.parametrize("name", ODD)
def test_odd_media_fail_with_a_fitting_code(name: str) -> None:
    """Or are compared where there is nothing wrong with what is seen or heard."""
    make, fitting = ODD[name]

    assert outcome(make()) in fitting


def scanned(dataset: Path, output: Path) -> ShardCount:
    """Fingerprint a dataset; its whole denominator, after adding it up."""
    counts = api.fingerprint(str(dataset), output, api.Settings(depth=Depth.FAST, jobs=1))
    for count in counts:
        assert count.seen == count.fingerprinted + sum(count.failed.values())
    failed: dict[str, int] = {}
    for count in counts:
        for code, number in count.failed.items():
            failed[code] = failed.get(code, 0) + number
    return ShardCount("all", sum(one.seen for one in counts), sum(one.fingerprinted for one in counts), failed, {})


NAMES = ("a\nb.png", "\x1b[2J.png", "\u202egpj.png", "<script>alert(1)</script>.png".replace("/", "\u2215"), "=1+1.png")


@pytest.mark.fault("a folder of link loops, links out, pipes, sockets, devices and odd names", "each is one failure")
def test_a_hostile_folder_is_accounted_for(tmp_path: Path) -> None:
    """Nothing hangs and nothing outside is read; names with anything in them are names."""
    data = tmp_path / "data"
    data.mkdir()
    for number, name in enumerate(NAMES):
        (data / name).write_bytes(picture(number))
    Path(os.fsdecode(os.fsencode(data) + b"/\xff\xfe.png")).write_bytes(picture(7))
    (data / ("n" * 250 + ".png")).write_bytes(picture(8))
    (data / "loop").symlink_to(data)
    (data / "self.png").symlink_to(data / "self.png")
    (data / "out.png").symlink_to("/etc/passwd")
    (data / "null.png").symlink_to("/dev/zero")
    os.mkfifo(data / "pipe.png")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(data / "s.png"))
    server.close()

    count = scanned(data, tmp_path / "out")

    assert count.fingerprinted == len(NAMES) + 2
    assert count.seen == count.fingerprinted + 5
    assert set(count.failed) <= {"unsafe_path", "missing"}


def zip_of(members: Mapping[str, bytes]) -> bytes:
    """A zip archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def tar_of(path: Path, members: Mapping[str, bytes], kind: bytes = tarfile.REGTYPE) -> Path:
    """An archive with any names."""
    with tarfile.open(path, "w") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.type = len(data), kind
            archive.addfile(member, io.BytesIO(data))
    return path


@pytest.mark.fault("tars with very many members, archives in archives, names that lead out", "all accounted for")
def test_hostile_archives_are_accounted_for(tmp_path: Path) -> None:
    """Names open nothing, and archives are opened in archives, but not without end."""
    names = {f"../../{at}.png": picture(at) for at in range(3)} | {"/etc/a.png": picture(4), "a" * 4096 + ".png": b"x"}
    assert scanned(tar_of(tmp_path / "names.tar", names), tmp_path / "1").fingerprinted == 4
    assert not list(tmp_path.parent.glob("*.png"))

    inner = picture(1)
    for name in ("inner.png", *(f"{depth}.zip" for depth in range(5))):
        inner = zip_of({name: inner, f"{name}-beside.png": picture(3)})
    count = scanned(tar_of(tmp_path / "n.tar", {"a.zip": inner, "b.png": picture(2)}), tmp_path / "2")
    assert (count.fingerprinted, count.failed) == (4, {"unsupported": 1})

    heads = tarfile.TarInfo("a.png").tobuf() + tarfile.TarInfo("b.png").tobuf()
    with gzip.open(tmp_path / "many.tar.gz", "wb", compresslevel=1) as stream:
        for _ in range(MEMBERS // 1000):
            stream.write(heads * 500)
        stream.write(bytes(1024))
    assert scanned(tmp_path / "many.tar.gz", tmp_path / "3").failed == {"empty": MEMBERS}


def test_a_packed_archive_of_zeros_is_accounted_for(tmp_path: Path) -> None:
    """A member of terabytes that packs to nothing is passed over, and where the rest ends is said."""
    head = tarfile.TarInfo("zeros.png")
    head.size = 1 << 42
    with gzip.open(tmp_path / "bomb.tar.gz", "wb", compresslevel=6) as stream:
        stream.write(head.tobuf(tarfile.GNU_FORMAT))
        for _ in range(100):
            stream.write(bytes(1 << 20))

    count = scanned(tmp_path / "bomb.tar.gz", tmp_path / "out")

    assert (count.seen, count.failed) == (2, {"too_large": 1, "truncated": 1})


@pytest.mark.fault("names with a zero byte in archives and manifests", "names as others, or one failure each")
def test_names_with_a_zero_byte_open_nothing(tmp_path: Path) -> None:
    """No system has such names, so nothing there is opened by them."""
    (tmp_path / "a.zip").write_bytes(zip_of({"a_b.png": picture(1)}).replace(b"a_b.png", b"a\0b.png"))
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("x.png")
        member.size, member.pax_headers = len(picture(2)), {"path": "a\0b.png"}
        archive.addfile(member, io.BytesIO(picture(2)))
    (tmp_path / "plain.png").write_bytes(picture(3))
    (tmp_path / "a.jsonl").write_text(json.dumps({"path": "plain.png"}) + "\n" + json.dumps({"path": "a\0b.png"}))

    assert scanned(tmp_path / "a.zip", tmp_path / "1").fingerprinted == 1
    assert scanned(tmp_path / "a.tar", tmp_path / "2").fingerprinted == 1
    assert scanned(tmp_path / "a.jsonl", tmp_path / "3").failed == {"unsafe_path": 1}


@pytest.mark.fault("a table whose rows unfold to more than memory", "one failure; everything else is read")
def test_a_table_that_unfolds_to_more_than_memory_costs_itself(tmp_path: Path) -> None:
    """A long text that stands in every row is held once in the file, and once a row by whoever reads rows."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "fine.png").write_bytes(picture(1))
    words = pa.DictionaryArray.from_arrays(pa.array([0] * 64, pa.int32()), pa.array(["x" * (60 << 20)]))
    images = pa.array(
        [{"bytes": picture(2), "path": "a"}] * 64, pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    )
    pq.write_table(pa.table({"image": images, "caption": words}), data / "b.parquet", store_schema=False)
    limits = Limits(max_memory_bytes=1 << 30)

    counts = api.fingerprint(str(data), tmp_path / "out", api.Settings(depth=Depth.FAST, jobs=1, limits=limits))

    assert [(count.fingerprinted, count.failed) for count in counts] == [(1, {}), (0, {"out_of_memory": 1})]


@pytest.mark.fault("tables with wrong types, nulls in nulls, huge texts, formulas", "each row is accounted for")
def test_hostile_tables_are_accounted_for(tmp_path: Path) -> None:
    """What a cell says of an item is bounded; a cell without media is a failure."""
    cells = [
        {"bytes": picture(1), "path": "=1+1"},
        {"bytes": None, "path": None},
        None,
        {"bytes": b"", "path": "x" * 9},
    ]
    table = pa.table(
        {
            "image": pa.array(cells, pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
            "caption": ["=HYPERLINK(1)", "x" * 3_000_000, None, "\u202e\x1b[2J"],
            "deep": [[[None, [1.5]]], None, [None], [[None]]],
            "number": [float("nan"), float("inf"), None, 1.0],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")

    count = scanned(tmp_path / "a.parquet", tmp_path / "out")

    assert (count.seen, count.fingerprinted) == (4, 1)
    assert sum(count.failed.values()) == 3


@pytest.mark.fault("run.json whose counts do not add up", "refused")
def test_results_that_do_not_add_up_are_refused(tmp_path: Path, small: Path) -> None:
    """Whoever edits the denominator is found out."""
    api.scan(str(small / "works"), [small / "mine.workprint"], tmp_path / "out", api.Settings(jobs=1))
    path = tmp_path / "out" / "run.json"
    run = json.loads(path.read_text())
    run["shards"][0]["seen"] += 1
    path.write_text(json.dumps(run))

    with pytest.raises(FormatError, match="do not add up"):
        read_results(tmp_path / "out")
