"""Manifests of speech corpora: against the kit, segments of long recordings, and what is never followed or run."""

import gzip
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from test_conventions import PICTURE, SOUND, failures_of, reads_of, said_of, write
from test_dataset_kits import write_files

from workprint import api, plugins
from workprint.datasets.segments import cut
from workprint.datasets.speech import KaldiReader, LhotseReader, NemoReader
from workprint.errors import StoreConflict, TooLarge, Truncated, Unsupported, UsageError
from workprint.ingest import Pipeline
from workprint.media.sound_sources import open_with_ffmpeg
from workprint.model import Blob, Depth, Failure, Limits
from workprint.protocols import DatasetReader
from workprint.testing import DatasetReaderKit, items_of, some_media

RATE_HZ = 8000
NOISE = np.random.default_rng(5).integers(-20000, 20000, (3 * RATE_HZ, 2)).astype(np.int16)
"""Three seconds, two channels."""


def flac(samples: np.ndarray) -> bytes:
    """A FLAC file of these samples."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, RATE_HZ, format="FLAC")
    return buffer.getvalue()


def lines(*rows: Mapping[str, object]) -> str:
    """Rows as JSON Lines."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def recording(name: str, source: str, kind: str = "file") -> dict[str, object]:
    """One of Lhotse's recordings, three seconds long."""
    return {
        "id": name,
        "sources": [{"type": kind, "channels": [0, 1], "source": source}],
        "sampling_rate": RATE_HZ,
        "num_samples": 3 * RATE_HZ,
        "duration": 3.0,
    }


class TestNemo(DatasetReaderKit):
    """NeMo."""

    def reader(self) -> DatasetReader:
        """See the kit."""
        return NemoReader()

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        write_files(folder, media)
        rows = lines(*({"audio_filepath": name, "duration": 1.0, "text": "said"} for name in media))
        return f"{write(folder, {'train.json': rows})}/train.json"


class TestLhotseRecordings(DatasetReaderKit):
    """Lhotse's recordings, packed."""

    def reader(self) -> DatasetReader:
        """See the kit."""
        return LhotseReader()

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        write_files(folder, media)
        text = lines(*(recording(f"r{at}", name) for at, name in enumerate(media)))
        return f"{write(folder, {'recordings.jsonl.gz': gzip.compress(text.encode())})}/recordings.jsonl.gz"


class TestLhotseCuts(DatasetReaderKit):
    """Lhotse's cuts of whole recordings."""

    def reader(self) -> DatasetReader:
        """See the kit."""
        return LhotseReader()

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        write_files(folder, media)
        cuts = (
            {"id": f"c{at}", "start": 0, "duration": 3.0, "recording": recording(name, name), "type": "MonoCut"}
            for at, name in enumerate(media)
        )
        return f"{write(folder, {'cuts.jsonl': lines(*cuts)})}/cuts.jsonl"


class TestKaldi(DatasetReaderKit):
    """A Kaldi data folder without segments."""

    def reader(self) -> DatasetReader:
        """See the kit."""
        return KaldiReader()

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        write_files(folder, media)
        return write(folder, {"wav.scp": "".join(f"u{at} {name}\n" for at, name in enumerate(media))})

    def damage(self, uri: str) -> bool:
        """See the kit."""
        (Path(uri) / "plain.png").unlink()
        return True


@pytest.mark.parametrize("kit", [TestNemo, TestLhotseRecordings, TestLhotseCuts, TestKaldi])
def test_each_kind_is_recognised_by_its_content(kit: type[DatasetReaderKit], tmp_path: Path) -> None:
    """Without being told, the reader is the one of that kind."""
    assert plugins.reader(kit().write(tmp_path, some_media()), None, Limits()).name == kit().reader().name


def corpora(folder: Path) -> dict[str, tuple[str, str]]:
    """The same second of the same recording, from 0.5 s to 1.5 s, in every manifest; and its row's address."""
    cut = {"id": "c", "start": 0.5, "duration": 1.0, "recording": recording("r", "long.flac"), "type": "MonoCut"}
    words = {"text": "hello", "speaker": "ann"}
    files = {
        "nemo.jsonl": lines({"audio_filepath": "long.flac", "offset": 0.5, "duration": 1.0, **words}),
        "cuts.jsonl": lines({**cut, "supervisions": [{"id": "s", **words}]}),
        "mixed.jsonl": lines({"id": "m", "type": "MixedCut", "tracks": [{"cut": cut}, {"cut": {"feat_value": -23}}]}),
        "x_recordings.jsonl": lines(recording("r", "long.flac")),
        "x_supervisions.jsonl": lines({"id": "s", "recording_id": "r", "start": 0.5, "duration": 1.0, **words}),
        "kaldi/wav.scp": "r long.flac\n",
        "kaldi/segments": "u r 0.5 1.5\n",
        "kaldi/text": "u hello\n",
        "kaldi/utt2spk": "u ann\n",
        "long.flac": flac(NOISE),
        "kaldi/long.flac": flac(NOISE),
    }
    write(folder, files)
    names = ("nemo.jsonl", "cuts.jsonl", "mixed.jsonl", "x_supervisions.jsonl", "kaldi")
    return {name: (str(folder / name), "long.flac#start_s=0.5,end_s=1.5,row=0") for name in names}


@pytest.mark.parametrize("name", ["nemo.jsonl", "cuts.jsonl", "mixed.jsonl", "x_supervisions.jsonl", "kaldi"])
def test_a_segment_is_the_samples_of_that_stretch(name: str, tmp_path: Path) -> None:
    """Its address leads to file, times and row, and it is equal in content to a file of just these samples."""
    uri, address = corpora(tmp_path)[name]
    ((item, data),) = items_of(plugins.reader(uri, None, Limits()), uri)
    alone = flac(NOISE[RATE_HZ // 2 : RATE_HZ * 3 // 2])

    pipeline = Pipeline(Depth.FAST, Limits())
    segment, whole = (pipeline.record("x", Blob.of(sound)) for sound in (data, alone))

    assert item.item_id == address
    assert segment.content_digest == whole.content_digest
    assert segment.extent == (1.0,)


@pytest.mark.parametrize("name", ["nemo.jsonl", "cuts.jsonl", "x_supervisions.jsonl", "kaldi"])
def test_words_and_speakers_reach_the_segment(name: str, tmp_path: Path) -> None:
    """Whatever the manifest calls them."""
    uri, address = corpora(tmp_path)[name]

    assert said_of(uri)[address].items() >= {"text": "hello", "speaker": "ann"}.items()


def test_segments_that_cannot_be_are_failures(tmp_path: Path) -> None:
    """Beyond the end, without length, no number, of a picture, of nothing: each costs itself; an end is bounded."""
    rows = [
        {"offset": 3.5, "duration": 1},
        {"offset": 1, "duration": 0},
        {"offset": -1, "duration": 1},
        {"offset": 1, "duration": float("nan")},
        {"offset": "x", "duration": 1},
        {"offset": 1},
        {"offset": 2.5, "duration": 10},
        {"audio_filepath": "a.png", "offset": 1, "duration": 1},
        {"audio_filepath": "none.wav", "offset": 1, "duration": 1},
        {"audio_filepath": None, "offset": 1, "duration": 1},
    ]
    text = lines(*({"audio_filepath": "long.flac", **row} for row in rows))
    uri = write(tmp_path, {"m.jsonl": text, "long.flac": flac(NOISE), "a.png": PICTURE}) + "/m.jsonl"

    assert [code for _, code in failures_of(uri)] == [
        "truncated", "undecodable", "undecodable", "undecodable", "undecodable", "undecodable",
        "unsupported", "missing", "missing",
    ]  # fmt: skip
    assert list(said_of(uri)) == ["long.flac#start_s=2.5,end_s=12.5,row=6"]


def test_long_segments_are_bounded(tmp_path: Path) -> None:
    """More seconds or bytes than the limits allow are not cut."""
    row = {"audio_filepath": "long.flac", "offset": 0.5, "duration": 2}
    uri = write(tmp_path, {"m.jsonl": lines(row), "long.flac": flac(NOISE)}) + "/m.jsonl"

    for limits in (Limits(max_seconds=1), Limits(max_item_bytes=100_000)):
        (read,) = reads_of(uri, NemoReader(limits))
        assert isinstance(read, Failure)
        assert read.code == "too_large"


def test_commands_are_never_run(tmp_path: Path) -> None:
    """Pipes in `wav.scp`, archives, and sources that are commands or URLs are failures, and nothing happens."""
    trap = tmp_path / "trap"
    kaldi = write(
        tmp_path / "k", {"wav.scp": f"a touch {trap} |\nb | touch {trap}\nc x.ark:12\nd ok.wav\n", "ok.wav": SOUND}
    )
    cuts = lines(
        *({"id": "c", "start": 0, "duration": 3, "recording": recording("r", f"touch {trap}", kind), "type": "MonoCut"}
          for kind in ("command", "url", "shar"))
    )  # fmt: skip
    lhotse = write(tmp_path / "l", {"cuts.jsonl": cuts}) + "/cuts.jsonl"

    assert [code for _, code in failures_of(kaldi)] == ["unsupported"] * 3
    assert [code for _, code in failures_of(lhotse)] == ["unsupported"] * 3
    assert list(said_of(kaldi)) == ["wav.scp#row=3,column=path"]
    assert not trap.exists()


def test_absolute_paths_below_the_manifest_are_followed(tmp_path: Path) -> None:
    """NeMo's manifests are full of them; all others stay refused."""
    rows = lines({"audio_filepath": str(tmp_path / "d" / "a.flac")}, {"audio_filepath": str(tmp_path / "b.wav")},
                 {"audio_filepath": str(tmp_path / "d" / ".." / "b.wav")})  # fmt: skip
    uri = write(tmp_path / "d", {"m.jsonl": rows, "a.flac": SOUND}) + "/m.jsonl"
    write(tmp_path, {"b.wav": SOUND})

    assert [code for _, code in failures_of(uri)] == ["unsafe_path", "unsafe_path"]
    assert list(said_of(uri)) == ["m.jsonl#row=0,column=audio_filepath"]


def test_supervisions_without_their_recordings_say_so(tmp_path: Path) -> None:
    """They point at nothing that can be found."""
    row = {"id": "s", "recording_id": "r", "start": 0, "duration": 1.0}
    uri = write(tmp_path, {"x_supervisions.jsonl": lines(row)}) + "/x_supervisions.jsonl"

    assert failures_of(uri) == [("x_supervisions.jsonl#row=0,column=recording_id", "missing")]


def test_a_packed_manifest_that_is_cut_is_one_failure(tmp_path: Path) -> None:
    """What it held is not known, and that is said."""
    text = lines(*({"audio_filepath": f"{number}.wav", "hash": str(hash((number, "x")))} for number in range(5000)))
    packed = gzip.compress(text.encode())
    uri = write(tmp_path, {"m.jsonl.gz": packed[: len(packed) // 2]}) + "/m.jsonl.gz"

    assert [code for _, code in failures_of(uri)] == ["undecodable"]


@pytest.mark.parametrize("form", ["relative", "absolute"])
def test_media_may_lie_elsewhere_than_the_manifest(form: str, small: Path, tmp_path: Path) -> None:
    """Below the folder that is named, and nowhere else; a store says so, and is not continued with another."""
    media, lists = tmp_path / "media", tmp_path / "lists"
    media.mkdir()
    lists.mkdir()
    (media / "a.flac").write_bytes(flac(NOISE))
    (tmp_path / "secret.flac").write_bytes(flac(NOISE))
    path = "a.flac" if form == "relative" else str(media / "a.flac")
    rows = [{"audio_filepath": path, "duration": 3.0}, {"audio_filepath": str(tmp_path / "secret.flac")}]
    uri = lists / "train.jsonl"
    uri.write_text(lines(*rows, {"audio_filepath": "../secret.flac"}))
    settings = api.Settings(jobs=1, depth=Depth.FAST, media_root=str(media))

    counts = api.fingerprint(str(uri), tmp_path / "store", settings)

    assert [(count.fingerprinted, count.failed) for count in counts] == [(1, {"unsafe_path": 2})]
    said = dict(api.inspect(str(tmp_path / "store")))
    assert said["reader"] == f"nemo@{media}"
    assert dict(api.inspect(str(uri), media_root=str(media)))["item"].startswith("train.jsonl#row=0")
    with pytest.raises(StoreConflict, match="another reader"):
        api.fingerprint(str(uri), tmp_path / "store", replace(settings, media_root=str(tmp_path)))
    with pytest.raises(UsageError, match="only manifests have a media root"):
        api.fingerprint(str(small / "works"), tmp_path / "other", settings)


def packed_sound(form: str, codec: str, rate_hz: int) -> bytes:
    """Four seconds of falling tones in a container of packets."""
    import av

    at_s = np.arange(4 * rate_hz) / rate_hz
    samples = (0.3 * np.sin(2 * np.pi * (900 - 100 * at_s) * at_s)).astype(np.float32)
    stream = io.BytesIO()
    with av.open(stream, "w", format=form) as container:
        track = container.add_stream(codec, rate=rate_hz, layout="mono")
        size = 960 if codec == "libopus" else 1024
        resampler = av.AudioResampler(format=track.format, layout="mono", rate=rate_hz, frame_size=size)
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = rate_hz, 0
        for one in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(track.encode(one))
        container.mux(track.encode(None))
    return stream.getvalue()


@pytest.mark.parametrize(("form", "codec", "rate_hz"), [("mp4", "aac", 16_000), ("webm", "libopus", 48_000)])
def test_segments_are_cut_where_only_packets_can_be_sought(form: str, codec: str, rate_hz: int) -> None:
    """They are what a decoder of the whole recording gives there; other files hold none."""
    data = packed_sound(form, codec, rate_hz)
    source = open_with_ffmpeg(io.BytesIO(data))
    whole = np.concatenate([block.copy() for block in source.blocks()])

    with soundfile.SoundFile(cut(Blob.of(data), 1.5, 2.75, Limits()).blob.open()) as sound:
        part, found_hz = sound.read(dtype="float32", always_2d=True), sound.samplerate
    rest = soundfile.info(cut(Blob.of(data), 3.0, None, Limits()).blob.open())

    assert (found_hz, len(part)) == (rate_hz, int(1.25 * rate_hz))
    starts = (int(1.5 * rate_hz) + shift for shift in range(-rate_hz // 1000, rate_hz // 1000 + 1))  # WebM counts in ms
    assert min(np.abs(part - whole[start : start + len(part)]).max() for start in starts) < 0.02
    assert 0.8 < rest.duration < 1.2
    with pytest.raises(Truncated):
        cut(Blob.of(data), 60.0, 61.0, Limits())
    with pytest.raises(TooLarge):
        cut(Blob.of(data), 0.0, 4.0, Limits(max_seconds=2.0))
    with pytest.raises(TooLarge):
        cut(Blob.of(data), 0.0, 4.0, Limits(max_item_bytes=10_000))
    with pytest.raises(Unsupported):
        cut(Blob.of(PICTURE), 0.0, 1.0, Limits())
