"""From terms to a verdict."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workprint.consent.policy import judge, level
from workprint.model import Level, Outcome, Permission, Terms, Use

TABLE = {
    Permission.ALLOWED: (Outcome.PERMITTED, Level.NOTE),
    Permission.CONSTRAINED: (Outcome.CONDITIONAL, Level.WARNING),
    Permission.NOT_ALLOWED: (Outcome.PROHIBITED, Level.ERROR),
    None: (Outcome.UNKNOWN, Level.WARNING),
}


@pytest.mark.parametrize("use", Use)
@pytest.mark.parametrize("permission", TABLE)
def test_each_permission_has_its_outcome(use: Use, permission: Permission | None) -> None:
    """For every use, what the terms say of it, or do not say, decides outcome and level."""
    terms = Terms("t", {use: permission} if permission else {}, "My words.")

    verdict = judge(terms, use)

    assert (verdict.outcome, level(verdict.outcome)) == TABLE[permission]
    assert (verdict.use, verdict.terms_id) == (use, "t")
    assert verdict.reason


@pytest.mark.parametrize("use", Use)
def test_no_terms_are_unknown(use: Use) -> None:
    """A work without terms has no permission on record."""
    verdict = judge(None, use)

    assert (verdict.outcome, verdict.terms_id) == (Outcome.UNKNOWN, None)
    assert verdict.reason == "no permission on record"


@given(st.dictionaries(st.sampled_from(Use), st.sampled_from(Permission)), st.sampled_from(Use))
def test_silence_never_permits(uses: dict[Use, Permission], use: Use) -> None:
    """Only a use that is named and allowed is permitted, whatever is said of others."""
    assert (judge(Terms("t", uses), use).outcome is Outcome.PERMITTED) == (uses.get(use) is Permission.ALLOWED)


def test_the_creator_is_quoted() -> None:
    """The verdict carries the creator's own words."""
    terms = Terms("t", {Use.AI_TRAINING: Permission.NOT_ALLOWED}, "Please do not.")

    assert judge(terms, Use.AI_TRAINING).reason == "the terms do not allow this use: “Please do not.”"
