"""What a dataset says of an item: which of its columns are the address on the web, the caption and the licence."""

import json
from typing import Any

from workprint.model import Attributes

URL_NAMES = ("url", "image_url", "audio_url", "source_url", "original_url", "page_url", "link", "src", "source")
CAPTION_NAMES = ("caption", "text", "alt", "alt_text", "title", "description", "prompt", "transcript", "sentence")
LICENCE_NAMES = ("license", "licence", "license_url", "licence_url", "rights", "copyright")


def url_of(attributes: Attributes) -> str:
    """Return where the item was taken from; empty where the dataset does not say. Untrusted text."""
    return _first(attributes, URL_NAMES)


def caption_of(attributes: Attributes) -> str:
    """Return what the dataset says the item shows or plays; empty where it does not. Untrusted text."""
    return _first(attributes, CAPTION_NAMES)


def licence_of(attributes: Attributes) -> str:
    """Return the licence the dataset claims; empty where it claims none. Untrusted text, and no proof of anything."""
    return _first(attributes, LICENCE_NAMES)


def value_as_text(value: Any) -> str:
    """Return a column's value as text: strings as they are, all else as JSON. Untrusted text, of any length."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (RecursionError, ValueError, TypeError) as error:
        return f"(cannot be shown: {type(error).__name__})"


def _first(attributes: Attributes, names: tuple[str, ...]) -> str:
    """Return the first value that is there, in the order of `names`; `URL` and `url` are the same column."""
    values = {str(name).lower(): value for name, value in attributes.items()}
    found = (value_as_text(values[name]) for name in names if name in values)
    return next((text for text in found if text.strip()), "")
