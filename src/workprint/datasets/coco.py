"""COCO's JSON: pictures, captions and licences in three lists, joined to one row for each picture."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, BinaryIO

import ijson

from workprint.datasets.kinds import ending_of

MAX_CAPTION_CHARACTERS = 512 << 20
"""Of all captions together; those beyond are left out."""
_MAX_TEXT_CHARACTERS = 4096
_LISTS = re.compile(rb'"(?:images|annotations|image_id)"\s*:')
_URLS = ("url", "coco_url", "flickr_url")


def looks_like_coco(head: bytes, name: str) -> bool:
    """Whether a file with this beginning and name holds COCO's lists."""
    return ending_of(name) == ".json" and head.lstrip()[:1] == b"{" and _LISTS.search(head) is not None


def rows_of(source: BinaryIO) -> Iterator[dict[str, Any]]:
    """Yield a row for each picture, with `file_name`, `caption`, `license` and URLs as far as they are there.

    The file is read three times, one value at a time, because its lists may stand in any order.

    Raises:
        ValueError: it is no JSON.
    """
    licences = {str(entry.get("id")): entry for entry in _entries(source, "licenses")}
    captions = _captions(source)
    for image in _entries(source, "images"):
        row = {"file_name": image.get("file_name"), "image_id": image.get("id")}
        row |= {key: image[key] for key in _URLS if image.get(key)}
        licence = licences.get(str(image.get("license")))
        if licence:
            row |= {"license": licence.get("name"), "license_url": licence.get("url")}
        said = captions.get(str(image.get("id")))
        if said:
            row["caption"] = "; ".join(said)
        yield row


def _captions(source: BinaryIO) -> dict[str, list[str]]:
    captions: dict[str, list[str]] = defaultdict(list)
    characters = 0
    for annotation in _entries(source, "annotations"):
        caption = annotation.get("caption")
        if isinstance(caption, str) and characters < MAX_CAPTION_CHARACTERS:
            captions[str(annotation.get("image_id"))].append(caption.strip()[:_MAX_TEXT_CHARACTERS])
            characters += min(len(caption), _MAX_TEXT_CHARACTERS)
    return captions


def _entries(source: BinaryIO, name: str) -> Iterator[dict[str, Any]]:
    source.seek(0)
    try:
        for entry in ijson.items(source, f"{name}.item", use_float=True):
            if isinstance(entry, dict):
                yield entry
    except ijson.JSONError as error:
        raise ValueError(f"no JSON: {error}") from error
