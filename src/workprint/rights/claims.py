"""What signals and columns amount to beside a match, and without one. Pure: the second half of a scan uses it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workprint.model import (
    UNREADABLE,
    Level,
    Outcome,
    Permission,
    Relation,
    Signal,
    Use,
    Verdict,
    combined,
)

LICENCE_COLUMNS = ("license", "licence", "license_url", "licence_url", "license_name", "rights", "copyright")
AUTHOR_COLUMNS = ("author", "creator", "artist", "photographer", "attribution", "credit", "by", "uploader")
_FREE = re.compile(
    r"\bcc[-_ ]?(?:0|zero)\b|\bcc[-_ ]by\b|creativecommons\.org/(?:licenses|publicdomain)/|\bpublic[ -_]?domain\b"
    r"|\bcreative commons\b|\bpddl\b|\bunlicense\b|\bno rights reserved\b|\bno known copyright\b",
    re.I,
)
_NOTICES = ("Copyright", "dc:rights", "xmpRights:UsageTerms", "TCOP", "ICOP", "cprt", "COPYRIGHT", "2:116", "USER")
_WHOLE_WORK = (Relation.IDENTICAL, Relation.NEAR_DUPLICATE, Relation.EXCERPT)
_SHOWN = 200


def denial(signals: Iterable[Signal], use: Use) -> Verdict | None:
    """What an item's own signals come to for a use; None unless they deny it or set conditions."""
    signals = tuple(signals)
    together = combined(signals, use)
    if together not in (Permission.NOT_ALLOWED, Permission.CONSTRAINED):
        return None
    speaking = [signal for signal in signals if signal.uses.get(use) is together]
    first = max(speaking, key=lambda signal: signal.conformant)
    says = "denies this use" if together is Permission.NOT_ALLOWED else "allows this use on conditions only"
    outcome = Outcome.PROHIBITED if together is Permission.NOT_ALLOWED else Outcome.CONDITIONAL
    grounds = tuple(f"signal {_place(signal)}: {signal.raw_value[:_SHOWN]}" for signal in speaking)
    return Verdict(outcome, use, None, f"the item itself {says} ({_place(first)})", grounds)


def denial_level(signals: Iterable[Signal], verdict: Verdict) -> Level:
    """A refusal in the words of a standard is an error; plain words and conditions are warnings."""
    said = [signal for signal in signals if signal.uses.get(verdict.use) is Permission.NOT_ALLOWED]
    return Level.ERROR if any(signal.conformant for signal in said) else Level.WARNING


def speaks_for_itself(relations: Iterable[Relation]) -> bool:
    """Whether an item is more than the works found in it, so that its own signals are about something else as well.

    Where the item is a work, whole or in part, the work's terms say what may be done with it.
    """
    return not any(relation in _WHOLE_WORK for relation in relations)


def notes(
    verdict: Verdict, attributes: Mapping[str, Any], item: Sequence[Signal], work: Sequence[Signal]
) -> tuple[str, ...]:
    """What else a person should know of a match. May quote the dataset: untrusted text."""
    found = (_contradiction(verdict, attributes), _stripped(item, work), _unread(item))
    return tuple(note for note in found if note)


def contradicts(verdict: Verdict, attributes: Mapping[str, Any]) -> bool:
    """Whether the dataset claims a free licence for an item that nobody permitted."""
    return bool(_contradiction(verdict, attributes))


def named_author(attributes: Mapping[str, Any]) -> str:
    """Whom the dataset names as the author of an item; empty where it names nobody. Untrusted text."""
    return _column(attributes, AUTHOR_COLUMNS)


def _contradiction(verdict: Verdict, attributes: Mapping[str, Any]) -> str:
    claimed = _column(attributes, LICENCE_COLUMNS)
    if verdict.outcome in (Outcome.PERMITTED, Outcome.CONDITIONAL) or not _FREE.search(claimed[: 4 * _SHOWN]):
        return ""
    terms = "reserves this use" if verdict.outcome is Outcome.PROHIBITED else "has no permission on record"
    author = named_author(attributes)
    credited = f" and credits it to “{author[:_SHOWN]}”" if author else ""
    return f"The dataset declares “{claimed[:_SHOWN]}”{credited}; the work it matched {terms}."


def _stripped(item: Sequence[Signal], work: Sequence[Signal]) -> str:
    """The creator's original carried a notice or a reservation, and the copy carries neither."""
    if not any(map(_is_notice, work)) or any(map(_is_notice, item)) or any(map(_is_unread, item)):
        return ""
    carried = next((signal for signal in work if signal.uses), None) or next(filter(_is_notice, work))
    return (
        f"Rights metadata are gone: the creator's file carries {_place(carried)} “{carried.raw_value[:_SHOWN]}”, "
        "this copy carries no notice and no reservation."
    )


def _unread(item: Sequence[Signal]) -> str:
    unread = [signal for signal in item if _is_unread(signal)]
    return f"Metadata of the item could not be read ({unread[0].source}); they may reserve something." if unread else ""


def _is_notice(signal: Signal) -> bool:
    return bool(signal.uses) or signal.locator.startswith(_NOTICES)


def _is_unread(signal: Signal) -> bool:
    return signal.locator == UNREADABLE


def _column(attributes: Mapping[str, Any], names: Sequence[str]) -> str:
    values = {str(name).lower(): value for name, value in attributes.items()}
    return next((str(values[name]).strip() for name in names if values.get(name) not in (None, "")), "")


def _place(signal: Signal) -> str:
    return f"{signal.source} {signal.locator}"
