"""The module that stands for the whole tool."""

import subprocess
import sys

import pytest

from workprint import api


def test_everything_that_is_named_is_there() -> None:
    """Each name leads to something, and nothing is listed that is not named."""
    listed = [name for names in api._PLACES.values() for name in names]

    assert sorted(listed) == sorted(api.__all__)
    assert all(getattr(api, name) is not None for name in api.__all__)
    assert set(api.__all__) <= set(dir(api))
    with pytest.raises(AttributeError, match="nothing_of_this_name"):
        api.nothing_of_this_name  # noqa: B018


def test_only_what_is_asked_for_is_imported() -> None:
    """So that workers get ready while the rest is imported, and small commands answer at once."""
    program = (
        "import sys; from workprint import api; "
        "print([name for name in ('numpy', 'pyarrow', 'workprint.store') if name in sys.modules]); "
        "api.scan; print('workprint.cleaning.dataset' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert run.stdout.split("\n")[:2] == ["[]", "False"]
