"""Fingerprints of recordings: their spectral peaks, and the MinHash signature of their landmarks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from workprint.fingerprints.audio_peaks import PeakParameters, PeakSegment, extract_peaks
from workprint.fingerprints.audio_tokens import landmark_tokens
from workprint.fingerprints.minhash import minhash_signature
from workprint.model import Fingerprint, Medium, Recipe, TimeSpan, Waveform
from workprint.serial.audio_layout import encode_peaks

_PERMUTATIONS = 128
_SEED = 1


class AudioFingerprinter:
    """One pass over a recording, in bounded memory; a long one gives several segments of each fingerprint."""

    def __init__(self) -> None:
        """Take the parameters that the recipe names."""
        self._parameters = PeakParameters()
        peaks = tuple(sorted(asdict(self._parameters).items()))
        sketch = (("permutations", _PERMUTATIONS), ("scheme", "affine32"), ("seed", _SEED), ("tokens", "landmarks/1"))
        self.recipes = (
            Recipe("audio.peaks", 1, Medium.AUDIO, peaks),
            Recipe("audio.minhash", 1, Medium.AUDIO, (*sketch, ("peaks", "audio.peaks/1"))),
        )

    def of_item(self, subject: Iterable[Waveform]) -> Sequence[Fingerprint]:
        """Peaks and signatures, segment by segment.

        Raises:
            TooShort: there is too little sound to tell it from chance.
            LowInformation: it is silent, or a steady tone.
        """
        segments = extract_peaks((block.samples for block in subject), self._parameters)
        return [print_ for segment in segments for print_ in self._of_segment(segment)]

    def of_work(self, subject: Iterable[Waveform]) -> Sequence[Fingerprint]:
        """The same: other speeds and pitches are made from the peaks when they are looked up. Raises as `of_item`."""
        return self.of_item(subject)

    def _of_segment(self, segment: PeakSegment) -> Iterator[Fingerprint]:
        span = TimeSpan(segment.start_s, segment.end_s)
        peaks, sketch = (recipe.recipe_id for recipe in self.recipes)
        yield Fingerprint(peaks, encode_peaks(segment.peaks), 1.0, span)
        tokens = landmark_tokens(segment.peaks)
        if tokens.size:  # a segment at the end may be too short for a pair; a signature of nothing is refused
            yield Fingerprint(
                sketch, minhash_signature(tokens, _PERMUTATIONS, _SEED).astype("<u4").tobytes(), 1.0, span
            )
