"""Small pictures and outlines of works, as a portfolio holds them by choice."""

import json

from workprint.model import Picture

PREVIEW_TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".json": ""}
"""MIME types by the ending of an entry's name; a recording's outline has none."""


def preview_entry(work: int, picture: Picture) -> tuple[str, bytes]:
    """The name and the bytes of a work's preview in a portfolio."""
    if not picture.mime_type.startswith("image/"):
        outline = {"peaks": list(picture.peaks), "duration_s": picture.duration_s}
        return f"previews/{work:06d}.json", json.dumps(outline).encode()
    ending = next(ending for ending, mime_type in PREVIEW_TYPES.items() if mime_type == picture.mime_type)
    return f"previews/{work:06d}{ending}", picture.data


def preview_from(data: bytes, mime_type: str) -> Picture | None:
    """The preview that `preview_entry` wrote; None where it cannot be used."""
    if mime_type:
        return Picture(mime_type, data)
    try:
        outline = json.loads(data)
        peaks = tuple(min(1.0, max(0.0, float(peak))) for peak in outline["peaks"][:2000])
        return Picture("", b"", peaks, float(outline["duration_s"]))
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
