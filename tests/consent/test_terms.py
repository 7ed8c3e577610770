"""The terms file: strict, so that a typing mistake permits nothing."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workprint.consent.terms import read_terms, terms_from_json, terms_to_json
from workprint.errors import FormatError, UsageError
from workprint.model import Permission, Terms, Use

GOOD = """\
statement: Mining yes, training no.
contact: nell@example.org
uses:
  data_mining: allowed
  ai_training: not_allowed
  ai_generative_training: constrained
"""


def read(tmp_path: Path, text: str | bytes) -> Terms:
    """Read terms from a file with this content."""
    path = tmp_path / "terms.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_terms(path)


def test_terms_are_read(tmp_path: Path) -> None:
    """Statement, contact and each use come out; what is not named is not there."""
    terms = read(tmp_path, GOOD)

    assert terms.statement == "Mining yes, training no."
    assert terms.contact == "nell@example.org"
    assert terms.uses == {
        Use.DATA_MINING: Permission.ALLOWED,
        Use.AI_TRAINING: Permission.NOT_ALLOWED,
        Use.AI_GENERATIVE_TRAINING: Permission.CONSTRAINED,
    }


WRONG = {
    "an unknown key": (GOOD + "uzes:\n  data_mining: allowed\n", r"line 7: 'uzes' is not known"),
    "an unknown use": (GOOD.replace("ai_training", "training"), r"line 5: 'training' is not a use"),
    "an unknown permission": (GOOD.replace("not_allowed", "maybe"), r"line 5: ai_training is 'maybe'"),
    "YAML's own no": ("uses:\n  ai_training: no\n", r"line 2: ai_training is False"),
    "a list for a permission": ("uses:\n  ai_training: [allowed]\n", r"line 2: ai_training is \['allowed'\]"),
    "a mapping for a permission": ("uses:\n  ai_training: {allowed: 1}\n", r"line 2: ai_training is"),
    "nothing for a permission": ("uses:\n  ai_training:\n", r"line 2: ai_training is None"),
    "a key given twice": (GOOD + "contact: other\n", r"'contact' stands twice, again at line 7"),
    "a use given twice": (GOOD + "  ai_training: allowed\n", r"'ai_training' stands twice"),
    "a use given twice, once quoted": (GOOD + '  "ai_training": allowed\n', r"'ai_training' stands twice"),
    "an alias": ("contact: &a x\nstatement: *a\nuses: {ai_training: allowed}\n", r"aliases .* are not allowed"),
    "a merge key": ("<<: {contact: x}\nuses: {ai_training: allowed}\n", r"merge keys .* are not allowed"),
    "a key that is no text": ("? [a]\n: b\n", r"a key that is no text at line 1"),
    "a list": ("- uses\n", r"must be a mapping"),
    "a word": ("allowed", r"must be a mapping"),
    "nothing": ("", r"must be a mapping"),
    "no uses": ("contact: x\n", r"needs `uses:`"),
    "empty uses": ("uses: {}\n", r"needs `uses:`"),
    "uses as a list": ("uses: [ai_training]\n", r"needs `uses:`"),
    "a number for a contact": ("contact: 5\n" + GOOD.replace("contact: nell@example.org\n", ""), r"must be a text"),
    "a very long statement": ("statement: " + "x" * 3000 + "\nuses: {ai_training: allowed}\n", r"at most 2000"),
    "two documents": (GOOD + "---\n" + GOOD, r"not readable YAML"),
    "an object": ("!!python/object/apply:os.getcwd []\n", r"not readable YAML"),
    "broken YAML": ("uses: {", r"not readable YAML"),
    "depth without end": ("[" * 3_000, r"not readable YAML"),
    "bytes that are not UTF-8": (b"contact: \xff\xfe\n", r"not readable YAML"),
    "a zero byte": (b"contact: a\x00b\n", r"not readable YAML"),
    "too much": ("#" * 1_000_001, r"larger than 1000000 bytes"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_is_not_understood_is_refused(tmp_path: Path, text: str | bytes, message: str) -> None:
    """Each mistake is a `FormatError` in one line that says what and, where it can, on which line."""
    with pytest.raises(FormatError, match=message) as caught:
        read(tmp_path, text)

    assert "\n" not in str(caught.value)
    assert "terms.yaml" in str(caught.value)


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    """The person who gave the path is told."""
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_terms(tmp_path / "missing.yaml")


def test_many_keys_take_no_time(tmp_path: Path) -> None:
    """A file full of keys is refused at once: the search for repeated ones is linear."""
    with pytest.raises(FormatError, match="is not known here"):
        read(tmp_path, "".join(f"k{at}: 1\n" for at in range(2_000)))


@given(
    uses=st.dictionaries(st.sampled_from(Use), st.sampled_from(Permission), min_size=1), statement=st.text(max_size=50)
)
def test_terms_come_back_from_a_portfolio(uses: dict[Use, Permission], statement: str) -> None:
    """What a portfolio holds is read back as it was, and its id is that of its content."""
    with TemporaryDirectory() as folder:
        # JSON is YAML
        text = json.dumps(
            {"uses": {use.value: permission.value for use, permission in uses.items()}, "statement": statement}
        )
        terms = read(Path(folder), text)
    value = terms_to_json(terms)

    assert terms_from_json(value, "here") == terms
    assert terms.uses == uses
    with pytest.raises(FormatError, match="whose id is not that of their content"):
        terms_from_json({**value, "contact": "someone else"}, "here")


@pytest.mark.parametrize(
    "value", [None, [], "x", {"uses": {"ai_training": []}}, {"uses": {"x": "allowed"}}, {"terms_id": 1}]
)
def test_hostile_terms_in_a_portfolio_are_refused(value: object) -> None:
    """A stranger's portfolio is held to the same rules as the file."""
    with pytest.raises(FormatError):
        terms_from_json(value, "here")


def test_an_id_changes_with_the_content_only(tmp_path: Path) -> None:
    """Order and white space do not matter; a permission does."""
    reordered = "uses:\n  ai_generative_training: constrained\n  ai_training: not_allowed\n  data_mining: allowed\n" + (
        "contact:   nell@example.org\nstatement: Mining yes, training no.\n"
    )

    assert read(tmp_path, GOOD).terms_id == read(tmp_path, reordered).terms_id
    assert read(tmp_path, GOOD).terms_id != read(tmp_path, GOOD.replace("not_allowed", "allowed")).terms_id
