"""What a creator is known by, checked before it goes into an index: what is too common would accuse everyone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

import tldextract

from workprint.api.works import Labels
from workprint.errors import UsageError
from workprint.model import Identity

_SHORTEST_NAME = 3
_SUFFIXES = tldextract.TLDExtract(suffix_list_urls=(), include_psl_private_domains=True, cache_dir=None)
"""The list of public suffixes that comes with the package; nothing is downloaded."""


def identities_with(before: Sequence[Identity], labels: Labels) -> tuple[Identity, ...]:
    """Return the identities of an index, with what `labels` add to their creator's.

    Raises:
        UsageError: a domain is none, or belongs to everybody; a URL is none; a name is too short.
    """
    known = {identity.creator: identity for identity in before}
    old = known.get(labels.creator, Identity(labels.creator))
    new = Identity(
        labels.creator,
        labels.contact or old.contact,
        _joined(old.names, map(checked_name, labels.aliases)),
        _joined(old.domains, map(checked_domain, labels.domains)),
        _joined(old.urls, map(checked_url, labels.urls)),
    )
    if new.names or new.domains or new.urls:
        known[labels.creator] = new
    return tuple(known[creator] for creator in sorted(known))


def checked_name(name: str) -> str:
    """Return a name without blanks around it. Raises `UsageError` where it is too short to tell anyone by."""
    name = " ".join(name.split())
    is_written_without_spaces = bool(name) and ord(name[0]) > 0x2E00
    if sum(map(str.isalnum, name)) < (1 if is_written_without_spaces else _SHORTEST_NAME):
        raise UsageError(f"the name {name!r} is too short to look for; give {_SHORTEST_NAME} letters or more")
    return name


def checked_domain(stated: str) -> str:
    """Return a domain in small letters, without scheme, `www.` and path.

    Raises:
        UsageError: it is none, or one below which anybody can have a name, such as `co.uk` and `github.io`.
    """
    host = urlsplit(stated if "://" in stated else f"//{stated}").hostname or ""
    domain = host.rstrip(".").removeprefix("www.").lower()
    parts = _SUFFIXES(domain)
    if not domain or (not parts.suffix and "." not in domain):
        raise UsageError(f"{stated!r} is no domain; give one like ada-lumen.example")
    if not parts.domain:
        raise UsageError(f"anybody can have a name below {domain!r}; give your own, like NAME.{domain}")
    return domain


def checked_url(url: str) -> str:
    """Return a URL as it was given. Raises `UsageError` where it is none, or leads to a host and no further."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{url!r} is no web address; give one like https://site.example/ada")
    if parts.path.strip("/") == "" and not parts.query:
        raise UsageError(f"{url!r} names a host only; if all of it is yours, give --domain {parts.hostname}")
    return url.strip()


def _joined(old: Sequence[str], new: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({*old, *new}))
