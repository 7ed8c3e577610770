"""The terms file a creator writes (`docs/formats/terms.md`): strict, since a typing mistake must permit nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from workprint.consent import fields, paths
from workprint.consent.grants import GRANT_FIELDS, checked_grant, grant_to_json
from workprint.consent.source import Source, read_source
from workprint.errors import FormatError
from workprint.licences import licence_named
from workprint.model import Grant, Permission, Terms, Use

_STRICTEST_FIRST = (Permission.NOT_ALLOWED, Permission.CONSTRAINED, Permission.ALLOWED)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a terms file says of the works below one path, to everyone."""

    path: str
    """Empty for all works."""
    uses: Mapping[Use, Permission] = field(default_factory=dict)
    licence: str = ""
    statement: str = ""
    contact: str = ""

    @property
    def permissions(self) -> dict[Use, Permission]:
        """What the licence says of each use, unless the rule itself says otherwise."""
        licence = licence_named(self.licence)
        return {**(licence.uses if licence else {}), **self.uses}


@dataclass(frozen=True, slots=True)
class TermsFile:
    """All that a terms file says."""

    rules: tuple[Rule, ...]
    """The first is for all works."""
    grants: tuple[tuple[tuple[str, ...], Grant], ...]
    """Each with the paths of the works that it is about; without any, it is about all."""

    def for_work(self, work_id: str) -> Terms:
        """The terms of one work. Of rules that speak of a use, the most specific decides; where equally specific ones
        disagree, the strictest."""

        def rank(rule: Rule) -> tuple[bool, int]:
            return paths.specificity(rule.path, work_id)

        rules = [rule for rule in self.rules if not rule.path or paths.covers(rule.path, work_id)]
        tiers = [list(tier) for _, tier in groupby(sorted(rules, key=rank, reverse=True), key=rank)]
        uses: dict[Use, Permission] = {}
        for tier in tiers:
            uses = {**_strictest(tier), **uses}
        return _terms(
            uses,
            statement=_joined(rule.statement for rule in tiers[0]),
            contact=next((contact for tier in tiers if (contact := _joined(rule.contact for rule in tier))), ""),
            licence=_joined(rule.licence for rule in tiers[0]),
            grants=tuple(grant for works, grant in self.grants if _about(works, work_id)),
        )

    def idle(self, work_ids: Iterable[str]) -> tuple[str, ...]:
        """The paths that stand for none of these works: a slip of the pen, perhaps."""
        ids = list(work_ids)
        named = [rule.path for rule in self.rules if rule.path] + [path for works, _ in self.grants for path in works]
        return tuple(path for path in dict.fromkeys(named) if not any(paths.covers(path, one) for one in ids))


def read_terms(path: Path) -> TermsFile:
    """Read a `terms.yaml`.

    Raises:
        UsageError: the file cannot be read.
        FormatError: it is not YAML, or says something that is not understood, with the line.
    """
    source = read_source(path)
    value = fields.mapping(source, {**_RULE_FIELDS, "works": fields.entries(_rule), "grants": fields.entries(_grant)})
    if not value.keys() & {"uses", "licence", "works", "grants"}:
        raise source.error("needs `uses:`, `licence:`, `works:` or `grants:`, or it says nothing")
    rules, grants = value.pop("works", ()), value.pop("grants", ())
    return TermsFile((Rule("", **value), *rules), _differing(source, grants))


def terms_to_json(terms: Terms) -> dict[str, Any]:
    """Terms as a portfolio holds them."""
    return {"terms_id": terms.terms_id, **_content(terms)}


def terms_from_json(value: Any, where: str) -> Terms:
    """The terms that `terms_to_json` wrote.

    Raises:
        FormatError: they say something that is not understood.
    """
    if not isinstance(value, dict):
        raise FormatError(f"{where} holds terms that are no mapping")
    rest = {key: content for key, content in value.items() if key != "terms_id"}
    terms = _terms(**_checked_content(Source(rest, where)))
    if value.get("terms_id") != terms.terms_id:
        raise FormatError(f"{where} holds terms whose id is not that of their content")
    return terms


def _rule(source: Source) -> Rule:
    rule = Rule(**fields.mapping(source, {**_RULE_FIELDS, "path": _path}, ("path",)))
    if not rule.uses and not rule.licence:
        raise source.error("needs `uses:` or `licence:`, or it says nothing")
    return rule


def _grant(source: Source) -> tuple[tuple[str, ...], Grant]:
    value = fields.mapping(source, {**GRANT_FIELDS, "works": fields.entries(_path)}, ("to", "uses"))
    return value.pop("works", ()), checked_grant(source, value)


def _path(source: Source) -> str:
    path = fields.text(source)
    wrong = paths.problem(path)
    if wrong:
        raise source.error(f"{path!r} {wrong}")
    return path


_RULE_FIELDS = {"uses": fields.uses, "licence": fields.licence, "statement": fields.text, "contact": fields.text}


def _differing(source: Source, grants: tuple[Any, ...]) -> tuple[Any, ...]:
    seen: set[str] = set()
    for _, grant in grants:
        if grant.grant_id in seen:
            raise source.at("grants").error(f"two grants have the id {grant.grant_id!r}; give each its own `id:`")
        seen.add(grant.grant_id)
    return grants


def _checked_content(source: Source) -> dict[str, Any]:
    def grant(below: Source) -> Grant:
        return checked_grant(below, fields.mapping(below, GRANT_FIELDS, ("to", "uses")))

    def uses(below: Source) -> dict[Use, Permission]:  # none, where a path or a grant alone speaks of a work
        return {} if below.value == {} else fields.uses(below)

    known = {**_RULE_FIELDS, "uses": uses, "grants": fields.entries(grant)}
    return fields.mapping(source, known, ("uses",))


def _terms(uses: Mapping[Use, Permission], statement: str = "", contact: str = "", licence: str = "",
           grants: tuple[Grant, ...] = ()) -> Terms:  # fmt: skip
    texts = {"statement": statement, "contact": contact}
    content: list[Any] = [sorted((use.value, permission.value) for use, permission in uses.items())]
    content.append(sorted(texts.items()))
    if licence or grants:
        content.append([licence, [grant_to_json(grant) for grant in grants]])
    terms_id = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
    return Terms(terms_id, uses, statement, contact, licence, grants)


def _content(terms: Terms) -> dict[str, Any]:
    uses = {use.value: permission.value for use, permission in sorted(terms.uses.items())}
    content: dict[str, Any] = {"uses": uses, "statement": terms.statement, "contact": terms.contact}
    if terms.licence:
        content["licence"] = terms.licence
    if terms.grants:
        content["grants"] = [grant_to_json(grant) for grant in terms.grants]
    return content


def _strictest(rules: Iterable[Rule]) -> dict[Use, Permission]:
    said: dict[Use, Permission] = {}
    for rule in rules:
        for use, permission in rule.permissions.items():
            said[use] = min(said.get(use, permission), permission, key=_STRICTEST_FIRST.index)
    return said


def _joined(texts: Iterable[str]) -> str:
    return " · ".join(dict.fromkeys(text for text in texts if text))[: fields.MAX_TEXT]


def _about(works: tuple[str, ...], work_id: str) -> bool:
    return not works or any(paths.covers(path, work_id) for path in works)
