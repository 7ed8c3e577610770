"""What was agreed, and what is asked about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from workprint.model.vocabulary import Permission, Use


@dataclass(frozen=True, slots=True)
class Grant:
    """What a creator agreed with one licensee. A limit that is left empty is no limit, except for a replica's
    description."""

    grant_id: str
    licensee: str
    uses: frozenset[Use]
    description: str = ""
    """The intended use in the words that were shown to the creator. A voice replica needs one that is specific."""
    purposes: tuple[str, ...] = ()
    territories: tuple[str, ...] = ()
    """ISO 3166 codes: `US`, `US-CA`."""
    media: tuple[str, ...] = ()
    starts: date | None = None
    """First day it holds."""
    ends: date | None = None
    """Last day it holds."""
    revoked: date | None = None
    """The day from which it no longer holds, whatever else was agreed."""
    fee: str = ""
    """Where the fee is written down: an invoice, a contract, a line of a rate card."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a creator permits with a work."""

    terms_id: str
    uses: Mapping[Use, Permission]
    """What holds for everyone. Uses that are not named are unknown."""
    statement: str = ""
    """The creator's own words, shown with each verdict."""
    contact: str = ""
    licence: str = ""
    """The public licence that the work is under, by its SPDX name."""
    grants: tuple[Grant, ...] = ()
    """What was agreed with single licensees."""


class Standing(StrEnum):
    """Whose word a portfolio's terms are. An index that nobody vouches for can deny, and cannot permit."""

    UNSIGNED = "unsigned"
    SIGNED = "signed"
    """By a key that the operator did not name: unchanged since, by someone who holds that key."""
    TRUSTED = "trusted"
    """The operator named the key or the file."""


@dataclass(frozen=True, slots=True)
class Voucher:
    """Who vouches for the terms of a portfolio."""

    standing: Standing = Standing.UNSIGNED
    key_id: str = ""
    """Of the key that signed; empty where nobody did."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the terms: may this licensee use it for this, then and there?"""

    use: Use
    as_of: date
    licensee: str = ""
    """Who asks; empty for anyone."""
    purposes: tuple[str, ...] = ()
    territories: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    """Where what is made with it appears: game, radio, advertising."""
