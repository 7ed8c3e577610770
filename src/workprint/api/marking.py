"""Write a creator's terms into copies of their files, and a `tdmrep.json` for their site."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workprint.consent.terms import TermsFile, read_terms
from workprint.errors import UsageError
from workprint.model import Failure, Stage
from workprint.rights.marking.files import ManifestSigner, marked, tdmrep
from workprint.rights.marking.mark import Mark
from workprint.store import write_atomically

TDMREP = "tdmrep.json"
_MAX_FILE_BYTES = 2 << 30


@dataclass(frozen=True, slots=True)
class Marking:
    """What to write besides the terms."""

    terms: Path
    creator: str = ""
    notice: str = ""
    """The copyright line; without one, "© CREATOR"."""
    location: str = "/"
    """The path on the creator's site that `tdmrep.json` speaks of."""
    certificates: Path | None = None
    """A chain of certificates (PEM), to sign a C2PA manifest with; needs `key`."""
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Marked:
    """What came of it."""

    written: tuple[Path, ...]
    refused: tuple[Failure, ...]
    """Files that were not marked, and why; no copy of them was written."""
    tdmrep: Path | None
    """None where the terms reserve nothing."""


def mark(files: Sequence[Path], output: Path, marking: Marking) -> Marked:
    """Write marked copies of files, and of all files in folders, into `output`. Pixels and samples stay as they are.

    Raises:
        UsageError: a file is missing, two would get one name, or a copy would overwrite something.
        FormatError: the terms are not understood.
        EngineUnavailable: a manifest was asked for, and the extra is not installed.
    """
    if (marking.certificates is None) != (marking.key is None):
        raise UsageError("a manifest is signed with both a certificate and a key; give both, or neither")
    terms = read_terms(marking.terms)
    signer = ManifestSigner(marking.certificates, marking.key) if marking.certificates and marking.key else None
    written, refused = [], []
    for source, target in _planned(files, output):
        try:
            text = _text_for(terms, target.relative_to(output).as_posix(), marking)
            data = marked(_bytes_of(source), text)
            data = signer.signed(data, text, source.name) if signer else data
        except ValueError as error:
            refused.append(Failure(str(source), Stage.READ, "not_marked", str(error)))
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, data)
        written.append(target)
    rule = _write_tdmrep(output, _text_for(terms, "", marking), marking.location)
    return Marked(tuple(written), tuple(refused), rule)


def _text_for(terms: TermsFile, work_id: str, marking: Marking) -> Mark:
    """What is written into one work; for no work, what holds for all of them."""
    own = terms.for_work(work_id)
    notice = marking.notice or (f"© {marking.creator}" if marking.creator else "")
    return Mark(own.uses, marking.creator, notice, own.statement, own.contact)


def _planned(files: Sequence[Path], output: Path) -> list[tuple[Path, Path]]:
    """Each file, and where its copy goes; everything is checked before anything is written."""
    planned: dict[Path, Path] = {}
    for given in files:
        if not given.exists():
            raise UsageError(f"{given} does not exist")
        if given.is_dir() and output.resolve().is_relative_to(given.resolve()):
            raise UsageError(f"{output} lies inside {given}; choose a folder outside it")
        inside = sorted(path for path in given.rglob("*") if path.is_file()) if given.is_dir() else [given]
        for path in inside:
            target = output / path.relative_to(given if given.is_dir() else given.parent)
            if target in planned or target.exists():
                raise UsageError(f"{target} would be written over; choose another folder, or other names")
            planned[target] = path
    return [(source, target) for target, source in planned.items()]


def _bytes_of(path: Path) -> bytes:
    if path.stat().st_size > _MAX_FILE_BYTES:
        raise ValueError(f"it is larger than {_MAX_FILE_BYTES >> 30} GiB")
    return path.read_bytes()


def _write_tdmrep(output: Path, text: Mark, location: str) -> Path | None:
    rules = tdmrep(text, location)
    if not rules:
        return None
    output.mkdir(parents=True, exist_ok=True)
    write_atomically(output / TDMREP, (json.dumps(rules, indent=1) + "\n").encode())
    return output / TDMREP
