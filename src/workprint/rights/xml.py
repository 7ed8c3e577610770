"""XML from strangers: bounded, without document types, entities or anything that is fetched."""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

_BOMS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))
_BLANKS = b"\0 \t\r\n"
MAX_ELEMENTS = 20_000


def parse_xml(data: bytes) -> Element:
    """The root of a document of at most `MAX_ELEMENTS` elements. Zero bytes and blanks around it are left out.

    Raises:
        ValueError: it is malformed, declares a document type or entities, or is too large; says which.
    """
    try:
        root: Element = fromstring(_text(data), forbid_dtd=True)
    except DefusedXmlException as error:
        raise ValueError("it declares a document type or entities, which are not read") from error
    except (ParseError, LookupError) as error:
        raise ValueError(f"it is no well-formed XML ({str(error)[:100]})") from error
    if sum(1 for _ in root.iter()) > MAX_ELEMENTS:
        raise ValueError(f"it holds more than {MAX_ELEMENTS} elements")
    return root


def _text(data: bytes) -> str | bytes:
    """The document without what surrounds it; as text where its encoding is told by its first bytes."""
    codec = next((codec for bom, codec in _BOMS if data.startswith(bom)), None)
    if codec is None and data.startswith(b"\0<"):
        codec = "utf-16-be"
    if codec is None:
        data = data.lstrip(_BLANKS)
        codec = "utf-16-le" if data[1:2] == b"\0" else None
    return data.decode(codec).strip("\0\ufeff \t\r\n") if codec else data.rstrip(_BLANKS)
