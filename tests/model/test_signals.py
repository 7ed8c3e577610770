"""What signals say together."""

from hypothesis import given
from hypothesis import strategies as st

from core_samples import signals
from workprint.model import NOT_CHECKED, UNREADABLE, Permission, Signal, Use, combined, sayings

TRAINING = Use.AI_TRAINING


def saying(permission: Permission) -> Signal:
    """A signal on training."""
    return Signal("xmp", "plus:DataMining", "", {TRAINING: permission})


def test_a_refusal_outweighs_a_condition_and_that_outweighs_leave() -> None:
    """In any order."""
    allowed, constrained, denied = (
        saying(one) for one in (Permission.ALLOWED, Permission.CONSTRAINED, Permission.NOT_ALLOWED)
    )

    assert combined([allowed, denied, constrained], TRAINING) is Permission.NOT_ALLOWED
    assert combined([allowed, constrained], TRAINING) is Permission.CONSTRAINED
    assert combined([allowed], TRAINING) is Permission.ALLOWED


def test_silence_is_nothing() -> None:
    """No signals, signals on other uses, and metadata that cannot be read."""
    assert combined([], TRAINING) is None
    assert combined([saying(Permission.ALLOWED), Signal("xmp", UNREADABLE, "")], Use.DATA_MINING) is None


@given(st.lists(signals, max_size=5), signals)
def test_a_further_refusal_never_permits(said: list[Signal], further: Signal) -> None:
    """What was refused stays refused."""
    for use in Use:
        if combined(said, use) is Permission.NOT_ALLOWED:
            assert combined([*said, further], use) is Permission.NOT_ALLOWED


def test_sayings_can_be_counted() -> None:
    """Kinds of signals, what they say, and what could not be read."""
    said = sayings([saying(Permission.NOT_ALLOWED), Signal("exif", UNREADABLE, ""), Signal("c2pa", NOT_CHECKED, "")])

    assert said == {"any", "xmp", "exif", "c2pa", "unreadable", "not checked", "ai_training=not_allowed"}
    assert sayings([]) == frozenset()
