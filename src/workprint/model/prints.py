"""Fingerprints, and what they were made from."""

from __future__ import annotations

from dataclasses import dataclass

from workprint.errors import RecipeMismatch
from workprint.model.signals import Signal
from workprint.model.vocabulary import Medium


@dataclass(frozen=True, slots=True)
class Recipe:
    """The named, versioned way a fingerprint is made. Whatever changes its bytes changes the recipe."""

    name: str
    """`medium.algorithm`, for example `image.phash`."""
    version: int
    medium: Medium
    params: tuple[tuple[str, str | int | float], ...] = ()

    @property
    def recipe_id(self) -> str:
        """`name/version;key=value,…` with keys in order: equal ids make equal bytes of equal input."""
        params = ",".join(f"{key}={value}" for key, value in sorted(self.params))
        return f"{self.name}/{self.version};{params}"


def same_recipe(ours: str, theirs: str) -> None:
    """Raise `RecipeMismatch` unless two recipe ids are equal."""
    if ours != theirs:
        raise RecipeMismatch(f"fingerprints made by {theirs!r} cannot be compared with those made by {ours!r}")


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A stretch of a recording."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a picture, in fractions of its width and height."""

    left: float
    top: float
    right: float
    bottom: float


WHOLE = Box(0.0, 0.0, 1.0, 1.0)
Segment = Box | TimeSpan


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Derived bytes, and how they were derived."""

    recipe_id: str
    value: bytes
    """Laid out as `workprint.serial` says for the recipe."""
    quality: float = 1.0
    """0 (says nothing) to 1."""
    segment: Segment | None = None
    """The part of the subject it covers; None for the whole."""
    variant: str = ""
    """The transformation of the subject it was made from (`mirrored`, `on_black`, …); empty for the subject itself."""


@dataclass(frozen=True, slots=True)
class FingerprintRecord:
    """All fingerprints of one subject. The same type for items and works."""

    subject_id: str
    medium: Medium
    digest: str
    """SHA-256 of the bytes, hex."""
    content_digest: str
    """SHA-256 of what is seen or heard: decoded pixels or samples, or a JPEG without its metadata."""
    size_bytes: int
    extent: tuple[float, ...]
    """(width_px, height_px) of the upright picture, or (duration_s,)."""
    fingerprints: tuple[Fingerprint, ...]
    signals: tuple[Signal, ...] = ()
    """Rights signals in or beside the subject."""

    def made_by(self, recipe_id: str) -> tuple[Fingerprint, ...]:
        """The fingerprints of one recipe."""
        return tuple(print_ for print_ in self.fingerprints if print_.recipe_id == recipe_id)
