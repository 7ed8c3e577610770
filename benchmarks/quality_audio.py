"""Recall per edit and clip length, false matches, speed and memory of audio fingerprints, beside Chromaprint's fpcalc.

    python benchmarks/quality_audio.py DIR [--clips 8] [--lengths 1,2,3,5,8] [--fpcalc-clips 2] [--long-hours 10]

DIR holds `portfolio/` (works) and `distractors/` (what is in no work; `other-speakers` and `music` also serve as noise
beds), searched for sound files at any depth. Where there are no distractors the beds are made up. With a `truth.json`
(the fixtures), every item of `dataset/` is checked against it. `pairs-short-words/{reference,reencoded}` is used where
it exists. Everything is decided by `--seed`.
"""

import argparse
import io
import json
import platform
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from workprint.edits.sounds import EDITS, Scene, Sound, made_up_scene, resampled
from workprint.errors import ItemError
from workprint.fingerprints.audio_peaks import PeakParameters, extract_peaks
from workprint.ingest import Pipeline
from workprint.matching.audio import AudioIndex
from workprint.model import Blob, Depth, FingerprintRecord, Limits, Match

RATE_HZ = 16_000
PEAK_RATE_HZ = PeakParameters().sample_rate_hz
ENDINGS = {".flac", ".ogg", ".wav", ".mp3", ".opus"}
PIPELINE = Pipeline(Depth.FAST, Limits())
RECIPE_ID = next(recipe for recipe in PIPELINE.recipes if recipe.startswith("audio.peaks/"))


@dataclass(frozen=True)
class Clip:
    """A stretch of a work."""

    work: int
    start_s: float
    sound: Sound


def main() -> None:
    """Run what the command line asks for, and print it."""
    options = parsed()
    print(f"seed {options.seed}, {platform.processor() or platform.machine()}, Python {platform.python_version()}")
    works = sounds_below(options.folder / "portfolio")
    records = [record_of(name, sound) for name, sound in works.items()]
    works = {name: sound for (name, sound), record in zip(works.items(), records, strict=True) if record}
    started = time.process_time()
    index = AudioIndex.build(RECIPE_ID, [record for record in records if record])
    hours = sum(sound.size for sound in works.values()) / RATE_HZ / 3600
    print(f"index: {len(works)} works, {hours:.2f} h, {time.process_time() - started:.1f} s to build")
    report_size(index, hours)
    if not options.recall_only:
        false_matches(options, works, index)
        against_truth(options, works, index)
        short_words(options)
    if options.lengths:
        recall(options, works, index)
    if not options.recall_only:
        speed(options)
    if options.long_hours:
        long_recording(options.long_hours)


def parsed() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=8, help="clips per edit and length")
    parser.add_argument(
        "--lengths", type=lambda text: [int(part) for part in text.split(",") if part], default=[1, 2, 3, 5, 8]
    )
    parser.add_argument("--fpcalc-clips", type=int, default=2, help="of these clips, how many fpcalc gets")
    parser.add_argument("--long-hours", type=float, default=0.0, help="also fingerprint one recording of this length")
    parser.add_argument("--recall-only", action="store_true", help="leave false matches and speed out")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def sounds_below(folder: Path) -> dict[str, Sound]:
    """Decode every sound file below a folder, in order of path, at `RATE_HZ`; empty ones are left out."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)
    decoded: dict[str, Sound] = {}
    for path in paths:
        try:
            decoded[path.relative_to(folder).as_posix()] = decoded_at(path, RATE_HZ)
        except sf.LibsndfileError as error:
            print(f"left out: {error}")
    return {name: sound for name, sound in decoded.items() if sound.size}


def decoded_at(path: Path, rate_hz: int) -> Sound:
    """Decode one file to mono."""
    samples, file_rate_hz = sf.read(path, dtype="float32", always_2d=True)
    return resampled(samples.mean(axis=1), file_rate_hz, rate_hz)


def record_of(name: str, sound: Sound) -> FingerprintRecord | None:
    """Fingerprint a sound at `RATE_HZ` as the scanner does; None where it is refused."""
    stream = io.BytesIO()
    sf.write(stream, sound, RATE_HZ, format="WAV", subtype="FLOAT")
    try:
        return PIPELINE.record(name, Blob.of(stream.getvalue()))
    except ItemError:
        return None


def report_size(index: AudioIndex, hours: float) -> None:
    """Print the bytes of the tables, in all and per hour of portfolio."""
    sizes = {name: table.nbytes for name, table in index.tables().items()}
    starts = sizes["pair_starts"] + sizes["triplet_starts"]
    print(f"index bytes: {starts / 1e6:.1f} MB starts + {(sum(sizes.values()) - starts) / hours / 1e6:.1f} MB per hour")


def recall(options: argparse.Namespace, works: dict[str, Sound], index: AudioIndex) -> None:
    """Print recall per edit and length, beside fpcalc's, and the means."""
    scenes = scenes_of(options)
    chromaprint = Chromaprint(list(works.values())) if options.fpcalc_clips else None
    clips = {length: picked(list(works.values()), length, options) for length in options.lengths}
    rows: list[float] = []
    rivals: list[float] = []
    clean: list[float] = []
    wrong = 0
    print(f"{'edit':34}" + "".join(f"{length:>4} s" for length in options.lengths) + "   mean   fpcalc")
    for name, edit in EDITS.items():
        found, rival = [], []
        for length in options.lengths:
            edited = [(clip, edit(clip.sound, scenes[number])) for number, clip in enumerate(clips[length])]
            outcomes = [judged(index, clip, sound, length) for clip, sound in edited]
            found.append(float(np.mean([right for right, _ in outcomes])))
            wrong += sum(others for _, others in outcomes)
            if chromaprint:
                rival += [chromaprint.finds(clip.work, sound) for clip, sound in edited[: options.fpcalc_clips]]
        rows.append(float(np.mean(found)))
        clean = found if name == "none" else clean
        rivals.append(float(np.mean(rival)) if rival else float("nan"))
        columns = "".join(f"{value:6.2f}" for value in found)
        print(f"{name:34}{columns} {rows[-1]:6.3f} {rivals[-1]:8.2f}", flush=True)
    print(f"matches of a wrong work {wrong}")
    missed("mean recall", float(np.mean(rows)), 0.97)
    missed("lowest mean of an edit", min(rows), 0.80)
    if 1 in options.lengths:
        missed("recall of clean clips of 1 s", clean[0], 0.90)
    print(f"fpcalc mean {np.mean(rivals):.3f}")


def missed(what: str, measured: float, target: float) -> None:
    """Print a figure, and by how much it misses its target."""
    outcome = "met" if measured >= target else f"MISSED by {target - measured:.3f}"
    print(f"{what}: {measured:.3f}; target {target:.2f}, {outcome}")


def scenes_of(options: argparse.Namespace) -> list[Scene]:
    """Return one scene per clip: its own seed, the same beds."""
    count = max(1, options.clips)
    folder = options.folder / "distractors"
    if not folder.is_dir():
        return [made_up_scene(RATE_HZ, options.seed + number) for number in range(count)]
    speech = np.concatenate(list(sounds_below(folder / "other-speakers").values()))
    music = np.concatenate(list(sounds_below(folder / "music").values()))
    crowd = [np.roll(speech, number * speech.size // 7)[: 60 * RATE_HZ] for number in range(6)]
    babble = np.sum(crowd, axis=0).astype(np.float32)
    return [Scene(RATE_HZ, options.seed + number, babble, music, speech) for number in range(count)]


def picked(works: list[Sound], length: int, options: argparse.Namespace) -> list[Clip]:
    """Pick clips that are not silent from works that are long enough, short works and long ones alike."""
    draw = np.random.default_rng((options.seed, length))
    long_enough = [number for number, work in enumerate(works) if work.size > length * RATE_HZ]
    clips: list[Clip] = []
    while len(clips) < options.clips:
        number = int(draw.choice(long_enough))
        start = int(draw.integers(0, works[number].size - length * RATE_HZ))
        sound = works[number][start : start + length * RATE_HZ]
        if np.sqrt(np.mean(sound**2)) > 0.01:
            clips.append(Clip(number, start / RATE_HZ, sound))
    return clips


def judged(index: AudioIndex, clip: Clip, sound: Sound, length: int) -> tuple[bool, int]:
    """Return whether a clip was found at its place, and how many matches name another work."""
    matches = matches_of(index, sound)
    right = any(
        match.work == clip.work
        and match.work_segment.start_s < clip.start_s + length
        and match.work_segment.end_s > clip.start_s
        for match in matches
    )
    return right, sum(match.work != clip.work for match in matches)


def matches_of(index: AudioIndex, sound: Sound) -> list[Match]:
    """Return the matches of a sound, none where it is refused."""
    record = record_of("item", sound)
    if record is None:
        return []
    return [match for candidate in index.candidates(record) for match in index.verify(record, candidate)]


class Chromaprint:
    """The works by fpcalc, and a search for the offset with the fewest different bits."""

    def __init__(self, works: list[Sound]) -> None:
        """Fingerprint the works."""
        self.prints = [self.of(work) for work in works]

    @staticmethod
    def of(sound: Sound) -> NDArray[np.uint32]:
        """Return the raw fingerprint; empty where fpcalc gives none."""
        with tempfile.NamedTemporaryFile(suffix=".wav") as file:
            sf.write(file.name, sound, RATE_HZ)
            done = subprocess.run(["fpcalc", "-raw", "-length", "0", file.name], capture_output=True, text=True)
        numbers = done.stdout.partition("FINGERPRINT=")[2].strip()
        return np.array(numbers.split(",") if numbers else [], dtype=np.uint64).astype(np.uint32)

    def finds(self, work: int, sound: Sound, most_errors: float = 0.30) -> bool:
        """Whether the right work has the fewest different bits, and few enough."""
        query = self.of(sound)
        if not query.size:
            return False
        errors = [self._errors(query, known) for known in self.prints]
        return int(np.argmin(errors)) == work and errors[work] <= most_errors

    @staticmethod
    def _errors(query: NDArray[np.uint32], known: NDArray[np.uint32]) -> float:
        size = min(query.size, known.size)
        if not size:
            return 1.0
        windows = np.lib.stride_tricks.sliding_window_view(known, size)
        return float(np.bitwise_count(windows ^ query[:size]).sum(axis=1).min()) / (32 * size)


def false_matches(options: argparse.Namespace, works: dict[str, Sound], index: AudioIndex) -> None:
    """Print every match of what must not match, and what the look-up of unrelated sound costs."""
    if not (options.folder / "distractors").is_dir():
        return
    names, checked, false, looked_up_s, sound_s = list(works), 0, 0, 0.0, 0.0
    for name, sound in negatives(options):
        record = record_of(name, sound)
        checked += 1
        if record is None:
            continue
        before = time.process_time()
        candidates = index.candidates(record)
        looked_up_s, sound_s = looked_up_s + time.process_time() - before, sound_s + sound.size / RATE_HZ
        for candidate in candidates:
            false += 1
            print(f"FALSE {name} -> {names[candidate.work]} {index.verify(record, candidate)}")
    for number, (name, sound) in enumerate(works.items()):
        checked += 1
        for match in matches_of(index, sound):
            if match.work != number:
                false += 1
                print(f"FALSE {name} -> {names[match.work]} {match}")
    print(f"negatives: {checked} items, {sound_s / 3600:.2f} h of distractors and all works")
    print(f"false matches: {false}; target 0, {'met' if not false else f'MISSED by {false}'}")
    print(f"look-up of what matches nothing: {looked_up_s / sound_s * 1e3:.1f} ms per second of sound", flush=True)


def against_truth(options: argparse.Namespace, works: dict[str, Sound], index: AudioIndex) -> None:
    """Print how many items of a dataset match the work that its `truth.json` names, and every wrong match."""
    path = options.folder / "truth.json"
    if not path.is_file():
        return
    items = {name: entry for name, entry in json.loads(path.read_text())["items"].items() if entry["medium"] == "audio"}
    names, found, wrong, present = list(works), 0, 0, 0
    for name, sound in sounds_below(options.folder / "dataset").items():
        true = items[name]["work"]
        named = {names[match.work] for match in matches_of(index, sound)}
        right = {each for each in named if true and each.endswith(true)}
        present, found, wrong = present + bool(true), found + bool(right), wrong + len(named - right)
        if named != right or (true and not right):
            print(f"{name}: {sorted(named)} instead of {true}")
    print(f"truth: {found} of {present} items found, {wrong} wrong matches")


def negatives(options: argparse.Namespace) -> Iterator[tuple[str, Sound]]:
    """Yield distractors as they are, some of them edited, and sounds that hold nothing."""
    scene = scenes_of(options)[0]
    hard: list[Callable[[Sound, Scene], Sound]] = [EDITS[name] for name in ("speed 1.1", "white 10 dB", "telephone")]
    for number, (name, sound) in enumerate(sounds_below(options.folder / "distractors").items()):
        yield name, sound
        yield f"{name} edited", hard[number % len(hard)](sound, scene)
    draw = np.random.default_rng(options.seed)
    steps = np.arange(20 * RATE_HZ) / RATE_HZ
    clicks = (draw.random(steps.size) < 2e-4).astype(np.float32)
    yield "silence", np.zeros(steps.size, dtype=np.float32)
    yield "tone", (0.3 * np.sin(2 * np.pi * 440 * steps)).astype(np.float32)
    yield "hum", sum(0.1 * np.sin(2 * np.pi * 50 * each * steps) for each in range(1, 30)).astype(np.float32)
    yield "beeps", (0.3 * np.sin(2 * np.pi * 1000 * steps) * (steps % 1 < 0.2)).astype(np.float32)
    yield "clicks", clicks
    yield "regular clicks", (np.arange(steps.size) % 8000 == 0).astype(np.float32)
    yield "white noise", (0.1 * draw.standard_normal(steps.size)).astype(np.float32)
    yield "brown noise", (0.002 * np.cumsum(draw.standard_normal(steps.size))).astype(np.float32) % np.float32(1.0)


def short_words(options: argparse.Namespace) -> None:
    """Print how many words of about a second are found re-encoded, and how many name another word."""
    folder = options.folder / "pairs-short-words"
    if not folder.is_dir():
        return
    reference, again = sounds_below(folder / "reference"), sounds_below(folder / "reencoded")
    known = [record for record in (record_of(name, sound) for name, sound in reference.items()) if record]
    index = AudioIndex.build(RECIPE_ID, known)
    found, wrong = 0, 0
    for name, sound in again.items():
        matched = {Path(known[match.work].subject_id).stem for match in matches_of(index, sound)}
        found += Path(name).stem in matched
        wrong += len(matched - {Path(name).stem})
    print(f"short words: {found} of {len(again)} found, {wrong} wrong, {len(reference) - len(known)} refused")


def speed(options: argparse.Namespace) -> None:
    """Print hours per second of fingerprinting beside fpcalc, decoding included, in alternation on the same files."""
    paths = sorted(path for path in (options.folder / "portfolio").rglob("*") if path.suffix in ENDINGS)
    paths = [path for path in paths if sf.info(path).duration > 20] or paths
    hours = sum(sf.info(path).duration for path in paths) / 3600
    ours, theirs = [], []
    for _ in range(3):
        ours.append(spent(lambda: [extract_peaks([decoded_at(path, PEAK_RATE_HZ)]) for path in paths], False))
        theirs.append(
            spent(
                lambda: [
                    subprocess.run(["fpcalc", "-raw", "-length", "0", path], capture_output=True) for path in paths
                ],
                True,
            )
        )
    print(
        f"fingerprint, decoding included: {hours * 3600 / min(ours):.0f} x real time; "
        f"fpcalc {hours * 3600 / min(theirs):.0f} x"
    )
    missed("speed as a share of fpcalc's", min(theirs) / min(ours), 0.5)


def spent(work: Callable[[], object], children: bool) -> float:
    """Return the processor seconds of a piece of work."""
    who = resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF
    before = resource.getrusage(who)
    work()
    after = resource.getrusage(who)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def long_recording(hours: float) -> None:
    """Print time and growth of memory for one recording of many hours, made as it is read."""
    draw = np.random.default_rng(0)
    minute = (0.1 * draw.standard_normal(60 * PEAK_RATE_HZ)).astype(np.float32)
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    blocks = (np.roll(minute, number * 997) for number in range(round(hours * 60)))
    seconds = spent(lambda: extract_peaks(blocks), False)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
    print(
        f"{hours:.0f} h in one recording: {seconds:.0f} s, "
        f"peak memory {(before_kb + grown) / 1024:.0f} MB (+{grown / 1024:.0f} MB)"
    )


if __name__ == "__main__":
    main()
