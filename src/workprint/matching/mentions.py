"""What a dataset says of an item, searched for creators: their addresses, their works' file names and digests, and,
if asked for, their names.

All addresses and all names are looked for in one pass each (Aho and Corasick, 1975), whatever their number. A hit says
that words are there, and nothing of the media: it is a mention, never a match.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from urllib.parse import unquote

import ahocorasick_rs
import numpy as np
from numpy.typing import NDArray

from workprint.matching.file_names import hashes_of_names
from workprint.model import Attributes, Identity, Work
from workprint.serial.works import WorkList, texts_of_works

_SHA256_HEX_DIGITS = 64
SHA256 = re.compile(r'"([0-9a-f]{64})"')
_MOST_HITS = 32
"""For one item; a caption that repeats a name a thousand times says no more than once."""
_SHOWN_CHARACTERS = 40
_NO_WORD = re.compile(r"[\W_]+")
_HOST_BEFORE = re.compile(r"(?:^|//|@|[\s\"'(<\[,;])(?:[\w-]+\.)*$")
_HOST_AFTER = re.compile(r"(?::\d+)?(?![\w-]|\.\w)")
_ADDRESS_REST = re.compile(r"[^\s\"'<>]*")
_STYLE_BEFORE = re.compile(r" (?:style of|styles of|inspired by|in the manner of|manner of|à la|a la)(?: the)?$")
_BY_BEFORE = re.compile(r" (?:by|von|par|de|di|door|av|por|photographer|artist|illustrator|author)$")
_STYLE_AFTER = re.compile(r"(?:s )?style ")
_WITHOUT_SPACES = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff]")
_COMMON_WORDS = frozenset(
    (
        *("img", "image", "images", "photo", "photos", "picture", "pic", "dsc", "dscn", "scan", "file", "artwork"),
        *(
            "logo",
            "banner",
            "header",
            "thumb",
            "thumbnail",
            "cover",
            "track",
            "audio",
            "sound",
            "recording",
            "untitled",
        ),
        *("small", "large", "medium", "web", "edit", "version", "original", "screenshot", "full", "download", "copy"),
        *("final", "new", "untitled"),
    )
)
_DISTINCTIVE_LETTERS = 8


class Kind(StrEnum):
    """What was mentioned."""

    SHA256 = "sha256"
    URL = "url"
    DOMAIN = "domain"
    FILE_NAME = "file_name"
    NAME = "name"

    @property
    def is_exact(self) -> bool:
        """Whether it leads to one thing of the creator's, and not only to the creator."""
        return self in (Kind.SHA256, Kind.URL)


@dataclass(frozen=True, slots=True)
class Mention:
    """One hit."""

    identity: int
    """Position of the creator among the identities."""
    kind: Kind
    said: str
    """A sentence for a person. Quotes the dataset: untrusted text."""
    work: int | None = None
    """Position of the work, where it is one that is meant."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One pattern."""

    identity: int
    kind: Kind
    text: str


class MentionIndex:
    """Knows what the creators of one portfolio, and their works, are called."""

    def __init__(
        self,
        identities: Sequence[Identity],
        works: Sequence[Work],
        work_of_digest: Callable[[str], int | None],
        names: bool,
    ) -> None:
        """`work_of_digest` tells a work by the SHA-256 of its bytes, in hex; `names` has texts searched for names."""
        self._creators = {identity.creator: at for at, identity in enumerate(identities)}
        self._works, self._work_of_digest = works, work_of_digest
        self._addresses = _Patterns(_addresses(identities))
        self._names = _Patterns(_names(identities) if names else ())

    @property
    def addresses(self) -> list[str]:
        """What of addresses is looked for, in small letters."""
        return [wanted.text for wanted in self._addresses.wanted]

    @property
    def names(self) -> list[str]:
        """What names are looked for, as `fold` gives them."""
        return [wanted.text for wanted in self._names.wanted]

    @property
    def file_hashes(self) -> NDArray[np.uint64]:
        """Of the same names, as `file_names` compares them: in far less time and memory."""
        works = self._works
        return hashes_of_names(works if isinstance(works, WorkList) else texts_of_works(works, "work_id"))

    @cached_property
    def files(self) -> dict[str, int]:
        """The first work of each file name, in small letters, of telling names and others."""
        ids = texts_of_works(self._works, "work_id")
        bases = [name.rpartition("/")[2].casefold() for name in ids]
        return dict(zip(reversed(bases), range(len(bases) - 1, -1, -1), strict=True))

    def mentions(self, attributes: Attributes) -> list[Mention]:
        """Return what is mentioned in the attributes of one item, each thing once."""
        texts = texts_of(attributes)
        found = list(self._of_works(texts))
        if self._addresses.any_in("\n".join(text for _, text in texts).lower()):
            found += [mention for key, text in texts for mention in self._in_addresses(key, text.lower())]
        if self._names:
            folded = [(key, fold(text)) for key, text in texts if not _is_address(text)]
            found += [mention for key, text in folded for mention in self._in_words(key, text)]
        return list({(one.identity, one.kind, one.work, one.said): one for one in found}.values())[:_MOST_HITS]

    def _of_works(self, texts: Iterable[tuple[str, str]]) -> Iterator[Mention]:
        for key, text in texts:
            if len(text) == _SHA256_HEX_DIGITS:
                work = self._work_of_digest(text.lower())
                if work is not None and self._works[work].creator in self._creators:
                    yield self._of_work(work, Kind.SHA256, f"{key} is the SHA-256 of the file of this work")
            elif (base := file_name_in(text)) and (found := self.files.get(base)) is not None and is_distinctive(base):
                told = last_part(text)[:200]
                yield self._of_work(found, Kind.FILE_NAME, f"{key} ends in the file name of this work, {told}")

    def _of_work(self, work: int, kind: Kind, said: str) -> Mention:
        return Mention(self._creators[self._works[work].creator], kind, said, work)

    def _in_addresses(self, key: str, text: str) -> Iterator[Mention]:
        for wanted, start, end in self._addresses.found_in(text):
            before, rest = text[max(0, start - 300) : start], text[end:]
            if not _HOST_BEFORE.search(before):
                continue
            if wanted.kind is Kind.DOMAIN and _HOST_AFTER.match(rest):
                yield Mention(wanted.identity, Kind.DOMAIN, f"{key} names the domain {wanted.text}")
            elif wanted.kind is Kind.URL:
                yield from _at_address(wanted, key, _ADDRESS_REST.match(rest))

    def _in_words(self, key: str, text: str) -> Iterator[Mention]:
        for wanted, start, end in self._names.found_in(text):
            around = text[max(0, start - _SHOWN_CHARACTERS) : end + _SHOWN_CHARACTERS].strip()
            yield Mention(wanted.identity, Kind.NAME, f"{key} {_how(text, start, end)}: “{around}”")


class _Patterns:
    """Texts that are looked for all at once."""

    def __init__(self, wanted: Iterable[_Wanted]) -> None:
        self.wanted = list(wanted)
        texts = [one.text for one in self.wanted]
        self._automaton = ahocorasick_rs.AhoCorasick(texts) if texts else None

    def __bool__(self) -> bool:
        return self._automaton is not None

    def any_in(self, text: str) -> bool:
        """Whether any of them occurs."""
        return self._automaton is not None and bool(self._automaton.find_matches_as_indexes(text))

    def found_in(self, text: str) -> Iterator[tuple[_Wanted, int, int]]:
        """Yield all occurrences, also those inside others, with their beginning and end."""
        if self._automaton is not None:
            for at, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
                yield self.wanted[at], start, end


def fold(text: str) -> str:
    """Return words in small letters without accents, between single blanks, with one before and one behind."""
    if not text.isascii():
        parts = unicodedata.normalize("NFKD", text)
        text = "".join(part for part in parts if not unicodedata.combining(part))
    return f" {_NO_WORD.sub(' ', text.casefold()).strip()} "


def texts_of(attributes: Attributes) -> list[tuple[str, str]]:
    """Return what is said as texts, each with its key."""
    return [(key, text) for key, value in attributes.items() if (text := _text(value))]


def last_part(text: str) -> str:
    """Return what an address or a path ends in."""
    if "?" in text or "#" in text:
        text = re.split(r"[?#]", text, maxsplit=1)[0]
    return text.rpartition("/")[2]


def file_name_in(text: str) -> str:
    """Return the file name that an address or a path ends in, in small letters; empty where it is no such text."""
    if any(map(str.isspace, text[-_SHOWN_CHARACTERS:])):
        return ""
    base = last_part(text)
    return (unquote(base) if "%" in base else base).casefold()


@lru_cache(maxsize=4096)
def is_distinctive(file_name: str) -> bool:
    """Whether a file name is unlikely to be anyone else's: eight letters in two words that are not common in names of
    files, or sixteen letters and digits that form no word."""
    stem = file_name.rpartition(".")[0] or file_name
    words = [word for word in re.split(r"[\W\d_]+", stem) if len(word) > 2 and word not in _COMMON_WORDS]
    if len(words) > 1 and sum(map(len, words)) >= _DISTINCTIVE_LETTERS:
        return True
    return re.fullmatch(r"(?=.*\d)(?=.*[a-z])[a-z0-9]{16,}", stem) is not None


def plain_address(url: str) -> str:
    """Return an address as it is compared: small letters, without scheme, `www.`, fragment and a slash at its end."""
    address = url.strip().lower().partition("#")[0]
    return address.partition("://")[2].removeprefix("www.").rstrip("/") if "://" in address else address.rstrip("/")


def _addresses(identities: Sequence[Identity]) -> Iterator[_Wanted]:
    for at, identity in enumerate(identities):
        for domain in sorted(set().union(*map(_spellings, identity.domains))):
            yield _Wanted(at, Kind.DOMAIN, domain)
        for url in filter(_is_telling, map(plain_address, identity.urls)):
            yield _Wanted(at, Kind.URL, url)


def _is_telling(address: str) -> bool:
    """An index may come from a stranger, and name what everybody's addresses hold."""
    return "." in address.strip(".") and len(address) > 3


def _spellings(domain: str) -> set[str]:
    with suppress(UnicodeError):
        return {one for one in (domain, domain.encode("idna").decode("ascii")) if _is_telling(one)}
    return set()


def _names(identities: Sequence[Identity]) -> Iterator[_Wanted]:
    for at, identity in enumerate(identities):
        for name in dict.fromkeys(fold(name) for name in (identity.creator, *identity.names)):
            if len(name.strip()) > 2 or _WITHOUT_SPACES.search(name):
                yield _Wanted(at, Kind.NAME, name.strip() if _WITHOUT_SPACES.search(name) else name)


def _at_address(wanted: _Wanted, key: str, rest: re.Match[str] | None) -> Iterator[Mention]:
    """The address itself, or something below it; not one that only begins alike."""
    beyond = (rest.group() if rest else "").partition("#")[0].rstrip(".,;:!)]")
    if beyond in ("", "/"):
        yield Mention(wanted.identity, Kind.URL, f"{key} is the address {wanted.text}")
    elif beyond[0] in "/?":
        yield Mention(wanted.identity, Kind.DOMAIN, f"{key} leads below the address {wanted.text}")


def _how(text: str, start: int, end: int) -> str:
    before, after = text[max(0, start - 60) : start].rstrip(), text[end : end + 12].lstrip()
    if _STYLE_BEFORE.search(before) or _STYLE_AFTER.match(after):
        return "says “in the style of” this name"
    return "says “by” this name" if _BY_BEFORE.search(before) else "holds this name"


def _is_address(text: str) -> bool:
    return text[:8].lower().startswith(("http://", "https://", "//")) and " " not in text


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else ""
