"""Named texts from any kind of tag, turned into signals: the one place that says what a field is good for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from workprint.model import UNREADABLE, Signal
from workprint.rights.vocabulary import cut, meaning, phrase_meaning, plus_key

MAX_SIGNALS = 64
"""Most signals that one file is read for."""
DATA_MINING = "plus:DataMining"


class Role(StrEnum):
    """What a field tells."""

    NOTICE = "notice"
    """A copyright line, terms of use: shown, and read for plain words that say no."""
    HOLDER = "holder"
    """A creator or owner."""
    LICENCE = "licence"
    """A licence's name or address."""
    POLICY = "policy"
    """Where a licence can be had."""
    MINING = "mining"
    """A value of plus:DataMining."""
    RESERVATION = "reservation"
    """A value of tdm-reservation."""
    RESERVATION_POLICY = "reservation_policy"
    """The address of a TDM policy."""
    COMMENT = "comment"
    """Free text: a signal only where it says no."""
    FACT = "fact"
    """Shown as it is: an identifier, a status, how the picture was made."""


@dataclass(frozen=True, slots=True)
class Field:
    """One named text."""

    locator: str
    role: Role
    value: str


def signals_of(source: str, fields: Iterable[Field]) -> list[Signal]:
    """The signals of one set of fields, such as one XMP packet or one ID3 tag; the same said twice counts once."""
    kept = [field for field in dict.fromkeys(fields) if field.value.strip()][: 4 * MAX_SIGNALS]
    policy, tdm_policy = (_first(kept, role) for role in (Role.POLICY, Role.RESERVATION_POLICY))
    found = (_signal(source, field, policy, tdm_policy) for field in kept)
    return [signal for signal in found if signal is not None][:MAX_SIGNALS]


def _first(fields: Iterable[Field], role: Role) -> str:
    return next((cut(field.value) for field in fields if field.role is role), "")


def unreadable(source: str, reason: str) -> Signal:
    """A note that metadata are there but cannot be read. It says nothing, least of all that nothing is reserved."""
    return Signal(source, UNREADABLE, cut(reason), conformant=False)


def reservation(source: str, locator: str, value: str, policy: str = "") -> Signal:
    """A TDM reservation; anything but 1 and 0 means nothing."""
    value = value.strip()
    uses = meaning("tdmrep", "1+policy" if value == "1" and policy else value)
    shown = f"{cut(value)}, policy {policy}" if policy else cut(value)
    return Signal(source, locator, shown, uses or {}, conformant=uses is not None, policy_url=cut(policy))


def texts(locator: str, role: Role, values: Iterable[str]) -> Iterator[Field]:
    """One field for each of several values."""
    return (Field(locator, role, value) for value in values)


def _signal(source: str, field: Field, policy: str, tdm_policy: str) -> Signal | None:
    value = cut(field.value)
    match field.role:
        case Role.MINING:
            key, conformant = plus_key(field.value.strip())
            return Signal(source, field.locator, value, meaning("plus", key) or {}, conformant, policy_url=policy)
        case Role.RESERVATION:
            return reservation(source, field.locator, field.value, tdm_policy or policy)
        case Role.HOLDER:
            return Signal(source, field.locator, value, holder=value)
        case Role.POLICY | Role.LICENCE:
            return Signal(source, field.locator, value, phrase_meaning(field.value), policy_url=value)
        case Role.RESERVATION_POLICY:
            return None
    uses = phrase_meaning(field.value) if field.role is not Role.FACT else {}
    if field.role is Role.COMMENT and not uses:
        return None
    return Signal(source, field.locator, value, uses, conformant=not uses)
