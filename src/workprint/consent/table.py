"""The table of `docs/policy.md`, made by asking the policy itself: run this module to print it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from workprint.consent.policy import judge
from workprint.model import Grant, Permission, Question, Signal, Standing, Terms, Use, Voucher

_USE = Use.AI_TRAINING
_ASKED = Question(_USE, date(2026, 6, 1), "Acme")
_SAID = {
    "no terms": None,
    "silent": {},
    **{permission.value: {_USE: permission} for permission in Permission},
}
_VOUCHED = {"nobody": Voucher(), "signed or trusted": Voucher(Standing.SIGNED, "0" * 64)}
_SIGNALS = {
    "nothing, or allowed": (),
    "constrained": (Signal("", "", "", {_USE: Permission.CONSTRAINED}),),
    "not_allowed": (Signal("", "", "", {_USE: Permission.NOT_ALLOWED}),),
}
_GRANT = {"grant_id": "G", "licensee": "Acme", "uses": frozenset({_USE})}
_GRANTS = {
    "No grant to the one who asks, or one that does not hold": (),
    "A grant to the one who asks, with a limit that nobody spoke of": (Grant(**_GRANT, territories=("US",)),),  # type: ignore[arg-type]
    "A grant to the one who asks that holds, with every limit kept": (Grant(**_GRANT),),  # type: ignore[arg-type]
}


def tables() -> str:
    """All combinations, in Markdown: one table for each state of the grants."""
    return "\n".join(line for heading, grants in _GRANTS.items() for line in _table(heading, grants))


def _table(heading: str, grants: tuple[Grant, ...]) -> Iterator[str]:
    yield f"### {heading}\n"
    yield "| the terms say | who vouches | " + " | ".join(f"item says {name}" for name in _SIGNALS) + " |"
    yield "|---|---|" + "---|" * len(_SIGNALS)
    for said, uses in _SAID.items():
        if uses is None and grants:
            continue  # a grant is a part of terms
        for who, voucher in _VOUCHED.items():
            terms = None if uses is None else Terms("t", uses, grants=grants)
            cells = (judge(terms, _ASKED, voucher, signals).outcome.value for signals in _SIGNALS.values())
            yield f"| {said} | {who} | {' | '.join(cells)} |"
    yield ""


if __name__ == "__main__":
    print(tables())
