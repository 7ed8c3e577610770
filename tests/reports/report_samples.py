"""Reports to write in tests: two creators, pictures drawn here, a voice-like sound, all outcomes, hostile text."""

import io
import math
import wave
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from workprint.model import (
    WHOLE,
    AudioTransform,
    Box,
    Depth,
    Evidence,
    Failure,
    Finding,
    ImageTransform,
    Level,
    Limits,
    Medium,
    Outcome,
    Picture,
    PortfolioSummary,
    Relation,
    Report,
    RunManifest,
    ShardCount,
    Stage,
    TimeSpan,
    Use,
    Verdict,
    Work,
)

PHASH = "image.phash/1;hash_size=16,highfreq_factor=4"
LEVELS = {Outcome.PROHIBITED: Level.ERROR, Outcome.UNKNOWN: Level.WARNING}
REASONS = {
    Outcome.PROHIBITED: "The creator's terms do not allow training generative AI.",
    Outcome.UNKNOWN: "There is no permission on record for this work.",
    Outcome.CONDITIONAL: "Allowed if the creator is named and paid.",
    Outcome.PERMITTED: "The creator's terms allow it.",
}


def lighthouse(size: tuple[int, int] = (240, 320)) -> Image.Image:
    """A lighthouse at dusk."""
    width, height = size
    sky = np.linspace((32, 48, 96), (250, 170, 110), height)[:, None, :].repeat(width, 1)
    picture = Image.fromarray(sky.astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, int(height * 0.78), width, height), fill=(24, 60, 80))
    draw.polygon(
        [(width * 0.42, height * 0.8), (width * 0.6, height * 0.8), (width * 0.56, height * 0.3)], fill="white"
    )
    draw.rectangle((width * 0.45, height * 0.3, width * 0.57, height * 0.8), fill=(240, 235, 225))
    for stripe in range(3):
        top = height * (0.38 + stripe * 0.15)
        draw.rectangle((width * 0.45, top, width * 0.57, top + height * 0.06), fill=(190, 40, 40))
    draw.ellipse((width * 0.44, height * 0.2, width * 0.58, height * 0.31), fill=(255, 240, 150))
    return picture


def picture_of(image: Image.Image) -> Picture:
    """A picture as a report embeds it."""
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=80)
    return Picture("image/jpeg", stream.getvalue())


def sound(duration_s: float = 12.0, clip_s: float = 2.0, offset_s: float = 0.0) -> Picture:
    """A waveform with syllables, and a short clip to play."""
    peaks = tuple(abs(math.sin(n / 4.1)) * (0.35 + 0.6 * abs(math.sin(n / 37))) for n in range(600))
    at = np.arange(int(8000 * clip_s)) / 8000
    samples = (8000 * np.sin(2 * np.pi * 220 * at) * np.abs(np.sin(2 * np.pi * 2 * at))).astype("<i2")
    stream = io.BytesIO()
    with wave.open(stream, "wb") as clip:
        clip.setnchannels(1)
        clip.setsampwidth(2)
        clip.setframerate(8000)
        clip.writeframes(samples.tobytes())
    return Picture("audio/wav", stream.getvalue(), peaks, duration_s, offset_s)


def image_finding(finding_id: str = "f1", outcome: Outcome = Outcome.PROHIBITED, **changes: Any) -> Finding:
    """A crop of a picture, mirrored and turned."""
    finding = Finding(
        finding_id=finding_id,
        item=f"shard-00001.tar!{finding_id}.jpg",
        work="posters/lighthouse.png",
        creator="Ada Lovelace",
        contact="ada@example.org",
        medium=Medium.IMAGE,
        relation=Relation.EXCERPT,
        confidence=0.99834,
        item_segment=Box(0.1, 0.0, 0.9, 0.8),
        work_segment=Box(0.2, 0.2, 1.0, 1.0),
        transform=ImageTransform(mirrored=True, rotation_deg=4.0, scale=0.52),
        evidence=(Evidence("image.features/1;points=500", "inliers", 61, 11), Evidence(PHASH, "distance_bits", 6, 40)),
        verdict=Verdict(outcome, Use.AI_GENERATIVE_TRAINING, "terms-1", REASONS[outcome]),
        level=LEVELS.get(outcome, Level.NOTE),
        attributes={"url": "https://example.com/a.jpg", "caption": "a lighthouse at dusk", "license": "CC-BY 4.0"},
        digest="ab" * 32,
        portfolio="cd" * 32,
    )
    return replace(finding, **changes)


def audio_finding(finding_id: str = "s1", outcome: Outcome = Outcome.UNKNOWN, **changes: Any) -> Finding:
    """A stretch of a recording, faster and higher."""
    plain: dict[str, Any] = {
        "item": f"clips.parquet#row=17,column=audio/{finding_id}",
        "work": "voice/monologue.wav",
        "creator": "Grace Hopper",
        "contact": "https://grace.example/contact",
        "medium": Medium.AUDIO,
        "item_segment": TimeSpan(3.2, 8.3),
        "work_segment": TimeSpan(61.0, 66.6),
        "transform": AudioTransform(tempo=1.1, pitch_ratio=2 ** (2 / 12)),
        "evidence": (Evidence("audio.landmarks/1;", "aligned_landmarks", 212, 24),),
    }
    return image_finding(finding_id, outcome, **(plain | changes))


def work(work_id: str, creator: str = "Ada Lovelace", medium: Medium = Medium.IMAGE) -> Work:
    """A work without a title of its own."""
    return Work(work_id, work_id.rsplit("/", 1)[-1], creator, "", None, medium)


def manifest(failed: Mapping[str, int] | None = None, seen: int = 150, **changes: Any) -> RunManifest:
    """A scan of two shards."""
    failed = dict(failed or {})
    lost = sum(failed.values())
    plain = RunManifest(
        tool_version="0.1.0",
        dataset="/data/laion-small",
        dataset_digest="12" * 32,
        reader="webdataset",
        depth=Depth.THOROUGH,
        recipes=(PHASH, "image.features/1;points=500"),
        thresholds={"image.phash.distance_bits": 40.0, "image.features.inliers": 11.0},
        limits=Limits(),
        portfolios=(PortfolioSummary("ada.workprint", "cd" * 32, 12, ("Ada Lovelace",)),),
        use=Use.AI_GENERATIVE_TRAINING,
        as_of=date(2026, 11, 24),
        shards=(
            ShardCount("shard-00000.tar", 50, 50, {}, {".txt": 50}),
            ShardCount("shard-00001.tar", seen - 50, seen - 50 - lost, failed, {".json": 3}),
        ),
        findings={},
        expected_false_matches=0.00042,
    )
    return replace(plain, **changes)


def report(findings: tuple[Finding, ...] = (), works: tuple[Work, ...] = (), **changes: Any) -> Report:
    """A report on these findings; every picture and sound is at hand unless `changes` says otherwise."""
    poster = picture_of(lighthouse())
    spoken = sound(90.0)
    plain = Report(
        manifest=manifest(),
        works=works or tuple(work(f"posters/{name}.png") for name in ("lighthouse", *"abcdefghijk")),
        unfindable=(),
        findings=findings,
        failures=(),
        item_pictures={
            finding.finding_id: poster if finding.medium is Medium.IMAGE else sound() for finding in findings
        },
        work_pictures={
            f"{finding.work}\n{finding.creator}": poster if finding.medium is Medium.IMAGE else spoken
            for finding in findings
        },
    )
    return replace(plain, **changes)


def rich_report() -> Report:
    """Everything at once: two creators, all outcomes, an incomplete scan, works that no scan can find."""
    poster = lighthouse()
    crop = poster.transpose(Image.Transpose.FLIP_LEFT_RIGHT).rotate(4, expand=False).resize((300, 225))
    hostile = image_finding(
        "f3",
        Outcome.UNKNOWN,
        item="evil\u202egpj.exe<script>alert(1)</script>/" + "long" * 60 + ".jpg",
        attributes={
            "url": "javascript:alert(1)",
            "caption": "\x1b[31mred\x1b[0m <img src=x onerror=alert(1)> \u202eabc " + "word " * 200,
            "nested": {"a": [1, 2, {"b": None}]},
            "source": "https://example.com/page?q=1&r=<2>",
        },
    )
    same = replace(
        image_finding("f2", work="posters/a.png"),
        relation=Relation.IDENTICAL,
        confidence=1.0,
        item_segment=WHOLE,
        work_segment=WHOLE,
        transform=ImageTransform(),
        evidence=(Evidence("digest/1;", "digest", 1, 1),),
    )
    findings = (
        image_finding("f1"),
        same,
        hostile,
        image_finding("f4", Outcome.CONDITIONAL, work="posters/b.png"),
        audio_finding("s1"),
        audio_finding("s2", Outcome.PERMITTED, item_segment=TimeSpan(1800.0, 1805.0)),
    )
    works = (
        *(work(f"posters/{name}.png") for name in ("lighthouse", *"abcdefghijk")),
        *(work(f"voice/{name}.wav", "Grace Hopper", Medium.AUDIO) for name in ("monologue", *"abcdefg")),
    )
    pictures = {"f1": picture_of(crop), "f2": picture_of(poster), "s1": sound(), "s2": sound(3600.0, 6.0, 1799.0)}
    return report(
        findings,
        works,
        manifest=manifest({"undecodable": 2, "low_information": 4, "too_short": 1}),
        item_pictures=pictures,
        work_pictures={
            "posters/lighthouse.png\nAda Lovelace": picture_of(poster),
            "posters/a.png\nAda Lovelace": picture_of(poster),
            "voice/monologue.wav\nGrace Hopper": sound(90.0),
        },
        unfindable=(Failure("posters/white.png", Stage.FINGERPRINT, "low_information", "every pixel is the same"),),
        failures=(
            Failure("shard-00001.tar!9.jpg", Stage.DECODE, "undecodable", "cannot identify image file"),
            *(Failure(f"shard-00001.tar!b{n}.jpg", Stage.FINGERPRINT, "low_information", "flat") for n in range(4)),
        ),
    )
