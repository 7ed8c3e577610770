"""C2PA manifests: the training and data mining assertion, under its old label and its new one. Needs `workprint[c2pa]`.

The network stays off: a manifest that lies elsewhere is named and not fetched. Who signed is not checked against any
list, so what a manifest allows clears nothing; it is shown, and counts as not written as its standard wants it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from workprint.model import NOT_CHECKED, Blob, Permission, Signal, Use
from workprint.rights.fields import unreadable
from workprint.rights.vocabulary import cut, meaning

LABELS = ("cawg.training-mining", "c2pa.training-mining")
_MAX_MANIFEST_FILE_BYTES = 256 << 20
_SETTINGS = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    "builder": {"thumbnail": {"enabled": False}},
}
_ENTRY_PREFIXES = ("cawg.", "c2pa.")


def manifests_reader() -> str:
    """The version of the library that reads manifests; empty where it is not installed."""
    try:
        return version("c2pa-python")
    except PackageNotFoundError:
        return ""


def manifest_signals(blob: Blob) -> list[Signal]:
    """What the manifest in a file says of training and mining; a note where it cannot be checked."""
    try:
        import c2pa
    except ImportError:
        return [Signal("c2pa", NOT_CHECKED, "a manifest is there; `pip install workprint[c2pa]` reads it")]
    if blob.size_bytes > _MAX_MANIFEST_FILE_BYTES:
        return [Signal("c2pa", NOT_CHECKED, "a manifest is there; the file is too large to check it")]
    with blob.open() as stream:
        head = stream.read(16)
        stream.seek(0)
        try:
            with c2pa.Reader(mime_type(head), stream, context=_context()) as reader:
                store, state = json.loads(reader.json()), str(reader.get_validation_state())
        except (c2pa.C2paError, ValueError) as error:
            return [unreadable("c2pa", f"the manifest cannot be read ({type(error).__name__}: {error})")]
    return list(_signals(store, state)) or [Signal("c2pa", "manifest", f"{state}; nothing on training or mining")]


@cache
def _context() -> Any:
    import c2pa

    return c2pa.Context.from_dict(_SETTINGS)


def _signals(store: Mapping[str, Any], state: str) -> Iterator[Signal]:
    active = store.get("active_manifest")
    for label, manifest in store.get("manifests", {}).items():
        for assertion in manifest.get("assertions", ()):
            if str(assertion.get("label", "")).split("__")[0] in LABELS and label == active:
                yield from _entries(assertion["label"], assertion.get("data"), state)


def _entries(label: str, data: Any, state: str) -> Iterator[Signal]:
    entries = data.get("entries", data) if isinstance(data, dict) else {}
    for name, value in list(entries.items())[:32] if isinstance(entries, dict) else ():
        use = value.get("use") if isinstance(value, dict) else None
        key = next((str(name).removeprefix(prefix) for prefix in _ENTRY_PREFIXES if str(name).startswith(prefix)), name)
        uses = meaning("training-mining", f"{key}={use}")
        if uses is None:
            continue
        info = value.get("constraint_info") or value.get("constraints_info") or ""
        uses = _careful(uses, state, bool(info))
        raw = f"{name}={use}" + (f" ({info})" if info else "") + f"; manifest {state.lower()}"
        policy = cut(str(info)) if str(info).startswith(("http://", "https://")) else ""
        yield Signal("c2pa", label, cut(raw), uses, state != "Invalid", policy_url=policy)


def _careful(uses: Mapping[Use, Permission], state: str, is_explained: bool) -> Mapping[Use, Permission]:
    """A manifest nobody vouches for allows nothing; `constrained` without a condition shall be read as not allowed."""
    careful = dict(uses)
    for use, permission in uses.items():
        if permission is Permission.ALLOWED and state != "Trusted":
            del careful[use]
        if permission is Permission.CONSTRAINED and not is_explained:
            careful[use] = Permission.NOT_ALLOWED
    return careful


def mime_type(head: bytes) -> str:
    """What the C2PA library calls the kind of file that begins like this."""
    marks = (
        (0, b"\xff\xd8", "image/jpeg"), (0, b"\x89PNG", "image/png"), (0, b"GIF8", "image/gif"),
        (8, b"WEBP", "image/webp"), (8, b"WAVE", "audio/wav"), (8, b"avif", "image/avif"), (8, b"hei", "image/heic"),
        (8, b"mif1", "image/heif"), (4, b"ftyp", "video/mp4"), (0, b"fLaC", "audio/flac"), (0, b"ID3", "audio/mpeg"),
        (0, b"\xff\xfb", "audio/mpeg"),
        (0, b"II", "image/tiff"), (0, b"MM", "image/tiff"),
    )  # fmt: skip
    return next((mime for at, mark, mime in marks if head.startswith(mark, at)), "application/octet-stream")
