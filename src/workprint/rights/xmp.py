"""XMP packets. Properties are told by namespace and name: `foo:DataMining` is not `plus:DataMining`."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from workprint.rights.fields import Field, Role
from workprint.rights.xml import parse_xml

PLUS = "http://ns.useplus.org/ldf/xmp/1.0/"
DC = "http://purl.org/dc/elements/1.1/"
RIGHTS = "http://ns.adobe.com/xap/1.0/rights/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
CC = "http://creativecommons.org/ns#"
_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
_TDM = ("http://www.w3.org/ns/tdmrep/", "http://www.w3.org/ns/tdmrep#")
_DC_TERMS = "http://purl.org/dc/terms/"
_OTHER_RESOURCES = "{http://ns.adobe.com/xap/1.0/mm/}"
"""What stands in here tells of other pictures: ingredients, history."""
_PROPERTIES = {
    PLUS: ("plus", {
        "DataMining": Role.MINING, "OtherConstraints": Role.NOTICE, "CopyrightOwnerName": Role.HOLDER,
        "ImageCreatorName": Role.HOLDER, "LicensorName": Role.HOLDER, "LicensorURL": Role.POLICY,
        "TermsAndConditionsURL": Role.POLICY, "CopyrightStatus": Role.FACT, "CopyrightRegistrationNumber": Role.FACT,
    }),
    RIGHTS: ("xmpRights", {
        "UsageTerms": Role.NOTICE, "WebStatement": Role.POLICY, "Owner": Role.HOLDER, "Marked": Role.FACT,
        "Certificate": Role.FACT,
    }),
    DC: ("dc", {"rights": Role.NOTICE, "creator": Role.HOLDER}),
    CC: ("cc", {"license": Role.LICENCE, "attributionName": Role.HOLDER}),
    _EXT: ("Iptc4xmpExt", {
        "DigitalSourceType": Role.FACT, "EncRightsExpr": Role.FACT, "LinkedRightsExpr": Role.POLICY,
    }),
    _PHOTOSHOP: ("photoshop", {"Credit": Role.HOLDER, "Instructions": Role.COMMENT}),
    _DC_TERMS: ("dcterms", {"provenance": Role.FACT, "license": Role.LICENCE}),
    **dict.fromkeys(_TDM, ("tdm", {"reservation": Role.RESERVATION, "policy": Role.RESERVATION_POLICY})),
}  # fmt: skip
_NAMES = {
    f"{{{namespace}}}{name}": (f"{prefix}:{name}", role)
    for namespace, (prefix, names) in _PROPERTIES.items()
    for name, role in names.items()
}


def fields(data: bytes) -> Iterator[Field]:
    """The properties of a packet that say something of rights.

    Raises:
        ValueError: the packet cannot be read.
    """
    yield from _of(parse_xml(data))


def _of(root: Element) -> Iterator[Field]:
    waiting = [root]
    while waiting:
        element = waiting.pop()
        if element.tag.startswith(_OTHER_RESOURCES):
            continue
        for name, value in element.attrib.items():
            if name in _NAMES:
                yield Field(*_NAMES[name], value)
        if element.tag in _NAMES:
            yield from (Field(*_NAMES[element.tag], value) for value in _values(element))
        waiting.extend(reversed(element))


def _values(element: Element) -> Iterator[str]:
    """A property's value: an address, a text, or the texts of a list."""
    resource = element.get(f"{{{RDF}}}resource")
    if resource is not None:
        yield resource
    elif len(element) == 0:
        yield element.text or ""
    for item in element.iter(f"{{{RDF}}}li"):
        if len(item) == 0:
            yield item.get(f"{{{RDF}}}resource") or item.text or ""
