"""Fingerprint records and failures as Arrow tables: the rows of a store's parts and of a portfolio's `records`.

One row is one subject, fingerprinted or failed; see `docs/formats/store.md`. Values are read back through bounds and
type checks, because stores and portfolios come from strangers.
"""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from workprint.errors import FormatError
from workprint.model import (
    Attributes,
    Failure,
    Fingerprint,
    FingerprintRecord,
    Medium,
    Signal,
    Stage,
    TimeSpan,
)
from workprint.serial.lines import encodable, signal_from_json, signal_to_json

Row = tuple[FingerprintRecord, Attributes] | Failure

_MAX_ATTRIBUTES_CHARACTERS = 4_000_000
"""64 attributes of 4,096 characters, each written as an escape of up to twelve, and their names."""
_MAX_DEPTH = 16

_FINGERPRINT = pa.struct(
    [
        pa.field("recipe", pa.int16(), nullable=False),
        pa.field("value", pa.binary(), nullable=False),
        pa.field("quality", pa.float32(), nullable=False),
        pa.field("start_s", pa.float64()),
        pa.field("end_s", pa.float64()),
        pa.field("variant", pa.string(), nullable=False),
    ]
)
SCHEMA = pa.schema(
    [
        pa.field("subject_id", pa.string(), nullable=False),
        pa.field("medium", pa.string()),
        pa.field("digest", pa.binary(32)),
        pa.field("content_digest", pa.binary(32)),
        pa.field("size_bytes", pa.int64()),
        pa.field("extent", pa.list_(pa.float64())),
        pa.field("fingerprints", pa.list_(_FINGERPRINT)),
        pa.field("attributes", pa.string()),
        pa.field("signals", pa.string()),
        pa.field("stage", pa.string()),
        pa.field("code", pa.string()),
        pa.field("detail", pa.string()),
    ]
)
OLDER_SCHEMA = SCHEMA.remove(SCHEMA.get_field_index("signals"))
"""Of format version 1, which knew no signals."""
_MAX_SIGNALS = 1_000


def to_table(rows: Iterable[Row], recipes: Sequence[str]) -> pa.Table:
    """Rows as an Arrow table of `SCHEMA`; `recipes` are the recipe ids that fingerprints refer to by position.

    Raises:
        ValueError: a fingerprint's recipe is not among `recipes`.
    """
    return pa.Table.from_pylist([_to_row(row, recipes) for row in rows], schema=SCHEMA)


def from_table(table: pa.Table, recipes: Sequence[str], where: str) -> Iterator[Row]:
    """Yield the rows that `to_table` laid out, in order.

    Raises:
        FormatError: a column is missing or of another type, or a value is out of bounds.
    """
    if not has_columns_of_records(table.schema):
        raise FormatError(f"{where} does not have the columns of a fingerprint table")
    for batch in table.to_batches(max_chunksize=1024):
        yield from rows_of(batch, recipes, where)


def rows_of(batch: pa.RecordBatch, recipes: Sequence[str], where: str) -> Iterator[Row]:
    """Yield the rows of a batch with the columns of `SCHEMA`. Raises as `from_table`."""
    try:
        rows = batch.to_pylist()
    except ValueError as error:  # text that is not UTF-8
        raise FormatError(f"{where} holds a damaged record ({error})") from error
    for row in rows:
        yield _from_row(row, recipes, where)


def has_columns_of_records(schema: pa.Schema) -> bool:
    """Whether a table's columns are those of `SCHEMA`, or of what came before it."""
    return any(schema.equals(known, check_metadata=False) for known in (SCHEMA, OLDER_SCHEMA))


def _to_row(row: Row, recipes: Sequence[str]) -> dict[str, Any]:
    if isinstance(row, Failure):
        subject, detail = encodable(row.subject_id), encodable(row.detail)
        said = _attributes_to_row(row.attributes)
        return {"subject_id": subject, "stage": row.stage.value, "code": row.code, "detail": detail, "attributes": said}
    record, attributes = row
    return {
        "subject_id": encodable(record.subject_id),
        "medium": record.medium.value,
        "digest": bytes.fromhex(record.digest),
        "content_digest": bytes.fromhex(record.content_digest),
        "size_bytes": record.size_bytes,
        "extent": list(record.extent),
        "fingerprints": [_fingerprint_to_row(print_, recipes) for print_ in record.fingerprints],
        "attributes": _attributes_to_row(attributes),
        "signals": signals_to_text(record.signals),
    }


def _attributes_to_row(attributes: Attributes) -> str | None:
    return json.dumps(dict(attributes), allow_nan=False) if attributes else None


def _attributes_from_row(text: str | None) -> dict[str, Any]:
    """Raise `ValueError` where they are no mapping."""
    attributes = json.loads(text) if text else {}
    if not isinstance(attributes, dict):
        raise ValueError("attributes that are no mapping")
    return attributes


def _fingerprint_to_row(print_: Fingerprint, recipes: Sequence[str]) -> dict[str, Any]:
    span = print_.segment if isinstance(print_.segment, TimeSpan) else None
    return {
        "recipe": recipes.index(print_.recipe_id),
        "value": print_.value,
        "quality": print_.quality,
        "start_s": span.start_s if span else None,
        "end_s": span.end_s if span else None,
        "variant": print_.variant,
    }


def _from_row(row: dict[str, Any], recipes: Sequence[str], where: str) -> Row:
    try:
        if row["code"] is not None:
            said = _attributes_from_row(row["attributes"])
            return Failure(row["subject_id"], Stage(row["stage"]), row["code"], row["detail"] or "", said)
        record = FingerprintRecord(
            subject_id=row["subject_id"],
            medium=Medium(row["medium"]),
            digest=row["digest"].hex(),
            content_digest=row["content_digest"].hex(),
            size_bytes=row["size_bytes"],
            extent=tuple(row["extent"]),
            fingerprints=tuple(_fingerprint_from_row(print_, recipes) for print_ in row["fingerprints"]),
            signals=signals_from_text(row.get("signals")),
        )
        attributes = _attributes(row["attributes"]) if row["attributes"] else {}
        _check(record, attributes)
        return record, attributes
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
        raise FormatError(f"{where} holds a damaged record ({type(error).__name__}: {error})") from error


def signals_to_text(signals: Sequence[Signal]) -> str | None:
    """Signals as one column holds them: a JSON list, or null for none."""
    if not signals:
        return None
    return encodable(json.dumps([signal_to_json(signal) for signal in signals], ensure_ascii=False))


def signals_from_text(text: str | None) -> tuple[Signal, ...]:
    """The signals that `signals_to_text` wrote.

    Raises:
        KeyError, TypeError, ValueError, RecursionError: they are damaged.
    """
    values = json.loads(text) if text else []
    if not isinstance(values, list) or len(values) > _MAX_SIGNALS:
        raise ValueError("signals that are no list, or too many")
    return tuple(signal_from_json(value) for value in values)


def _check(record: FingerprintRecord, attributes: Any) -> None:
    """Raise `ValueError` unless a record from a file is one that could have been made."""
    sides = len(record.extent)
    if sides != (2 if record.medium is Medium.IMAGE else 1) or not all(0 <= side < math.inf for side in record.extent):
        raise ValueError(f"{record.medium} of the extent {record.extent}")
    if record.size_bytes is None or record.size_bytes < 0:
        raise ValueError(f"a size of {record.size_bytes} bytes")
    if not isinstance(attributes, dict):
        raise ValueError("attributes that are no mapping")


def _attributes(text: str) -> Any:
    """JSON values as readers of datasets make them: shallow, and every number finite, so that they can be written."""
    if len(text) > _MAX_ATTRIBUTES_CHARACTERS:
        raise ValueError(f"attributes of {len(text)} characters")
    value = json.loads(text)
    _check_value(value, _MAX_DEPTH)
    return value


def _check_value(value: Any, depth: int) -> None:
    if depth < 0:
        raise ValueError("attributes that are nested too deeply")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("attributes with a number that is none")
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            _check_value(inner, depth - 1)


def _fingerprint_from_row(row: dict[str, Any], recipes: Sequence[str]) -> Fingerprint:
    if row["recipe"] < 0:
        raise IndexError("a recipe below zero")
    span = None if row["start_s"] is None else TimeSpan(row["start_s"], row["end_s"])
    if span and not 0 <= span.start_s <= span.end_s < math.inf:
        raise ValueError(f"a stretch from {span.start_s} s to {span.end_s} s")
    return Fingerprint(recipes[row["recipe"]], row["value"], row["quality"], span, row["variant"])
