"""From terms to a verdict. Pure: no clock, no files; fails closed."""

from workprint.model import Level, Outcome, Permission, Terms, Use, Verdict

_OUTCOMES = {
    Permission.ALLOWED: Outcome.PERMITTED,
    Permission.CONSTRAINED: Outcome.CONDITIONAL,
    Permission.NOT_ALLOWED: Outcome.PROHIBITED,
}
_REASONS = {
    Permission.ALLOWED: "the terms allow this use",
    Permission.CONSTRAINED: "the terms allow this use on conditions only",
    Permission.NOT_ALLOWED: "the terms do not allow this use",
}
_LEVELS = {
    Outcome.PERMITTED: Level.NOTE,
    Outcome.CONDITIONAL: Level.WARNING,
    Outcome.UNKNOWN: Level.WARNING,
    Outcome.PROHIBITED: Level.ERROR,
}


def judge(terms: Terms | None, use: Use) -> Verdict:
    """What a match amounts to. No terms, or terms that are silent on the use, are `unknown`, never `permitted`."""
    if terms is None:
        return Verdict(Outcome.UNKNOWN, use, None, "no permission on record")
    permission = terms.uses.get(use)
    if permission is None:
        return Verdict(
            Outcome.UNKNOWN, use, terms.terms_id, "no permission on record: the terms are silent on this use"
        )
    return Verdict(_OUTCOMES[permission], use, terms.terms_id, _reason(terms, permission))


def level(outcome: Outcome) -> Level:
    """How serious an outcome is."""
    return _LEVELS[outcome]


def _reason(terms: Terms, permission: Permission) -> str:
    return f"{_REASONS[permission]}: “{terms.statement}”" if terms.statement else _REASONS[permission]
