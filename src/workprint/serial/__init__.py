"""Nouns to JSON and back. Every file says its format and version; unknown versions are refused, never guessed at."""

from workprint.serial.lines import (
    dumps,
    failure_from_json,
    failure_to_json,
    finding_from_json,
    finding_to_json,
    manifest_from_json,
    manifest_to_json,
)

__all__ = [
    "dumps",
    "failure_from_json",
    "failure_to_json",
    "finding_from_json",
    "finding_to_json",
    "manifest_from_json",
    "manifest_to_json",
]
