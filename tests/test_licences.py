"""Public licences, read with care."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workprint.licences import KNOWN, licence_named
from workprint.model import Permission, Use


@pytest.mark.parametrize(
    ("text", "licence_id"),
    [
        ("CC-BY-4.0", "CC-BY-4.0"),
        ("cc by-nc-sa 3.0", "CC-BY-NC-SA-3.0"),
        ("Creative Commons BY 2.0", "CC-BY-2.0"),
        ("https://creativecommons.org/licenses/by/4.0/", "CC-BY-4.0"),
        ("http://www.creativecommons.org/licenses/by-nd/3.0/de/deed.en", "CC-BY-ND-3.0"),
        ("https://creativecommons.org/licenses/by-sa/4.0/legalcode#s3a", "CC-BY-SA-4.0"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "LicenseRef-PDM-1.0"),
        ("CC0", "CC0-1.0"),
        ("CC Zero 1.0", "CC0-1.0"),
        ("cc-by", "LicenseRef-CC-BY"),
        ("LicenseRef-studio", "LicenseRef-studio"),
    ],
)
def test_names_and_addresses_are_understood(text: str, licence_id: str) -> None:
    """However it is written."""
    found = licence_named(text)

    assert found
    assert found.licence_id == licence_id


@pytest.mark.parametrize(
    "text",
    ["", "CC-BI-4.0", "CC-BY-9.0", "free", "https://creativecommons.org.evil.example/licenses/by/4.0/", "x" * 9999,
     "https://creativecommons.org/licenses/by/", "LicenseRef-", "LicenseRef-a b", "public domain"],
)  # fmt: skip
def test_what_is_not_known_is_no_licence(text: str) -> None:
    """A slip permits nothing."""
    assert licence_named(text) is None


def test_only_dedications_to_the_public_domain_permit() -> None:
    """Conditions are conditions, and no licence of a work speaks for a voice."""
    permitting = {one.licence_id for one in KNOWN if Permission.ALLOWED in one.uses.values()}

    assert permitting == {"CC0-1.0", "PDDL-1.0"}
    assert not any(Use.VOICE_REPLICA in one.uses for one in KNOWN)


@given(st.text(max_size=60))
def test_any_text_has_an_answer(text: str) -> None:
    """No text costs more than a None."""
    found = licence_named(text)

    assert found is None or found.licence_id
