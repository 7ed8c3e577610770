"""From terms, grants and signals to a verdict. Pure: no clock, no files; fails closed. `docs/policy.md` has the table.

Four rules, in this order:

1. What holds for everyone is what the terms say of the use. Silence is `unknown`.
2. A denial needs no signature, a permission does: where nobody vouches for the index, what would be a permission is
   `unknown`. A replica of a voice is never permitted to everyone, only by a grant that says how it will be used.
3. A rights signal in or beside the item, or in the creator's own file, can only take away from that.
4. A grant to the one who asks, in an index that somebody vouches for, stands above both; it permits only if every limit
   that it has is known to be kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workprint.consent.grants import Coverage, coverage
from workprint.model import Level, Outcome, Permission, Question, Signal, Standing, Terms, Use, Verdict, Voucher

LEAST_FIRST = (Outcome.PROHIBITED, Outcome.UNKNOWN, Outcome.CONDITIONAL, Outcome.PERMITTED)
"""Outcomes in the order of how much they permit."""
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
_SHOWN_CHARACTERS = 200
_SHOWN_KEY_DIGITS = 16


@dataclass(frozen=True, slots=True)
class _Ruling:
    """What one rule comes to."""

    outcome: Outcome
    reason: str
    grounds: tuple[str, ...] = ()


def judge(
    terms: Terms | None,
    question: Question,
    voucher: Voucher | None = None,
    signals: Sequence[Signal] = (),
    original: Sequence[Signal] = (),
) -> Verdict:
    """What a match amounts to. `signals` are those of the item, `original` those of the creator's own file."""
    voucher = voucher or Voucher()
    ruling = _for_everyone(terms, question.use, voucher)
    for who, said in (("the creator's own file", original), ("the item itself", signals)):
        ruling = _restrained(ruling, who, said, question.use)
    if terms is not None:
        ruling = _with_grants(ruling, terms, question, voucher)
    grounds = (_terms_in_words(terms, voucher), *ruling.grounds) if terms else ruling.grounds
    return Verdict(ruling.outcome, question.use, terms.terms_id if terms else None, ruling.reason, grounds)


def level(outcome: Outcome) -> Level:
    """How serious an outcome is."""
    return _LEVELS[outcome]


def _for_everyone(terms: Terms | None, use: Use, voucher: Voucher) -> _Ruling:
    if terms is None:
        return _Ruling(Outcome.UNKNOWN, "no permission on record")
    permission = terms.uses.get(use)
    if permission is None:
        return _Ruling(Outcome.UNKNOWN, "no permission on record: the terms are silent on this use")
    reason = f"{_REASONS[permission]}: “{terms.statement}”" if terms.statement else _REASONS[permission]
    if permission is Permission.NOT_ALLOWED:
        return _Ruling(Outcome.PROHIBITED, reason)
    if voucher.standing is Standing.UNSIGNED:
        return _Ruling(Outcome.UNKNOWN, f"no permission on record: {reason}, but nobody has signed them")
    if use is Use.VOICE_REPLICA:
        return _Ruling(
            Outcome.UNKNOWN,
            f"no permission on record: {reason}, but a replica of a voice takes a grant that says specifically how it "
            "will be used",
        )
    return _Ruling(_OUTCOMES[permission], reason)


def _restrained(ruling: _Ruling, who: str, signals: Sequence[Signal], use: Use) -> _Ruling:
    """A signal is the word of whoever could write into or beside the item: enough to deny, never to permit."""
    denying = [signal for signal in signals if signal.uses.get(use) is Permission.NOT_ALLOWED]
    if denying:
        said = f"{who} denies this use ({_place(denying[0])})"
        reason = said if ruling.outcome is Outcome.UNKNOWN else f"{said}; {ruling.reason}"
        return _Ruling(Outcome.PROHIBITED, reason, (*ruling.grounds, *map(_signal_in_words, denying)))
    limiting = [signal for signal in signals if signal.uses.get(use) is Permission.CONSTRAINED]
    if not limiting:
        return ruling
    reason = f"{ruling.reason}; {who} allows this use on conditions only ({_place(limiting[0])})"
    outcome = min(ruling.outcome, Outcome.CONDITIONAL, key=LEAST_FIRST.index)
    return _Ruling(outcome, reason, (*ruling.grounds, *map(_signal_in_words, limiting)))


def _with_grants(ruling: _Ruling, terms: Terms, question: Question, voucher: Voucher) -> _Ruling:
    answers = [one for grant in terms.grants if (one := coverage(grant, question))]
    if not answers:
        return _with_remark(ruling, _for_others(terms, question))
    if voucher.standing is Standing.UNSIGNED:
        return _with_remark(ruling, f"a grant to {question.licensee} is on record, but nobody has signed it")
    best = min(answers, key=_shortcomings)
    granted = _granted(best)
    if LEAST_FIRST.index(granted.outcome) > LEAST_FIRST.index(ruling.outcome):
        beside = f"; for everyone else: {ruling.reason}"
        return _Ruling(granted.outcome, granted.reason + beside, (*granted.grounds, *ruling.grounds))
    remarks = (*best.contradictions, *(f"is limited to {limit}" for limit in best.unanswered))
    remark = f"the grant {best.grant.grant_id} {' and '.join(remarks)}" if remarks else ""
    return _with_remark(ruling, remark, granted.grounds)


def _shortcomings(one: Coverage) -> tuple[int, int, str]:
    return len(one.contradictions), len(one.unanswered), one.grant.grant_id


def _granted(best: Coverage) -> _Ruling:
    grounds = (_grant_in_words(best),)
    named = f"the grant {best.grant.grant_id} to {best.grant.licensee}"
    if best.contradictions:
        return _Ruling(Outcome.PROHIBITED, named, grounds)  # permits nothing, so that it is never above the rest
    if best.unanswered:
        limits = "; ".join(best.unanswered)
        return _Ruling(Outcome.CONDITIONAL, f"{named} covers this use, limited to {limits}", grounds)
    return _Ruling(Outcome.PERMITTED, f"{named} covers this use", grounds)


def _for_others(terms: Terms, question: Question) -> str:
    others = sum(question.use in grant.uses for grant in terms.grants)
    if not others:
        return ""
    if question.licensee:
        return f"no grant for this use is to {question.licensee}"
    return "grants to named licensees are on record: --licensee says who asks"


def _with_remark(ruling: _Ruling, remark: str, grounds: Iterable[str] = ()) -> _Ruling:
    reason = f"{ruling.reason}; {remark}" if remark else ruling.reason
    return _Ruling(ruling.outcome, reason, (*ruling.grounds, *grounds))


def _terms_in_words(terms: Terms, voucher: Voucher) -> str:
    key = f" {voucher.key_id[:_SHOWN_KEY_DIGITS]}" if voucher.key_id else ""
    vouched = {
        Standing.UNSIGNED: "not signed",
        Standing.SIGNED: f"signed with the key{key}; whose it is was not checked",
        Standing.TRUSTED: "trusted by the operator" + (f", signed with the key{key}" if key else ""),
    }[voucher.standing]
    licence = f", licence {terms.licence}" if terms.licence else ""
    return f"terms {terms.terms_id} ({vouched}){licence}"


def _grant_in_words(one: Coverage) -> str:
    fee = f", fee: {one.grant.fee}" if one.grant.fee else ""
    holds = f" (it {' and '.join(one.contradictions)})" if one.contradictions else ""
    return f"grant {one.grant.grant_id} to {one.grant.licensee}{fee}{holds}"


def _signal_in_words(signal: Signal) -> str:
    return f"signal {_place(signal)}: {signal.raw_value[:_SHOWN_CHARACTERS]}"


def _place(signal: Signal) -> str:
    return f"{signal.source} {signal.locator}"[:_SHOWN_CHARACTERS]
