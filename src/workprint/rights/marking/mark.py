"""What is written into files: a creator's terms in the words of each standard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from workprint.model import Permission, Use
from workprint.rights.xml import parse_xml
from workprint.rights.xmp import DC, PLUS, RDF, RIGHTS

_META = "adobe:ns:meta/"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_VOCABULARY = "http://ns.useplus.org/ldf/vocab/"
_TRAINING = (Use.AI_TRAINING, Use.AI_GENERATIVE_TRAINING)
_ASSERTED = (Use.DATA_MINING, Use.AI_INFERENCE, Use.AI_TRAINING, Use.AI_GENERATIVE_TRAINING)
_ASSERTED_VALUES = {Permission.ALLOWED: "allowed", Permission.NOT_ALLOWED: "notAllowed"}
_PREFIXES = {"x": _META, "rdf": RDF, "plus": PLUS, "dc": DC, "xmpRights": RIGHTS}
for _prefix, _namespace in _PREFIXES.items():
    register_namespace(_prefix, _namespace)


@dataclass(frozen=True, slots=True)
class Mark:
    """A creator's terms, ready to be written."""

    uses: Mapping[Use, Permission]
    creator: str = ""
    notice: str = ""
    """The copyright line."""
    statement: str = ""
    """Terms of use in the creator's own words."""
    contact: str = ""
    """A mail or web address to ask for a licence."""

    @property
    def policy_url(self) -> str:
        """Where a licence can be had, if that is an address on the web."""
        return self.contact if self.contact.startswith(("https://", "http://")) else ""

    @property
    def usage_terms(self) -> str:
        """The statement, and where to ask."""
        ask = f"Licensing: {self.contact}" if self.contact else ""
        return " ".join(part for part in (self.statement, ask) if part)

    @property
    def data_mining(self) -> str:
        """The value of plus:DataMining that says no more and no less than the terms; empty where none does."""
        mining, *training = (self.uses.get(use) for use in (Use.DATA_MINING, *_TRAINING))
        denied = [permission is Permission.NOT_ALLOWED for permission in (mining, *training)]
        if all(denied):
            return _VOCABULARY + "DMI-PROHIBITED"
        if denied[1] and denied[2]:
            return _VOCABULARY + "DMI-PROHIBITED-AIMLTRAINING"
        if denied[2]:
            return _VOCABULARY + "DMI-PROHIBITED-GENAIMLTRAINING"
        if Permission.CONSTRAINED in training:
            return _VOCABULARY + "DMI-PROHIBITED-SEECONSTRAINT"
        return _VOCABULARY + "DMI-ALLOWED" if {mining, *training} == {Permission.ALLOWED} else ""

    @property
    def reserves(self) -> bool:
        """Whether the terms reserve mining or training, as a TDM reservation says it."""
        said = {self.uses.get(use) for use in (Use.DATA_MINING, *_TRAINING)}
        return bool(said & {Permission.NOT_ALLOWED, Permission.CONSTRAINED})

    @property
    def reservation(self) -> tuple[tuple[str, str], ...]:
        """A TDM reservation for the free fields of tags, and its policy.

        A policy turns a refusal into a condition, so it is named only where the terms set conditions.
        """
        if not self.reserves:
            return ()
        limited = Permission.CONSTRAINED in {self.uses.get(use) for use in _TRAINING}
        policy = (("TDM-POLICY", self.policy_url),) if limited and self.policy_url else ()
        return (("TDM-RESERVATION", "1"), *policy)

    @property
    def assertion(self) -> dict[str, dict[str, str]]:
        """The entries of a `cawg.training-mining` assertion."""
        return {f"cawg.{use}": self._entry(self.uses[use]) for use in _ASSERTED if use in self.uses}

    def _entry(self, permission: Permission) -> dict[str, str]:
        if permission is Permission.CONSTRAINED:
            return {"use": "constrained", "constraint_info": self.contact or self.statement or "ask the creator"}
        return {"use": _ASSERTED_VALUES[permission]}

    def packet(self, existing: bytes = b"") -> bytes:
        """An XMP packet with the terms; what an existing packet says of other things stays.

        Raises:
            ValueError: the existing packet cannot be read.
        """
        root = parse_xml(existing) if existing else Element(f"{{{_META}}}xmpmeta")
        rdf = root if root.tag == f"{{{RDF}}}RDF" else root.find(f".//{{{RDF}}}RDF")
        rdf = SubElement(root, f"{{{RDF}}}RDF") if rdf is None else rdf
        made = Element(f"{{{RDF}}}Description", {f"{{{RDF}}}about": ""})
        for name, value in self._plain():
            made.set(name, value)
        for name, kind, value in self._lists():
            item = SubElement(SubElement(SubElement(made, name), f"{{{RDF}}}{kind}"), f"{{{RDF}}}li")
            item.text = value
            if kind == "Alt":
                item.set(_XML_LANG, "x-default")
        replaced = {*made.attrib, *(child.tag for child in made)} - {f"{{{RDF}}}about"}
        for description in rdf.findall(f"{{{RDF}}}Description"):
            _forget(description, replaced)
        rdf.append(made)
        return _wrapped(tostring(root, encoding="utf-8"))

    def _plain(self) -> Iterator[tuple[str, str]]:
        yield f"{{{RIGHTS}}}Marked", "True"
        if self.data_mining:
            yield f"{{{PLUS}}}DataMining", self.data_mining
        if self.policy_url:
            yield f"{{{RIGHTS}}}WebStatement", self.policy_url

    def _lists(self) -> Iterator[tuple[str, str, str]]:
        if self.notice:
            yield f"{{{DC}}}rights", "Alt", self.notice
        if self.creator:
            yield f"{{{DC}}}creator", "Seq", self.creator
        if self.usage_terms:
            yield f"{{{RIGHTS}}}UsageTerms", "Alt", self.usage_terms
            if self.data_mining.endswith("SEECONSTRAINT"):
                yield f"{{{PLUS}}}OtherConstraints", "Alt", self.usage_terms


def _forget(description: Element, names: set[str]) -> None:
    for name in names & set(description.attrib):
        del description.attrib[name]
    for child in [child for child in description if child.tag in names]:
        description.remove(child)


def _wrapped(packet: bytes) -> bytes:
    stream = BytesIO()
    stream.write(b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>')
    stream.write(packet)
    stream.write(b'<?xpacket end="w"?>')
    return stream.getvalue()
