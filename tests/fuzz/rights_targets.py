"""Parsers of what is said of rights, in media and beside them, and of what creators sign: as in `targets`."""

import json
import tempfile
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from workprint.api.checking import read_card
from workprint.errors import FormatError
from workprint.licences import licence_named
from workprint.model import Blob, Medium, Permission, Use
from workprint.rights.beside import Sidecar
from workprint.rights.inside import EmbeddedSignals
from workprint.rights.marking.files import marked
from workprint.rights.marking.mark import Mark
from workprint.rights.robots import content_signal, content_usage, of_ai_txt, of_robots_txt, robots_tag
from workprint.rights.rsl import of_rsl
from workprint.signing import STATEMENT_TYPE, PublicKey, SigningKey, verify_digest

KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))
PREDICATE = "https://workprint.example/portfolio/v1"
MARK = Mark(dict.fromkeys(Use, Permission.NOT_ALLOWED), "Ada Lumen", "2026 Ada", "No.", "https://ada.example")
SCRATCH = Path(tempfile.mkdtemp(prefix="workprint-fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))


def signals(data: bytes) -> None:
    """Whatever a media file says: XMP, EXIF, IPTC, ID3, Vorbis comments, RIFF, boxes of MP4, manifests."""
    found = EmbeddedSignals().read(Blob.of(data))
    assert all(len(signal.raw_value) <= 500 for signal in found)


def marks(data: bytes) -> None:
    """The containers that marks are written into; what is written can be read."""
    try:
        done = marked(data, MARK)
    except ValueError:
        return
    EmbeddedSignals().read(Blob.of(done))


def policies(data: bytes) -> None:
    """robots.txt, ai.txt, RSL, and the values of headers."""
    text = data.decode("utf-8", "replace")
    list(of_robots_txt(text, "/art/a.png"))
    of_ai_txt(text, "/art/a.png")
    for value in (content_signal, content_usage, licence_named):
        value(text)
    robots_tag(text, Medium.IMAGE)
    try:
        list(of_rsl(data, "/art/a.png"))
    except ValueError:
        return


def sidecar(data: bytes) -> None:
    """Signals captured with the items, and the files that they name; each line's own."""
    path = SCRATCH / "signals.jsonl"
    path.write_bytes(data)
    (SCRATCH / "rsl.xml").write_bytes(data)
    opened = Sidecar(path)
    opened.signals("a.png", {"url": "https://ada.example/a.png"}, Medium.IMAGE)


def cards(data: bytes) -> None:
    """What `workprint check` found out."""
    path = SCRATCH / "p.card.json"
    path.write_bytes(data)
    read_card(path)


def signatures(data: bytes) -> None:
    """A signature over an index, and a key."""
    with suppress(FormatError):
        verify_digest(data, "00" * 32, PREDICATE, KEY.public, "fuzz")
    PublicKey.from_pem(data, "fuzz")


TARGETS = (signals, marks, policies, sidecar, cards, signatures)


def seeds(folder: Path) -> dict[str, list[bytes]]:
    """By target."""
    from signal_samples import ATTRIBUTE, PICTURES, id3, info, m4a, mp3, picture, sound, user_text, wav
    from workprint.api import Card, write_card
    from workprint.model import CheckedWork, Depth
    from workprint.signing import sign, statement

    card = folder / "card.json"
    checked = CheckedWork("a.png", "Ada", Medium.IMAGE, {"crop": True}, "")
    write_card(card, Card("ab" * 32, Depth.FAST, (checked,)))
    pictures = [picture(form, ATTRIBUTE.encode() if isinstance(ATTRIBUTE, str) else ATTRIBUTE) for form in PICTURES]
    sounds = [wav(info(ICOP="2026 Ada")), mp3(user_text("TDM-RESERVATION", "1")), m4a(copyright="2026 Ada"),
              sound("FLAC"), sound("OGG", "VORBIS"), id3()]  # fmt: skip
    captured = {
        "path": "a.png",
        "url": "https://ada.example/a.png",
        "headers": {"X-Robots-Tag": "noai"},
        "rsl": "rsl.xml",
    }
    rsl = b'<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license><prohibits type="usage">ai-train' \
        b"</prohibits></license></content></rsl>"  # fmt: skip
    robots = b"User-agent: *\nContent-Usage: train-ai=n\nContent-Signal: ai-train=no\nDisallow: *.png\n"
    signed = sign(statement("p", "00" * 32, PREDICATE, {}), STATEMENT_TYPE, KEY)
    return {
        "signals": [*pictures, *sounds],
        "marks": [*pictures, *sounds],
        "policies": [robots, rsl, b"CC BY-NC 4.0"],
        "sidecar": [json.dumps(captured).encode() + b"\n"],
        "cards": [card.read_bytes()],
        "signatures": [signed, KEY.public.pem],
    }
