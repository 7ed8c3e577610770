"""Rights signals: what media say of themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from workprint.model.vocabulary import Permission, Use

UNREADABLE = "unreadable"
"""Locator of a signal that says: something is here, and it cannot be read."""
NOT_CHECKED = "not checked"
"""Locator of a signal that says: something is here, and what reads it is not installed."""
_STRENGTH = (Permission.NOT_ALLOWED, Permission.CONSTRAINED, Permission.ALLOWED)


@dataclass(frozen=True, slots=True)
class Signal:
    """What a file, or something beside it, says of its own rights."""

    source: str
    """What kind of thing said it: `xmp`, `exif`, `id3`, `c2pa`, `sidecar.tdmrep`, `column`, …"""
    locator: str
    """Where in it: `plus:DataMining`, `TXXX:TDM-RESERVATION`, `license`."""
    raw_value: str
    """As it stands there. Untrusted text."""
    uses: Mapping[Use, Permission] = field(default_factory=dict)
    """What it means for each use; uses that it does not speak of are not named."""
    conformant: bool = True
    """Whether it is written as its standard wants it."""
    holder: str = ""
    """Whom it names as the owner or creator. Untrusted text."""
    policy_url: str = ""
    """Where it says a licence can be had. Untrusted text."""


def combined(signals: Iterable[Signal], use: Use) -> Permission | None:
    """What signals say of a use together: a refusal outweighs a condition, which outweighs leave; None for silence."""
    said = {signal.uses[use] for signal in signals if use in signal.uses}
    return next((permission for permission in _STRENGTH if permission in said), None)


def sayings(signals: Iterable[Signal]) -> frozenset[str]:
    """What an item says of its rights, in words to be counted: `xmp`, `unreadable`, `ai_training=not_allowed`, …"""
    signals = tuple(signals)
    words = {signal.source for signal in signals}
    words |= {signal.locator for signal in signals if signal.locator in (UNREADABLE, NOT_CHECKED)}
    together = ((use, combined(signals, use)) for use in Use)
    words |= {f"{use}={permission}" for use, permission in together if permission}
    return frozenset(words | {"any"} if words else words)
