"""What the nouns of a finding mean, in plain words for people who never saw the code. Pure functions.

What is returned may hold text of a dataset only where the docstring says so; it is never marked as safe.
"""

import math

from workprint.model import (
    AudioTransform,
    Evidence,
    Finding,
    ImageTransform,
    Level,
    Medium,
    Outcome,
    Relation,
    Segment,
    TimeSpan,
    Transform,
    Use,
)

USES = {
    Use.DATA_MINING: "text and data mining",
    Use.AI_INFERENCE: "being fed to an AI system as its input",
    Use.AI_TRAINING: "training AI systems",
    Use.AI_GENERATIVE_TRAINING: "training generative AI",
    Use.VOICE_REPLICA: "making a replica of a voice",
}
OUTCOMES = {
    Outcome.PROHIBITED: "Forbidden",
    Outcome.UNKNOWN: "No permission on record",
    Outcome.CONDITIONAL: "Only under conditions",
    Outcome.PERMITTED: "Permitted",
}
LEVELS = {Level.ERROR: "serious", Level.WARNING: "to be looked at", Level.NOTE: "for information"}
FAILURES = {
    "unreadable": "could not be read",
    "unsupported": "of a kind that Workprint does not compare",
    "empty": "empty: no bytes at all",
    "missing": "missing: the dataset points at a file that is not there",
    "no_media": "only described: the dataset holds words about them, and no media",
    "undecodable": "damaged: it claims to be a picture or a recording but cannot be opened",
    "truncated": "cut off before its end",
    "too_large": "larger than the limits of this scan",
    "low_information": "blank, silent or a plain tone: too little in it to tell it from others",
    "too_short": "too short to tell it from others",
    "unsafe_path": "named in a way that leads out of its folder",
    "worker_lost": "deadly to the program that opens it: two processes in a row ended on it",
    "timed_out": "slower to work on than the limits of this scan allow",
    "out_of_memory": "in need of more memory than the limits of this scan allow",
}
SEMITONES_PER_OCTAVE = 12
LONGEST_S = 1e9
MOST_DIGITS = 1e12


def use_in_words(use: Use) -> str:
    """Return the use as it completes the sentence "asked about: …"."""
    return USES[use]


def outcome_in_words(outcome: Outcome) -> str:
    """Return the word on a finding's badge."""
    return OUTCOMES[outcome]


def level_in_words(level: Level) -> str:
    """Return how serious a finding is."""
    return LEVELS[level]


def failure_in_words(code: str) -> str:
    """Return why an item could not be compared, as it completes "it …"; an unknown code stands as it is."""
    return FAILURES.get(code, code.replace("_", " "))


def counted(number: int, one: str, many: str) -> str:
    """Return `1 item`, `1,200 items`."""
    return f"{number:,} {one if number == 1 else many}"


def listed(parts: list[str]) -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def relation_in_words(relation: Relation, medium: Medium | None) -> str:
    """Return how the item relates to the work, as a sentence."""
    thing = "recording" if medium is Medium.AUDIO else "picture"
    shows = "plays" if medium is Medium.AUDIO else "shows"
    return {
        Relation.IDENTICAL: f"The item is this {thing}, unchanged.",
        Relation.NEAR_DUPLICATE: f"The item is the whole {thing}, edited.",
        Relation.EXCERPT: f"The item {shows} a part of this {thing}.",
        Relation.CONTAINS: f"This {thing} is a part of the item.",
        Relation.MENTION: "The dataset names the creator here. Nothing was compared.",
        Relation.RESERVED: "The item says of itself that this use is reserved.",
    }[relation]


def confidence_in_words(confidence: float) -> str:
    """Return the likelihood (0 to 1) that a match is no chance; never rounded up to certainty."""
    if not math.isfinite(confidence):
        return "not stated"
    percent = min(max(confidence, 0.0), 1.0) * 100
    if percent == 100:
        return "100 %"
    if percent > 99.99:
        return "over 99.99 %"
    decimals = 2 if percent >= 99 else 0
    return f"{math.floor(percent * 10**decimals) / 10**decimals:g} %"


def evidence_in_words(evidence: Evidence, medium: Medium | None) -> str:
    """Return one measurement, with what would just have been enough. A measure of an unknown name is quoted."""
    if "digest" in evidence.measure:
        return _sameness(evidence, medium)
    value, threshold = number_in_words(evidence.value), number_in_words(evidence.threshold)
    if evidence.measure == "distance_bits":
        bits = hash_bits(evidence.recipe_id)
        of_all = f" of {bits}" if bits else ""
        plural = "" if not bits and evidence.value == 1 else "s"
        return f"hash differs in {value}{of_all} bit{plural}; {threshold} would still count"
    enough = f" where {threshold} would have been enough" if evidence.threshold else ""  # 0: it decided nothing
    points = {"inliers": "matching point", "aligned_landmarks": "matching sound landmark"}.get(evidence.measure)
    if points:
        return f"{value} {points}{'' if evidence.value == 1 else 's'}{enough}"
    if evidence.measure == "likelihood":  # the logarithm of a ratio, rounded down so that it is never made stronger
        return f"likelihood {_tenths(evidence.value)} where {threshold} would have been enough"
    return f"{evidence.measure.replace('_', ' ')}: {value}{enough and ',' + enough}"


def _tenths(number: float) -> str:
    if not math.isfinite(number) or abs(number) >= MOST_DIGITS:
        return "?"
    return number_in_words(math.floor(round(number * 10, 6)) / 10)


def hash_bits(recipe_id: str) -> int | None:
    """Return how many bits a hash of this recipe has (`bits` or `hash_size`², as the recipe says), None if unsaid."""
    params = dict(part.split("=", 1) for part in recipe_id.partition(";")[2].split(",") if "=" in part)
    for key, power in (("bits", 1), ("hash_bits", 1), ("hash_size", 2)):
        if params.get(key, "").isdecimal() and len(params[key]) < 6:
            size = int(params[key])
            return size if power == 1 else size * size
    return None


def transform_in_words(transform: Transform | None) -> list[str]:
    """Return what was done to the work on its way into the item; empty where nothing was noticed."""
    if transform is None:
        return []
    if isinstance(transform, ImageTransform):
        return _image_changes(transform)
    return _audio_changes(transform)


def proof_in_words(finding: Finding) -> str:
    """Return all evidence of a finding, then how the work was changed, as one line."""
    measured = [evidence_in_words(evidence, finding.medium) for evidence in finding.evidence]
    return "; ".join(dict.fromkeys(measured + transform_in_words(finding.transform)))


def segment_in_words(segment: Segment, medium: Medium) -> str:
    """Return which part of a picture or recording is meant."""
    if isinstance(segment, TimeSpan):
        return f"from {time_in_words(segment.start_s)} to {time_in_words(segment.end_s)}"
    width, height = segment.right - segment.left, segment.bottom - segment.top
    if medium is Medium.AUDIO or min(width, height) > 0.99 or not math.isfinite(width * height):
        return "all of it"
    share = min(max(width * height, 0.0), 1.0) * 100
    return f"{'under 1' if share < 1 else format(share, '.0f')} % of its area"


def time_in_words(seconds: float) -> str:
    """Return `0:07.5`, `12:03`, `1:02:03`; tenths only below a minute."""
    if not math.isfinite(seconds) or seconds > LONGEST_S:
        return "?"
    tenths = round(max(seconds, 0.0) * 10)
    if tenths < 600:
        return f"0:{tenths // 10:02d}" + (f".{tenths % 10}" if tenths % 10 else "")
    minutes, rest = divmod(round(max(seconds, 0.0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def number_in_words(number: float) -> str:
    """Return `61`, `12.5`, `1,200`; no trailing zeros."""
    if not math.isfinite(number):
        return "?"
    whole = number == round(number) or abs(number) >= 1_000
    return f"{number:,.0f}" if whole and abs(number) < MOST_DIGITS else f"{number:,.3g}"


def false_matches_in_words(expected: float) -> str:
    """Return how many wrong matches chance alone is expected to make in a scan like this."""
    if not math.isfinite(expected) or expected < 0:
        return "How many matches could be mere chance is not known for this scan."
    if expected == 0:
        return "Matches by mere chance: none expected, because only equal bytes were compared."
    if expected >= 0.5:
        return f"Up to about {math.ceil(expected):,} of the matches in a scan of this size may be mere chance."
    scans = _two_digits(1 / expected)
    return (
        "Matches by mere chance: practically none expected"
        if scans > 10**9
        else f"Matches by mere chance: one expected in about {scans:,} scans of this size"
    ) + "."


def _two_digits(number: float) -> int:
    magnitude = 10 ** max(int(math.log10(number)) - 1, 0) if math.isfinite(number) else 1
    return int(number // magnitude * magnitude) if math.isfinite(number) else 10**12


def _sameness(evidence: Evidence, medium: Medium | None) -> str:
    if "content" not in evidence.measure:
        return "the same bytes"
    content = "pixels" if medium is Medium.IMAGE else "samples"
    return f"the same {content}, in a file that differs around them"


def _image_changes(transform: ImageTransform) -> list[str]:
    changes = [word for word, done in (("mirrored", transform.mirrored), ("as a negative", transform.negative)) if done]
    turned = round(transform.rotation_deg) if math.isfinite(transform.rotation_deg) else 0
    if turned:
        changes.append(f"turned {abs(turned)}° {'counter-clockwise' if turned > 0 else 'clockwise'}")
    if math.isfinite(transform.scale) and transform.scale > 0 and abs(transform.scale - 1) >= 0.01:
        changes.append(f"at {_percent(transform.scale)} of its size")
    return changes


def _percent(ratio: float) -> str:
    return f"{number_in_words(round(ratio * 100, 0))} %" if ratio >= 0.01 else "under 1 %"


def _audio_changes(transform: AudioTransform) -> list[str]:
    changes = ["played backwards"] if transform.reversed else []
    faster = (transform.tempo - 1) * 100
    if math.isfinite(faster) and abs(faster) >= 0.5:
        changes.append(f"played {number_in_words(round(abs(faster), 0))} % {'faster' if faster > 0 else 'slower'}")
    higher = SEMITONES_PER_OCTAVE * math.log2(transform.pitch_ratio) if 0 < transform.pitch_ratio < math.inf else 0.0
    if abs(higher) >= 0.05:
        step = f"{abs(higher):.1f}".removesuffix(".0")
        changes.append(f"{step} semitone{'' if step == '1' else 's'} {'higher' if higher > 0 else 'lower'}")
    return changes
