"""RSL 1.0 documents: what a site's licences permit and prohibit for a path."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from workprint.model import Permission
from workprint.rights.paths import matches, path_of
from workprint.rights.vocabulary import Uses, meaning
from workprint.rights.xml import parse_xml

_NAMESPACE = "{https://rslstandard.org/rsl}"
_TOKENS = ("ai-train", "ai-input", "ai-index")
_WIDER = ("ai-all", "all")


def of_rsl(data: bytes, path: str) -> Iterator[tuple[str, Uses]]:
    """Yield (what is said, its meaning) for each AI use that the licences of a path speak of.

    Each licence is an offer of its own: a use is refused only if none of them permits it. Where a licence lists what it
    permits, it permits nothing else. A price or a licence server makes a condition of a permission.

    Raises:
        ValueError: the document cannot be read.
    """
    offers = [offer for content in parse_xml(data).iter(_NAMESPACE + "content") for offer in _offers(content, path)]
    for token in _TOKENS:
        answers = [answer for offer, is_free in offers if (answer := _answer(offer, is_free, token))]
        for wanted in (Permission.ALLOWED, Permission.CONSTRAINED, Permission.NOT_ALLOWED):
            if wanted in answers:
                yield f"{token}: {wanted}", _uses(token, wanted)
                break


def _offers(content: Element, path: str) -> Iterator[tuple[Element, bool]]:
    url = content.get("url", "/")
    pattern = url if url.startswith("/") else path_of(url)
    if matches(pattern, path):
        for offer in content.iter(_NAMESPACE + "license"):
            payments = {payment.get("type", "free") for payment in offer.iter(_NAMESPACE + "payment")}
            yield offer, not content.get("server") and payments <= {"free"}


def _answer(offer: Element, is_free: bool, token: str) -> Permission | None:
    permitted, prohibited = _words(offer, "permits"), _words(offer, "prohibits")
    names = {token, *_WIDER}
    if prohibited & names:
        return Permission.NOT_ALLOWED
    if permitted & names:
        return Permission.ALLOWED if is_free else Permission.CONSTRAINED
    return Permission.NOT_ALLOWED if permitted else None


def _words(offer: Element, name: str) -> set[str]:
    texts = (one.text or "" for one in offer.iter(_NAMESPACE + name) if one.get("type") == "usage")
    return {word for text in texts for word in text.lower().replace(",", " ").split()}


def _uses(token: str, permission: Permission) -> Uses:
    word = "prohibits" if permission is Permission.NOT_ALLOWED else "permits"
    return dict.fromkeys(meaning("rsl", f"{word}={token}") or {}, permission)
