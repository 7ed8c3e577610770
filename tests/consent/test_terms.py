"""The terms file: strict, so that a typing mistake permits nothing."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from workprint.consent.source import read_source
from workprint.consent.starter import STARTER
from workprint.consent.terms import TermsFile, read_terms, terms_from_json, terms_to_json
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
GRANT = """\
grants:
  - id: G-1
    to: Acme Games Ltd
    uses: [voice_replica]
    works: [voice/]
    description: Lines of the ferryman in the game Long Water, in English.
"""


def read_file(tmp_path: Path, text: str | bytes) -> TermsFile:
    """Read terms from a file with this content."""
    path = tmp_path / "terms.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_terms(path)


def read(tmp_path: Path, text: str | bytes, work_id: str = "a.png") -> Terms:
    """What a file with this content says of a work."""
    return read_file(tmp_path, text).for_work(work_id)


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
    "YAML's own no": ("uses:\n  ai_training: no\n", r"line 2: ai_training is 'no'"),
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
    "an unknown key of a rule": (GOOD + "works:\n  - path: a/\n    use: {}\n", r"line 9: 'use' is not known here"),
    "an unknown key of a grant": (GRANT + "    til: 2026-12-31\n", r"line 7: 'til' is not known here"),
    "a rule that says nothing": ("works:\n  - path: a/\n", r"line 2: needs `uses:` or `licence:`"),
    "a rule without a path": ("works:\n  - licence: CC0-1.0\n", r"line 2: needs `path:`"),
    "a path that leads out": ("works:\n  - path: a/../b\n    licence: CC0-1.0\n", r"line 2: 'a/../b' must be a path"),
    "a path from the root": ("works:\n  - path: /a\n    licence: CC0-1.0\n", r"must be a path below"),
    "too many wildcards": (f"works:\n  - path: x{'*a' * 9}\n    licence: CC0-1.0\n", r"more than 8 wildcards"),
    "no works": ("works: []\n", r"line 1: must hold 1 to 1000"),
    "a slip in a licence": ("licence: CC-BI-4.0\n", r"line 1: 'CC-BI-4.0' is no licence"),
    "a grant to nobody": ("grants:\n  - uses: [ai_training]\n", r"line 2: needs `to:`"),
    "a grant to an empty name": ("grants:\n  - to: ' '\n    uses: [ai_training]\n", r"line 2: 'to' is empty"),
    "a grant for nothing": ("grants:\n  - to: Acme\n    uses: []\n", r"line 3: must hold 1"),
    "a grant for no use": ("grants:\n  - to: Acme\n    uses: [fun]\n", r"line 3: 'fun' is not a use"),
    "no day": (GRANT + "    until: 31.12.2026\n", r"line 7: 'until' is '31.12.2026'; it must be a day"),
    "a day that never was": (GRANT + "    until: 2026-02-30\n", r"line 7: 'until' is '2026-02-30'"),
    "an end before the beginning": (
        GRANT + "    from: 2026-02-01\n    until: 2026-01-01\n",
        r"ends on 2026-01-01",
    ),
    "no territory": (GRANT + "    territories: [Utopia]\n", r"line 7: 'Utopia' is no territory"),
    "limits that limit nothing": (GRANT + "    media: []\n", r"line 7: must hold 1"),
    "two grants of one id": (GRANT + GRANT.removeprefix("grants:\n"), r"two grants have the id 'G-1'"),
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


def test_other_terms_hold_for_folders_works_and_patterns(tmp_path: Path) -> None:
    """The most specific path that speaks of a use decides; the rest is inherited."""
    text = (
        GOOD
        + """\
works:
  - {path: posters/, uses: {data_mining: constrained}}
  - {path: posters/old/, licence: CC0-1.0, statement: Older than I am., contact: archive@example.org}
  - {path: "**/*.gif", uses: {data_mining: not_allowed}}
  - {path: posters/old/x.gif, uses: {data_mining: allowed}}
"""
    )
    terms = read_file(tmp_path, text)

    def mining(work_id: str) -> Permission:
        return terms.for_work(work_id).uses[Use.DATA_MINING]

    assert mining("a.png") is Permission.ALLOWED
    assert mining("posters/a.png") is Permission.CONSTRAINED
    assert mining("posters/old/a.png") is Permission.ALLOWED
    assert mining("a.gif") is mining("b/c.gif") is Permission.NOT_ALLOWED
    assert mining("posters/old/x.gif") is Permission.ALLOWED
    old = terms.for_work("posters/old/a.png")
    assert (old.licence, old.statement, old.contact) == ("CC0-1.0", "Older than I am.", "archive@example.org")
    assert old.uses[Use.AI_TRAINING] is Permission.ALLOWED
    assert terms.for_work("posters/a.png").contact == "nell@example.org"
    assert terms.for_work("posters/a.png").statement == ""


def test_paths_of_equal_weight_that_disagree_are_read_strictly(tmp_path: Path) -> None:
    """Whatever their order."""
    rules = ["  - {path: ab*, uses: {ai_training: allowed}}\n", "  - {path: '*ab', uses: {ai_training: not_allowed}}\n"]
    for both in (rules, rules[::-1]):
        terms = read_file(tmp_path, "works:\n" + "".join(both))
        assert terms.for_work("abab").uses == {Use.AI_TRAINING: Permission.NOT_ALLOWED}
        assert terms.for_work("abx").uses == {Use.AI_TRAINING: Permission.ALLOWED}
        assert terms.for_work("x").uses == {}


def test_a_path_is_a_work_a_folder_or_a_pattern(tmp_path: Path) -> None:
    """`*` and `?` stay within a folder, `**` does not; brackets mean nothing; what fits nothing is told."""
    paths = {"a": ["a", "a/b"], "a/": ["a/b"], "*.png": ["x.png"], "**/x?": ["xy", "a/b/xy"], "[a].png": ["[a].png"]}
    works = ["a", "a/b", "x.png", "d/x.png/", "xy", "a/b/xy", "[a].png", "ab"]
    for path, found in paths.items():
        terms = read_file(tmp_path, json.dumps({"works": [{"path": path, "licence": "CC0-1.0"}]}))
        hit = [work for work in works if terms.for_work(work).uses]
        assert [work for work in hit if work in found] == [work for work in works if work in found], path
        assert terms.idle(["nothing/at.all"]) == (path,)
    assert read_file(tmp_path, GRANT).idle(["music/a.wav"]) == ("voice/",)


def test_a_grant_is_read_and_comes_back_from_a_portfolio(tmp_path: Path) -> None:
    """All of its limits, for the works it is about; Norway is a country, not a refusal."""
    text = GRANT + (
        "    purposes: [game dialogue]\n    territories: [NO, US-CA]\n    media: game\n    from: 2026-01-01\n"
        "    until: 2026-12-31\n    revoked: 2026-06-01\n    fee: invoice 7\n"
    )
    terms = read(tmp_path, text, "voice/a.wav")
    (grant,) = terms.grants

    assert (grant.grant_id, grant.licensee, grant.uses) == ("G-1", "Acme Games Ltd", {Use.VOICE_REPLICA})
    assert (grant.purposes, grant.territories, grant.media) == (("game dialogue",), ("NO", "US-CA"), ("game",))
    assert [str(day) for day in (grant.starts, grant.ends, grant.revoked)] == ["2026-01-01", "2026-12-31", "2026-06-01"]
    assert terms_from_json(json.loads(json.dumps(terms_to_json(terms))), "here") == terms
    assert read(tmp_path, text, "music/a.wav").grants == ()


def test_terms_of_before_keep_their_ids(tmp_path: Path) -> None:
    """Terms without grants and licences are named as they always were."""
    assert read(tmp_path, "uses: {ai_training: allowed}\n").terms_id == "079c62b678e19502"


def test_the_starter_is_understood_and_denies_everything(tmp_path: Path) -> None:
    """As it is, and with every remark taken for its content."""
    lines = [line[2:] if line.startswith("# ") and ":" in line and " - " not in line[:3] else line
             for line in STARTER.splitlines()]  # fmt: skip
    as_written, opened = read(tmp_path, STARTER), STARTER
    for line in STARTER.splitlines()[lines.index("licence: CC-BY-4.0") :]:
        if line.startswith(("# licence", "# works", "#   ", "# grants")):
            opened = opened.replace(line, line[2:])

    assert set(as_written.uses.values()) == {Permission.NOT_ALLOWED}
    assert set(as_written.uses) == set(Use)
    full = read(tmp_path, opened, "voice/a.wav")
    assert (full.licence, len(full.grants)) == ("CC-BY-4.0", 1)


SCHEMA = json.loads((Path(__file__).parents[2] / "docs/formats/terms.schema.json").read_text())
BEYOND_A_SCHEMA = {
    "a slip in a licence", "a day that never was", "an end before the beginning", "two grants of one id",
    "too many wildcards",
}  # fmt: skip
"""What only the parser can see."""


def test_the_schema_accepts_what_the_parser_accepts(tmp_path: Path) -> None:
    """The examples of this file and of the starter."""
    validator = Draft202012Validator(SCHEMA)
    for text in (GOOD, GRANT, STARTER, "licence: https://creativecommons.org/licenses/by/4.0/\n"):
        read(tmp_path, text)
        validator.validate(read_source(tmp_path / "terms.yaml").value)


@pytest.mark.parametrize("name", WRONG)
def test_the_schema_refuses_what_the_parser_refuses(tmp_path: Path, name: str) -> None:
    """All but what a schema cannot say, and what is no YAML to begin with."""
    text = WRONG[name][0]
    path = tmp_path / "terms.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    try:
        value = read_source(path).value
    except FormatError:
        return
    assert Draft202012Validator(SCHEMA).is_valid(value) == (name in BEYOND_A_SCHEMA)
