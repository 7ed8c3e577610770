"""Which writer marks which kind of file."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from workprint.errors import EngineUnavailable, UsageError
from workprint.rights.manifests import mime_type
from workprint.rights.marking import pictures, sounds
from workprint.rights.marking.mark import Mark

_WRITERS: tuple[tuple[int, bytes, Callable[[bytes, Mark], bytes]], ...] = (
    (0, b"\xff\xd8\xff", pictures.jpeg),
    (0, b"\x89PNG\r\n\x1a\n", pictures.png),
    (0, b"GIF8", pictures.gif),
    (0, b"II*\0", pictures.tiff_file),
    (0, b"MM\0*", pictures.tiff_file),
    (8, b"WEBP", pictures.webp),
    (8, b"WAVE", sounds.wav),
    (0, b"fLaC", sounds.flac),
    (0, b"OggS", sounds.ogg),
    (0, b"ID3", sounds.mp3),
    (0, b"\xff\xfb", sounds.mp3),
    (0, b"\xff\xf3", sounds.mp3),
    (0, b"\xff\xf2", sounds.mp3),
    (0, b"\xff\xfa", sounds.mp3),
    (8, b"M4A ", sounds.mp4),
    (8, b"mp4", sounds.mp4),
    (8, b"isom", sounds.mp4),
)
KINDS = "JPEG, PNG, WebP, GIF, TIFF, MP3, WAV, FLAC, Ogg Vorbis, Opus and M4A"


def marked(data: bytes, mark: Mark) -> bytes:
    """The file with the mark.

    Raises:
        ValueError: it is of a kind that is not marked, or damaged, or already signed; says which.
    """
    for at, start, write in _WRITERS:
        if data.startswith(start, at):
            try:
                return write(data, mark)
            except (IndexError, KeyError) as error:
                raise ValueError("it is damaged") from error
    raise ValueError(f"it is of a kind that is not marked; {KINDS} are")


def tdmrep(mark: Mark, location: str) -> list[dict[str, Any]]:
    """The rules of a site's `/.well-known/tdmrep.json`; none where nothing is reserved."""
    policy = dict(mark.reservation).get("TDM-POLICY")
    rule = {"location": location, "tdm-reservation": 1, **({"tdm-policy": policy} if policy else {})}
    return [rule] if mark.reserves else []


class ManifestSigner:
    """Adds a C2PA manifest with a `cawg.training-mining` assertion, signed with the creator's own certificate."""

    def __init__(self, certificates: Path, key: Path) -> None:
        """Read a chain of certificates and the key, both PEM.

        Raises:
            EngineUnavailable: the extra is not installed.
            UsageError: a file cannot be read, or is none.
        """
        try:
            import c2pa
        except ImportError as error:
            raise EngineUnavailable("signing a manifest needs `pip install 'workprint[c2pa]'`") from error
        try:
            info = c2pa.C2paSignerInfo(b"es256", certificates.read_bytes(), key.read_bytes(), None)
            self._signer = c2pa.Signer.from_info(info)
        except OSError as error:
            raise UsageError(f"{error.filename} cannot be read: {error.strerror}") from error
        except c2pa.C2paError as error:
            raise UsageError(f"{certificates} and {key} cannot sign (ES256 is used): {error}") from error

    def signed(self, data: bytes, mark: Mark, title: str) -> bytes:
        """The file with a manifest. Raises `ValueError` where it cannot be signed."""
        import c2pa

        settings = {"verify": {"remote_manifest_fetch": False}, "builder": {"thumbnail": {"enabled": False}}}
        mime = mime_type(data[:16])
        manifest = {
            "claim_generator_info": [{"name": "workprint"}],
            "format": mime,
            "title": title,
            "assertions": [{"label": "cawg.training-mining", "data": {"entries": mark.assertion}}],
        }
        target = BytesIO()
        try:
            with (
                c2pa.Context.from_dict(settings) as context,
                c2pa.Builder(json.dumps(manifest), context=context) as builder,
            ):
                builder.set_intent(c2pa.C2paBuilderIntent.EDIT)  # the unsigned file is named as what was opened
                builder.sign(self._signer, mime, BytesIO(data), target)
        except c2pa.C2paError as error:
            raise ValueError(f"it cannot be signed ({error})") from error
        return target.getvalue()
