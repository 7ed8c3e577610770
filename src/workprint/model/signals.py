"""Rights signals: what media say of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workprint.model.vocabulary import Permission, Use


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
