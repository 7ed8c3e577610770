"""Paths that a dataset states: followed only inside their folder."""

import posixpath
import re

from workprint.datasets.addresses import encode_name
from workprint.datasets.places import EntryKind, Place
from workprint.errors import ItemError, Missing, UnsafePath, Unsupported

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|data:")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_MAX_PATH_CHARACTERS = 4096


def is_url(text: str) -> bool:
    """Whether a text is a URL rather than a path."""
    return _URL.match(text) is not None


def safe_relative(stated: str) -> str:
    """Return a stated path in its shortest form.

    Raises:
        Unsupported: it is a URL.
        UnsafePath: it is absolute, leads out of its folder, or can be no path at all.
    """
    if is_url(stated):
        raise Unsupported(f"{_shown(stated)} is a URL, and nothing is downloaded; download the dataset first")
    if stated.startswith("/") or _DRIVE.match(stated):
        raise UnsafePath(
            f"{_shown(stated)} is an absolute path out of the folder of the manifest; name its own with --media-root"
        )
    if "\0" in stated or len(stated) > _MAX_PATH_CHARACTERS:
        raise UnsafePath(f"{_shown(stated)} can be no path")
    path = posixpath.normpath(stated)
    if path in (".", "..") or path.startswith("../"):
        raise UnsafePath(f"{_shown(stated)} leads out of the manifest's folder")
    return path


def _shown(stated: str) -> str:
    return encode_name(stated[:200])


def plain_file(folder: Place, relative: str) -> Place:
    """Return a file that is really below `folder`, links looked through.

    Raises:
        Missing: there is none.
        UnsafePath: it is a link that leads out of the folder, or no plain file.
    """
    place = folder.child(relative)
    kind = place.kind()
    if not folder.holds(place):
        raise UnsafePath("a link that leads out of the dataset is not followed; copy what it leads to into the dataset")
    if kind is EntryKind.MISSING:
        raise Missing("there is no such file")
    if kind is not EntryKind.FILE:
        raise UnsafePath("it is no plain file, so it is not opened")
    return place


def refusal_of(folder: Place, stated: str) -> ItemError | None:
    """Return why a stated path cannot be opened; None where it can."""
    try:
        plain_file(folder, safe_relative(stated))
    except ItemError as error:
        return error
    return None
