"""From terms, grants, signatures and signals to a verdict."""

from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workprint.consent.policy import LEAST_FIRST, judge, level
from workprint.model import Grant, Level, Outcome, Permission, Question, Signal, Standing, Terms, Use, Verdict, Voucher

DAY = date(2026, 6, 1)
SIGNED = Voucher(Standing.SIGNED, "ab" * 32)
WORK_USES = [use for use in Use if use is not Use.VOICE_REPLICA]
TABLE = {
    Permission.ALLOWED: (Outcome.PERMITTED, Level.NOTE),
    Permission.CONSTRAINED: (Outcome.CONDITIONAL, Level.WARNING),
    Permission.NOT_ALLOWED: (Outcome.PROHIBITED, Level.ERROR),
    None: (Outcome.UNKNOWN, Level.WARNING),
}
SPECIFIC = "Lines of the ferryman in the game Long Water, in English, from the script of 2026"


def asked(use: Use = Use.AI_TRAINING, **limits: Any) -> Question:
    """A question by Acme."""
    return Question(use, **{"as_of": DAY, "licensee": "Acme", **limits})


def with_grant(**fields: Any) -> Terms:
    """Terms that allow nothing, and grant AI training and replicas to Acme."""
    plain = {"grant_id": "G-1", "licensee": "Acme", "uses": frozenset({Use.AI_TRAINING, Use.VOICE_REPLICA})}
    return Terms("t", dict.fromkeys(Use, Permission.NOT_ALLOWED), grants=(Grant(**{**plain, **fields}),))


def denial(use: Use = Use.AI_TRAINING) -> Signal:
    """An item that says no."""
    return Signal("xmp", "plus:DataMining", "DMI-PROHIBITED", {use: Permission.NOT_ALLOWED})


@pytest.mark.parametrize("use", WORK_USES)
@pytest.mark.parametrize("permission", TABLE)
def test_each_permission_of_signed_terms_has_its_outcome(use: Use, permission: Permission | None) -> None:
    """For every use, what the terms say of it, or do not say, decides outcome and level."""
    terms = Terms("t", {use: permission} if permission else {}, "My words.")

    verdict = judge(terms, asked(use), SIGNED)

    assert (verdict.outcome, level(verdict.outcome)) == TABLE[permission]
    assert (verdict.use, verdict.terms_id) == (use, "t")
    assert verdict.reason
    assert verdict.grounds == (f"terms t (signed with the key {'ab' * 8}; whose it is was not checked)",)


@pytest.mark.parametrize("use", Use)
def test_no_terms_are_unknown(use: Use) -> None:
    """A work without terms has no permission on record."""
    verdict = judge(None, asked(use), SIGNED)

    assert (verdict.outcome, verdict.terms_id, verdict.grounds) == (Outcome.UNKNOWN, None, ())
    assert verdict.reason == "no permission on record"


@pytest.mark.parametrize("use", Use)
def test_nobody_is_permitted_a_replica_by_terms_for_everyone(use: Use) -> None:
    """A replica of a voice takes a grant that says what for; other uses do not."""
    verdict = judge(Terms("t", {use: Permission.ALLOWED}), asked(use), SIGNED)

    assert (verdict.outcome is Outcome.PERMITTED) == (use is not Use.VOICE_REPLICA)


def test_an_unsigned_index_can_deny_and_cannot_permit() -> None:
    """A denial needs no signature; the reason says why a permission is none."""
    for permission in Permission:
        verdict = judge(Terms("t", {Use.AI_TRAINING: permission}), asked(), Voucher())
        denied = permission is Permission.NOT_ALLOWED
        assert verdict.outcome is (Outcome.PROHIBITED if denied else Outcome.UNKNOWN)
        assert ("nobody has signed them" in verdict.reason) != denied
        assert verdict.grounds == ("terms t (not signed)",)


def test_the_creator_is_quoted() -> None:
    """The verdict carries the creator's own words."""
    terms = Terms("t", {Use.AI_TRAINING: Permission.NOT_ALLOWED}, "Please do not.")

    assert judge(terms, asked()).reason == "the terms do not allow this use: “Please do not.”"


def test_an_items_own_denial_stands_above_terms_for_everyone() -> None:
    """Whoever marked the file said no; without any terms, that alone is a verdict."""
    allowed = judge(Terms("t", {Use.AI_TRAINING: Permission.ALLOWED}), asked(), SIGNED, [denial()])
    alone = judge(None, asked(), None, [denial()])

    assert allowed.outcome is alone.outcome is Outcome.PROHIBITED
    assert alone.reason == "the item itself denies this use (xmp plus:DataMining)"
    assert alone.grounds == ("signal xmp plus:DataMining: DMI-PROHIBITED",)


def test_the_creators_own_file_is_heard_where_its_copy_lost_the_mark() -> None:
    """A copy without metadata is as reserved as the original."""
    verdict = judge(None, asked(), None, [], [denial()])

    assert verdict.outcome is Outcome.PROHIBITED
    assert verdict.reason == "the creator's own file denies this use (xmp plus:DataMining)"


def test_an_items_own_permission_permits_nothing() -> None:
    """Anyone can write metadata."""
    said = Signal("xmp", "plus:DataMining", "DMI-ALLOWED", dict.fromkeys(Use, Permission.ALLOWED))

    assert judge(None, asked(), None, [said]) == judge(None, asked())


def test_a_grant_covers_its_licensee_and_names_its_fee() -> None:
    """It stands above what holds for everyone and above the item's own word, and says so."""
    verdict = judge(with_grant(fee="invoice 7"), asked(), SIGNED, [denial()])

    assert verdict.outcome is Outcome.PERMITTED
    assert verdict.reason.startswith("the grant G-1 to Acme covers this use; for everyone else: the item itself denies")
    assert "grant G-1 to Acme, fee: invoice 7" in verdict.grounds


NO_CONSENT: dict[str, tuple[dict[str, Any], Question, str]] = {
    "another licensee": ({}, asked(licensee="Other Ltd"), "no grant for this use is to Other Ltd"),
    "nobody says who asks": ({}, asked(licensee=""), "--licensee says who asks"),
    "another use": ({}, asked(Use.DATA_MINING), "is for ai_training, voice_replica only"),
    "not yet": ({"starts": date(2026, 6, 2)}, asked(), "begins on 2026-06-02"),
    "ended": ({"ends": date(2026, 5, 31)}, asked(), "ended on 2026-05-31"),
    "revoked that day": ({"revoked": DAY}, asked(), "was revoked from 2026-06-01"),
    "another purpose": ({"purposes": ("dubbing",)}, asked(purposes=("toys",)), "is for dubbing only, not for toys"),
    "another country": ({"territories": ("US",)}, asked(territories=("US-CA", "FR")), "for US only, not for FR"),
    "the whole country": ({"territories": ("US-CA",)}, asked(territories=("US",)), "for US-CA only, not for US"),
    "another medium": ({"media": ("game",)}, asked(media=("radio",)), "is for game only, not for radio"),
    "a replica without a description": ({}, asked(Use.VOICE_REPLICA), "so it is no consent to one"),
    "a replica for anything": (
        {"description": "Any and all uses of my voice in media now known or hereafter devised"},
        asked(Use.VOICE_REPLICA),
        "so it is no consent to one",
    ),
}


@pytest.mark.parametrize(("fields", "question", "why"), NO_CONSENT.values(), ids=NO_CONSENT)
def test_a_grant_that_does_not_fit_permits_nothing(fields: dict[str, Any], question: Question, why: str) -> None:
    """What holds for everyone is left, and the reason says what became of the grant."""
    verdict = judge(with_grant(**fields), question, SIGNED)

    assert verdict.outcome is Outcome.PROHIBITED
    assert why in verdict.reason


def test_a_grant_nobody_signed_permits_nothing() -> None:
    """Anyone can write a grant into an index."""
    verdict = judge(with_grant(), asked())

    assert verdict.outcome is Outcome.PROHIBITED
    assert "a grant to Acme is on record, but nobody has signed it" in verdict.reason


@pytest.mark.parametrize(
    ("limit", "kept", "option"),
    [
        ({"purposes": ("dubbing", "trailers")}, {"purposes": ("Dubbing",)}, "--purpose"),
        ({"territories": ("US", "CA")}, {"territories": ("US-CA", "CA")}, "--territory"),
        ({"media": ("video game",)}, {"media": ("Video  Game",)}, "--media"),
    ],
)
def test_a_limit_that_nobody_spoke_of_is_a_condition(limit: Any, kept: Any, option: str) -> None:
    """The grant permits once it is said that the limit is kept."""
    silent, said = (judge(with_grant(**limit), asked(**more), SIGNED) for more in ({}, kept))

    assert (silent.outcome, said.outcome) == (Outcome.CONDITIONAL, Outcome.PERMITTED)
    assert option in silent.reason


def test_a_replica_is_permitted_by_a_specific_grant() -> None:
    """Who asked, what for, and until when is all there."""
    terms = with_grant(description=SPECIFIC, starts=DAY, ends=DAY)

    assert judge(terms, asked(Use.VOICE_REPLICA), SIGNED).outcome is Outcome.PERMITTED


dates = st.sampled_from([None, date(2026, 5, 1), DAY, date(2026, 7, 1)])
texts = st.sampled_from([(), ("a",), ("a", "b")])
grants = st.builds(
    Grant,
    st.sampled_from(["G-1", "G-2"]),
    st.sampled_from(["Acme", "Other"]),
    st.frozensets(st.sampled_from(Use), min_size=1),
    st.sampled_from(["", "any use", SPECIFIC]),
    texts, texts, texts, dates, dates, dates,
)  # fmt: skip
terms_of_all_kinds = st.none() | st.builds(
    Terms,
    st.just("t"),
    st.dictionaries(st.sampled_from(Use), st.sampled_from(Permission)),
    grants=st.lists(grants, max_size=3).map(tuple),
)
signals = st.lists(
    st.builds(Signal, st.just("s"), st.just("l"), st.just("v"),
              st.dictionaries(st.sampled_from(Use), st.sampled_from(Permission))), max_size=3,
)  # fmt: skip
vouchers = st.sampled_from([Voucher(), SIGNED, Voucher(Standing.TRUSTED)])
questions = st.builds(
    Question, st.sampled_from(Use), st.just(DAY), st.sampled_from(["", "Acme", "Other"]), texts, texts, texts
)
cases = st.tuples(terms_of_all_kinds, questions, vouchers, signals)


def rank(verdict: Verdict) -> int:
    """How much a verdict permits."""
    return LEAST_FIRST.index(verdict.outcome)


@given(cases, st.integers(0, 3))
def test_a_denial_more_never_permits_more(case: Any, at: int) -> None:
    """Neither a signal that denies, nor terms that deny, nor a revocation, nor an index without a signature."""
    terms, question, voucher, found = case
    before = rank(judge(*case))

    assert rank(judge(terms, question, voucher, [*found[:at], denial(question.use), *found[at:]])) <= before
    assert rank(judge(terms, question, voucher, found, [denial(question.use)])) <= before
    assert rank(judge(terms, question, Voucher(), found)) <= before
    if terms:
        denied = replace(terms, uses={**terms.uses, question.use: Permission.NOT_ALLOWED})
        revoked = replace(terms, grants=tuple(replace(grant, revoked=DAY) for grant in terms.grants))
        assert rank(judge(denied, question, voucher, found)) <= before
        assert rank(judge(revoked, question, voucher, found)) <= before


@given(cases)
def test_only_vouched_words_of_the_creator_permit(case: Any) -> None:
    """Whatever is permitted was allowed for everyone, or granted to the one who asks, then, for that, and signed."""
    terms, question, voucher, found = case
    verdict = judge(*case)
    if verdict.outcome is not Outcome.PERMITTED:
        return

    assert terms
    assert voucher.standing is not Standing.UNSIGNED
    everyone = terms.uses.get(question.use) is Permission.ALLOWED and question.use is not Use.VOICE_REPLICA
    unharmed = all(one.uses.get(question.use) in (None, Permission.ALLOWED) for one in found)
    granted = any(
        grant.licensee == question.licensee
        and question.use in grant.uses
        and (grant.starts or DAY) <= DAY <= (grant.ends or DAY)
        and not (grant.revoked and grant.revoked <= DAY)
        and (grant.description == SPECIFIC or question.use is not Use.VOICE_REPLICA)
        and all(
            not held or (said and set(said) <= set(held))
            for held, said in (
                (grant.purposes, question.purposes),
                (grant.territories, question.territories),
                (grant.media, question.media),
            )
        )
        for grant in terms.grants
    )
    assert (everyone and unharmed) or granted


@given(cases)
def test_every_verdict_says_why(case: Any) -> None:
    """In words, with the records it rests on."""
    verdict = judge(*case)

    assert verdict.reason
    assert bool(verdict.grounds) or case[0] is None


def test_outcomes_have_an_order_and_levels() -> None:
    """All of them; the less is permitted, the more serious it is."""
    assert set(LEAST_FIRST) == set(Outcome)
    for low, high in product(LEAST_FIRST, repeat=2):
        if LEAST_FIRST.index(low) < LEAST_FIRST.index(high):
            assert level(low).rank >= level(high).rank
