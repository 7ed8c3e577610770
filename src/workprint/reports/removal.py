"""What to take out of a dataset, as the files that pipelines eat.

`items.txt`, `urls.txt` and `sha256.txt` hold one entry a line, sorted. `uids.npy` holds DataComp's sample ids: pairs of
unsigned 64-bit numbers, the two halves of each hexadecimal `uid`, sorted. `filter.parquet` has a row per item with all
of these, to be joined with a table. `removal.json` says what the lists are about, and how many items lack an entry.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from workprint.model import Finding, Outcome, RunManifest
from workprint.reports.addresses import container_of
from workprint.reports.attributes import url_of

UID_TYPE = np.dtype("u8,u8")
_UID = re.compile(r"[0-9a-fA-F]{32}")
_ROW = re.compile(r"#row=(\d{1,18})")
FILTER = pa.schema(
    [
        ("item", pa.string()),
        ("container", pa.string()),
        ("member", pa.string()),
        ("row", pa.int64()),
        ("url", pa.string()),
        ("sha256", pa.string()),
        ("uid", pa.string()),
        ("outcomes", pa.list_(pa.string())),
        ("works", pa.list_(pa.string())),
        ("creators", pa.list_(pa.string())),
        ("finding_ids", pa.list_(pa.string())),
    ]
)


def removal_files(
    manifest: RunManifest, findings: Iterable[Finding], outcomes: Collection[Outcome]
) -> dict[str, bytes]:
    """Each file of the lists by its name: of items with a finding of one of these outcomes, whatever else is found."""
    rows = _rows([finding for finding in findings if finding.verdict.outcome in outcomes])
    uids = np.array(sorted(_halves(row["uid"]) for row in rows if row["uid"]), dtype=UID_TYPE)
    lists = {name: sorted({str(row[key]) for row in rows if row[key]}) for name, key in _LISTS.items()}
    about = {
        "format": "workprint-removal",
        "version": 1,
        "dataset": manifest.dataset,
        "dataset_digest": manifest.dataset_digest,
        "use": manifest.use.value,
        "as_of": manifest.as_of.isoformat(),
        "outcomes": sorted(outcome.value for outcome in outcomes),
        "items": len(rows),
        "items_without_url": sum(not row["url"] for row in rows),
        "items_without_uid": sum(not row["uid"] for row in rows),
        "items_that_could_not_be_compared": sum(manifest.failed.values()),
    }
    return {
        **{name: "".join(f"{entry}\n" for entry in entries).encode() for name, entries in lists.items()},
        "uids.npy": _npy(uids),
        "filter.parquet": _parquet(rows),
        "removal.json": (json.dumps(about, indent=1) + "\n").encode("utf-8", "backslashreplace"),
    }


_LISTS = {"items.txt": "item", "urls.txt": "url", "sha256.txt": "sha256"}


def _rows(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    by_item: dict[str, list[Finding]] = {}
    for finding in findings:
        by_item.setdefault(finding.item, []).append(finding)
    return [_row(item, by_item[item]) for item in sorted(by_item)]


def _row(item: str, findings: Sequence[Finding]) -> dict[str, Any]:
    first = findings[0]
    row = _ROW.search(item)
    return {
        "item": item,
        "container": container_of(item),
        "member": item.partition("!")[2] or None,
        "row": int(row[1]) if row else None,
        "url": _one_line(url_of(first.attributes)) or None,
        "sha256": first.digest or None,
        "uid": _uid(first.attributes),
        "outcomes": sorted({finding.verdict.outcome.value for finding in findings}),
        "works": sorted({_valid(finding.work) for finding in findings if finding.work}),
        "creators": sorted({_valid(finding.creator) for finding in findings if finding.creator}),
        "finding_ids": sorted(finding.finding_id for finding in findings),
    }


def _uid(attributes: Mapping[str, Any]) -> str | None:
    uid = attributes.get("uid")
    return uid.lower() if isinstance(uid, str) and _UID.fullmatch(uid) else None


def _halves(uid: str) -> tuple[int, int]:
    return int(uid[:16], 16), int(uid[16:], 16)


def _one_line(text: str) -> str:
    """An address that would break the list, one entry a line, is none."""
    return text if text.isprintable() else ""


def _valid(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _npy(array: np.ndarray[Any, Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=FILTER), stream)
    return stream.getvalue()
