"""Say what is at a path: a portfolio index, a registry of them, a store, a results folder, or a dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from workprint import plugins, store
from workprint.api.registry import ENDING, indexes_at
from workprint.api.scanning import absolute
from workprint.datasets.annotations import conventions_of
from workprint.datasets.folder import FolderReader
from workprint.datasets.kinds import claims_media
from workprint.errors import NoMedia, UsageError
from workprint.findings import RUN, read_results
from workprint.model import Attributes, Failure, Limits, PassedOver
from workprint.portfolio import Portfolio
from workprint.serial.works import contacts_of

_SHOWN = 5
_SHOWN_ATTRIBUTES = 6
_ZIP_NAME_AT, _HEAD_BYTES = 30, 64
"""In a zip archive the first member's name begins there."""


def inspect(uri: str, reader: str | None = None, media_root: str = "") -> Iterator[tuple[str, str]]:
    """Yield what is known of the thing at `uri` as pairs of a name and a value, after checking that it is whole.

    The name of a `reader` makes a dataset of it, and so does the `media_root` of a manifest.

    Raises:
        UsageError: nothing is there, or there is no such reader.
        FormatError: it is damaged.
        DatasetError: it is nothing that Workprint knows.
    """
    path = Path(uri)
    if "://" not in uri and not path.exists():
        raise UsageError(f"{uri} does not exist")
    if reader is not None or media_root:
        return _dataset(uri, reader, media_root)
    if (path / RUN).is_file():
        return _results(path)
    if (path / store.HEADER).is_file():
        return _store(path)
    if path.is_file() and (path.suffix == ".workprint" or _is_portfolio(path)):
        return _portfolio(path)
    if path.is_dir() and _is_registry(path):
        return _registry(path)
    return _dataset(uri, None, "")


def _is_portfolio(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    return head.startswith(b"PK") and head[_ZIP_NAME_AT:].startswith((b"works.json", b"works/work_id.npy"))


def _is_registry(path: Path) -> bool:
    """Whether a folder holds portfolio indexes and no media; an index may also lie beside its creator's works."""
    found = False
    for one in path.rglob("*"):
        if one.suffix == ENDING:
            found = True
        elif claims_media(one.name) and one.is_file():
            return False
    return found


def _registry(path: Path) -> Iterator[tuple[str, str]]:
    yield "kind", "registry: a folder of portfolio indexes"
    media: Counter[str] = Counter()
    paths = indexes_at([path])
    for one in paths:
        portfolio = Portfolio(one)
        media.update(work.medium.value for work in portfolio.works)
        signed = f"signed with the key {portfolio.key_id}" if portfolio.key_id else "unsigned"
        creators = ", ".join(contacts_of(portfolio.works))
        yield "index", f"{one.relative_to(path)}: {len(portfolio.works)} works by {creators}, {signed}"
        portfolio.close()
    yield "indexes", str(len(paths))
    yield "works", f"{media.total()} ({_listed(dict(sorted(media.items())))})"


def _portfolio(path: Path) -> Iterator[tuple[str, str]]:
    portfolio = Portfolio(path)
    yield "kind", "portfolio index"
    yield "digest", portfolio.digest
    yield "made by", f"Workprint {portfolio.tool_version}"
    yield "signed by", f"key {portfolio.key_id}" if portfolio.key_id else "nobody; its terms can deny, not permit"
    media = Counter(work.medium.value for work in portfolio.works)
    yield "works", f"{len(portfolio.works)} ({_listed(media)})"
    for creator, number in sorted(Counter(work.creator for work in portfolio.works).items()):
        yield "creator", f"{creator}: {number} works"
    for contact in sorted({work.contact for work in portfolio.works if work.contact}):
        yield "contact", contact
    for terms_id, terms in portfolio.terms.items():
        licence = f", licence {terms['licence']}" if "licence" in terms else ""
        grants = f", {len(terms['grants'])} grants" if "grants" in terms else ""
        yield "terms", f"{terms_id}: {_listed(terms.get('uses', {}))}{licence}{grants}"
    for identity in portfolio.identities:
        for what, known in (("name", identity.names), ("domain", identity.domains), ("address", identity.urls)):
            yield from ((what, f"{identity.creator}: {text}") for text in known)
    without = sum(work.terms_id is None for work in portfolio.works)
    if without:
        yield "without terms", f"{without} works; a match of theirs is “no permission on record”"
    for failure in portfolio.unfindable:
        yield "cannot be found", f"{failure.subject_id}: {failure.detail}"
    for recipe in portfolio.recipes:
        yield "recipe", recipe


def _store(path: Path) -> Iterator[tuple[str, str]]:
    header = store.read_header(path)
    counts = [store.read_count(part)[0] for part in store.parts(path)]
    yield "kind", "fingerprint store" if header.attributes is None else "fingerprint store, compact"
    yield "dataset", header.dataset
    yield "reader", header.reader
    yield "depth", header.depth.value
    yield "complete", "yes" if (path / store.COMPLETE).exists() else "no: start the same command again to go on"
    yield "shards", str(len(counts))
    yield (
        "items",
        f"{sum(count.seen for count in counts)} seen, {sum(count.fingerprinted for count in counts)} compared",
    )
    for recipe in header.recipes:
        yield "recipe", recipe


def _results(path: Path) -> Iterator[tuple[str, str]]:
    manifest = read_results(path).manifest
    yield "kind", "results of a scan"
    yield "dataset", manifest.dataset
    yield "use", f"{manifest.use.value}, as of {manifest.as_of.isoformat()}"
    yield "items", f"{manifest.seen} seen = {manifest.fingerprinted} compared + {sum(manifest.failed.values())} failed"
    yield "failed", _listed(manifest.failed)
    yield "findings", _listed(manifest.findings)
    for portfolio in manifest.portfolios:
        key = f" with the key {portfolio.key_id}" if portfolio.key_id else ""
        yield (
            "portfolio",
            f"{portfolio.path}: {portfolio.works} works by {', '.join(portfolio.creators)}, "
            f"{portfolio.standing.value}{key}",
        )


def _dataset(uri: str, name: str | None, media_root: str) -> Iterator[tuple[str, str]]:
    reader = plugins.reader(uri, name, Limits(), absolute(media_root))
    shards = list(reader.shards(uri))
    yield "kind", f"dataset ({reader.name})"
    conventions = conventions_of(uri) if isinstance(reader, FolderReader) else []
    if conventions:
        yield "annotated", f"files are spoken of by tables, as in {', '.join(conventions)}"
    yield "shards", str(len(shards))
    reads = (read for shard in shards for read in reader.read(shard) if not isinstance(read, PassedOver))
    for read in islice(reads, _SHOWN):
        if isinstance(read, Failure):
            what = "without media" if read.code == NoMedia.code else "failure"
            yield what, f"{read.subject_id}: {read.detail} {_said(read.attributes)}".rstrip()
        else:
            yield "item", f"{read[0].item_id} ({read[1].size_bytes} bytes) {_said(read[0].attributes)}".rstrip()


def _said(attributes: Attributes) -> str:
    return ", ".join(f"{key}={str(value)[:60]!r}" for key, value in islice(attributes.items(), _SHOWN_ATTRIBUTES))


def _listed(counts: object) -> str:
    pairs = counts.items() if isinstance(counts, dict) else ()
    return ", ".join(f"{name}: {value}" for name, value in pairs) or "none"
