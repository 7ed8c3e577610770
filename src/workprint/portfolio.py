"""The portfolio index: one file that a creator makes at home and hands out. See `docs/formats/portfolio.md`.

A ZIP archive without compression, so that anyone can list and check it with common tools, and its tables can be
memory-mapped where they lie. `manifest.json` names the SHA-256 of every other entry; its own digest names the
portfolio. It holds fingerprints, digests and terms: no pixels and no samples, unless previews were asked for.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import mmap
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from workprint import signing
from workprint.errors import FormatError, UsageError
from workprint.model import Failure, FingerprintRecord, Identity, Picture, Signal, Work
from workprint.protocols import Tables
from workprint.serial.arrays import array_in, npy
from workprint.serial.columns import RecordColumns
from workprint.serial.identities import identity_from_json, identity_to_json
from workprint.serial.lines import check_format, dumps, failure_from_json, failure_to_json
from workprint.serial.previews import PREVIEW_TYPES, preview_entry, preview_from
from workprint.serial.record_files import read_batches, read_rows, read_texts
from workprint.serial.records import Row, signals_from_text, to_table
from workprint.serial.stored_zip import changed_entries, stored_entries
from workprint.serial.works import COLUMNS, MANY, columns_of, work_to_json, works_from_columns, works_from_json

FORMAT = "workprint-portfolio"
VERSION = 3
_MANIFEST = "manifest.json"
_SIGNATURE, _SIGNER = "signature.json", "signer.pem"
_PREDICATE = "urn:workprint:portfolio:1"
_WORKS, _IDENTITIES = "works.json", "identities.json"
_MAX_MANIFEST_BYTES = 64_000_000
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Every entry's time: equal portfolios are equal bytes."""
_ALIGNMENT = 64


@dataclass(frozen=True, slots=True)
class PortfolioContents:
    """All that a portfolio index is made of. `records` run parallel to `works`."""

    works: tuple[Work, ...]
    records: tuple[FingerprintRecord, ...]
    terms: tuple[Mapping[str, Any], ...]
    """As JSON, each with its `terms_id`; `workprint.consent` reads and writes it."""
    unfindable: tuple[Failure, ...]
    recipes: tuple[str, ...]
    tables: Mapping[str, Tables]
    """By recipe id."""
    previews: Mapping[int, Picture] = field(default_factory=dict)
    """By position of the work."""
    tool_version: str = ""
    excluded: tuple[FingerprintRecord, ...] = ()
    """Pictures and recordings that never count where they are part of a work."""
    identities: tuple[Identity, ...] = ()


class Portfolio:
    """An open portfolio index. Tables are memory-mapped; works and terms are read at once."""

    def __init__(self, path: Path, verify: bool = True) -> None:
        """Open a portfolio, check its structure and, if `verify`, every digest in it.

        Raises:
            UsageError: there is nothing at `path`.
            FormatError: it cannot be read, is damaged, is no portfolio at all, or was changed after it was signed.
            NewerFormatError: it was written by a newer Workprint.
        """
        self.path = path
        try:
            with path.open("rb") as stream:
                self._map = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
                self._places = stored_entries(stream, self._map)
        except FileNotFoundError as error:
            raise UsageError(f"{path} does not exist; `workprint index` makes a portfolio index") from error
        except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError, struct.error) as error:
            if isinstance(error, OSError) and error.errno == errno.EMFILE:
                raise UsageError(f"{path} cannot be opened: this process may open no more files (ulimit -n)") from error
            raise FormatError(f"{path} is not a portfolio index, or it is cut short: {error}") from error
        self._manifest = self._read_manifest()
        if verify:
            self._verify()
        self.digest: str = hashlib.sha256(self._bytes(_MANIFEST)).hexdigest()
        self.key_id: str = self._signer()
        """Of the key that signed it; empty where nobody did."""
        self.tool_version = str(self._manifest.get("tool_version", ""))
        self.recipes = tuple(str(recipe) for recipe in self._list("recipes"))
        self.works = self._works()
        self.terms = {str(line.get("terms_id")): line for line in self._json("terms.json") if isinstance(line, dict)}
        self.unfindable = tuple(failure_from_json(line) for line in self._json("unfindable.json"))
        identities = self._json(_IDENTITIES) if _IDENTITIES in self._entries else []  # indexes of before have none
        self.identities = tuple(identity_from_json(line, str(path)) for line in identities)

    def tables(self, recipe_id: str) -> Tables | None:
        """The look-up tables of one recipe, as views into the file; None where the portfolio has none.

        Raises:
            FormatError: an entry is not a plain array.
        """
        places = self._manifest.get("tables")
        entries = places.get(recipe_id) if isinstance(places, dict) else None
        if not isinstance(entries, dict):
            return None
        return {str(name): self._array(str(entry)) for name, entry in entries.items()}

    def records(self) -> Iterator[FingerprintRecord]:
        """The fingerprints of every work, in order.

        Raises:
            FormatError: they are damaged.
        """
        count = 0
        for record in self._records("records.parquet"):
            count += 1
            yield record
        if count != len(self.works):
            raise FormatError(f"{self.path} is damaged: it has {count} records for {len(self.works)} works")

    def columns(self) -> Iterator[RecordColumns]:
        """The same records as columns, some at a time. Raises as `records`."""
        where = f"{self.path} (records.parquet)"
        for batch in read_batches(pa.BufferReader(self._view("records.parquet")), where):
            yield RecordColumns(batch, self.recipes, where)

    def signals(self) -> Mapping[int, tuple[Signal, ...]]:
        """What works say of their own rights, by position, of those that do; nothing in portfolios of version 1.

        Raises as `records`.
        """
        where = f"{self.path} (records.parquet)"
        count, texts = read_texts(pa.BufferReader(self._view("records.parquet")), "signals", where)
        try:
            signals = {work: signals_from_text(text) for work, text in texts.items()}
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise FormatError(f"{self.path} holds damaged signals") from error
        if count != len(self.works):
            raise FormatError(f"{self.path} is damaged: it has {len(self.works)} works and {count} records")
        return signals

    def excluded(self) -> Iterator[FingerprintRecord]:
        """The fingerprints of what never counts where it is part of a work. Raises as `records`."""
        return self._records("excluded.parquet")

    def preview(self, work: int) -> Picture | None:
        """The small picture of a work, if the creator put one in."""
        for ending, mime_type in PREVIEW_TYPES.items():
            name = f"previews/{work:06d}{ending}"
            if name in self._entries:
                return preview_from(self._bytes(name), mime_type)
        return None

    def let_go(self) -> None:
        """Hold no page of the file any longer; those that are asked for again are read again."""
        if hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)

    def close(self) -> None:
        """Release the file; where tables are still in use, that happens with the last of them."""
        with suppress(BufferError):
            self._map.close()

    def _records(self, name: str) -> Iterator[FingerprintRecord]:
        for row in read_rows(pa.BufferReader(self._view(name)), self.recipes, f"{self.path} ({name})"):
            if not isinstance(row, Failure):
                yield row[0]

    @property
    def _entries(self) -> Mapping[str, Any]:
        entries: Mapping[str, Any] = self._manifest["entries"]
        return entries

    def _read_manifest(self) -> dict[str, Any]:
        place = self._places.get(_MANIFEST)
        if place is None or place.end - place.begin > _MAX_MANIFEST_BYTES:
            raise FormatError(f"{self.path} is not a portfolio index: it has no {_MANIFEST}")
        data = self._bytes(_MANIFEST)
        if zlib.crc32(data) != place.checksum:  # it names the digests of all others, and has none itself
            raise FormatError(f"{self.path} is damaged: its {_MANIFEST} is not what was written")
        try:
            manifest = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise FormatError(f"{self.path} is damaged: its {_MANIFEST} cannot be read") from error
        check_format(manifest, FORMAT, VERSION, str(self.path))
        entries, there = manifest.get("entries"), set(self._places) - {_MANIFEST, _SIGNATURE, _SIGNER}
        if not isinstance(entries, dict) or set(entries) != there:
            raise FormatError(f"{self.path} is damaged: its entries are not those its {_MANIFEST} names")
        return dict(manifest)

    def _verify(self) -> None:
        if changed := changed_entries(self.path, self._places, self._entries):
            raise FormatError(f"{self.path} is damaged: {min(changed)!r} is not what its {_MANIFEST} says")

    def _signer(self) -> str:
        """The id of the key whose signature over the manifest's digest is valid; empty where there is none."""
        if not {_SIGNATURE, _SIGNER} & self._places.keys():
            return ""
        key = signing.PublicKey.from_pem(self._bytes(_SIGNER), f"{_SIGNER} in {self.path}")
        signing.verify_digest(self._bytes(_SIGNATURE), self.digest, _PREDICATE, key, str(self.path))
        return key.key_id

    def _works(self) -> Sequence[Work]:
        if _WORKS in self._entries:
            return works_from_json(self._view(_WORKS), str(self.path))
        return works_from_columns({name: self._array(_works_entry(name)) for name in COLUMNS}, str(self.path))

    def _view(self, name: str) -> memoryview:
        """An entry's bytes where they lie in the file."""
        place = self._places.get(name)
        if place is None:
            raise FormatError(f"{self.path} is damaged: it has no entry {name!r}")
        return memoryview(self._map)[place.begin : place.end]

    def _bytes(self, name: str) -> bytes:
        return bytes(self._view(name))

    def _json(self, name: str) -> list[Any]:
        try:
            value = json.loads(self._bytes(name))
        except (ValueError, RecursionError) as error:
            raise FormatError(f"{self.path} is damaged: {name} cannot be read") from error
        if not isinstance(value, list):
            raise FormatError(f"{self.path} is damaged: {name} holds no list")
        return value

    def _list(self, key: str) -> list[Any]:
        value = self._manifest.get(key)
        if not isinstance(value, list):
            raise FormatError(f"{self.path} is damaged: its {_MANIFEST} has no {key}")
        return value

    def _array(self, name: str) -> NDArray[Any]:
        try:
            return array_in(self._view(name))
        except ValueError as error:
            raise FormatError(f"{self.path} is damaged: {name!r} is not a table ({error})") from error


def write_portfolio(path: Path, contents: PortfolioContents, key: signing.SigningKey | None = None) -> None:
    """Write a portfolio index, all or nothing; the same bytes for the same contents and key.

    Raises:
        OSError: the disk is full or cannot be written; what was there before is still there.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            digests = {}
            for name, data in _entries(contents):
                digests[name] = hashlib.sha256(data).hexdigest()
                _write_entry(archive, stream.tell(), name, data)
            manifest = _manifest_bytes(contents, digests)
            _write_entry(archive, stream.tell(), _MANIFEST, manifest)
            for name, data in _signed(path.name, contents, manifest, key):
                _write_entry(archive, stream.tell(), name, data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _manifest_bytes(contents: PortfolioContents, digests: Mapping[str, str]) -> bytes:
    tables = {
        recipe: {name: _table_entry(recipe, name) for name in tables} for recipe, tables in contents.tables.items()
    }
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "tool_version": contents.tool_version,
        "recipes": list(contents.recipes),
        "tables": tables,
        "entries": digests,
    }
    return (json.dumps(manifest, indent=1) + "\n").encode()


def _signed(
    name: str, contents: PortfolioContents, manifest: bytes, key: signing.SigningKey | None
) -> Iterator[tuple[str, bytes]]:
    """What is signed is the manifest's digest, and with it everything that the manifest names."""
    if key is None:
        return
    said = {"creators": sorted({work.creator for work in contents.works}), "works": len(contents.works)}
    statement = signing.statement(name, hashlib.sha256(manifest).hexdigest(), _PREDICATE, said)
    yield _SIGNATURE, signing.sign(statement, signing.STATEMENT_TYPE, key)
    yield _SIGNER, key.public.pem


def _entries(contents: PortfolioContents) -> Iterator[tuple[str, bytes]]:
    columns = columns_of(contents.works) if len(contents.works) >= MANY else None
    if columns is None:
        yield _WORKS, _json_bytes([work_to_json(work) for work in contents.works])
    else:
        yield from ((_works_entry(name), npy(column)) for name, column in columns.items())
    yield "terms.json", _json_bytes(contents.terms)
    yield "unfindable.json", _json_bytes([failure_to_json(failure) for failure in contents.unfindable])
    if contents.identities:
        yield _IDENTITIES, _json_bytes([identity_to_json(identity) for identity in contents.identities])
    yield "records.parquet", _parquet(contents.records, contents.recipes)
    yield "excluded.parquet", _parquet(contents.excluded, contents.recipes)
    for recipe, tables in contents.tables.items():
        for name, table in tables.items():
            yield _table_entry(recipe, name), npy(table)
    for work, picture in sorted(contents.previews.items()):
        yield preview_entry(work, picture)


def _parquet(records: Sequence[FingerprintRecord], recipes: Sequence[str]) -> bytes:
    stream = io.BytesIO()
    rows: list[Row] = [(record, {}) for record in records]
    pq.write_table(to_table(rows, recipes), stream, compression="zstd")
    return stream.getvalue()


def _write_entry(archive: zipfile.ZipFile, position_bytes: int, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, _EPOCH)
    padding = -(position_bytes + 30 + len(name.encode())) % _ALIGNMENT
    if padding:  # an extra field, so that tables start where a processor likes to read them
        padding += _ALIGNMENT if padding < 4 else 0
        info.extra = b"wp" + (padding - 4).to_bytes(2, "little") + bytes(padding - 4)
    info.external_attr = 0o644 << 16
    archive.writestr(info, data)


def _table_entry(recipe_id: str, name: str) -> str:
    return f"tables/{hashlib.sha256(recipe_id.encode()).hexdigest()[:12]}/{name}.npy"


def _works_entry(column: str) -> str:
    return f"works/{column}.npy"


def _json_bytes(lines: Sequence[Any]) -> bytes:
    return ("[\n" + ",\n".join(dumps(line) for line in lines) + "\n]\n").encode()
