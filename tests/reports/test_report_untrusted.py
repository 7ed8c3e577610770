"""Text from a dataset, made safe to show."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workprint.reports.untrusted import link, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 漢 😀", "plain é 漢 😀"),
        ("\x1b[31m\x00\x7f\x9b", "⟨U+001B⟩[31m⟨U+0000⟩⟨U+007F⟩⟨U+009B⟩"),
        ("a\nb\tc", "a↵b⇥c"),
        ("a\u202egpj.exe", "a⟨U+202E⟩gpj.exe"),
        ("\udc80.jpg", "⟨U+DC80⟩.jpg"),
        ("zero\u200bwidth\ufeff", "zero⟨U+200B⟩width⟨U+FEFF⟩"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("e" + "\u0301" * 500, "e" + "\u0301" * 4),
    ],
)
def test_what_is_hidden_is_spelled_out(text: str, shown: str) -> None:
    """Controls, direction marks, lone surrogates and zero-width characters become visible; letters stay."""
    assert visible(text, 1000) == shown


def test_long_text_is_cut_and_says_so() -> None:
    """A cut text ends in an ellipsis and holds no more than the limit."""
    assert visible("x" * 10, 10) == "x" * 10
    assert visible("x" * 11, 10) == "x" * 9 + "…"


@given(st.text(st.characters(codec=None), max_size=200), st.integers(1, 100))
def test_shown_text_is_always_harmless(text: str, limit: int) -> None:
    """Whatever comes in, what goes out can be encoded, has no controls and a bounded length."""
    shown = visible(text, limit)

    assert shown.encode("utf-8") is not None
    assert not any(unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") for one in shown)
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
    assert len(shown) <= 10 * limit


@pytest.mark.parametrize(
    "url", ["https://example.com/a.jpg?x=1&y=2", "http://example.com", "https://example.com/ü", "HTTPS://example.com/"]
)
def test_plain_web_addresses_can_be_clicked(url: str) -> None:
    """http and https addresses come back as they are."""
    assert link(url) == url


@pytest.mark.parametrize(
    "text",
    [
        *(
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            " https://example.com",
            "data:text/html,x",
            "file:///etc/passwd",
        ),
        *("https://", "https://bank.com@evil.com/", "https://exämple.com/", "https://a\u202e.com", "//example.com"),
        *("https:\\\\evil.com", "https://example.com/\n", "https://[::1", "https://e.com/" + "a" * 3000, "", "caption"),
    ],
)
def test_everything_else_stays_text(text: str) -> None:
    """Other schemes, posing hosts, hidden characters and broken addresses are never links."""
    assert link(text) is None
