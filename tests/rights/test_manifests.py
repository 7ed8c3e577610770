"""C2PA manifests: both labels, every format, tampering, no network, and no silence where nothing reads them."""

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

pytest.importorskip("c2pa")
from content_credentials import signed
from signal_samples import ATTRIBUTE, m4a, packet, picture, read, sound, wav
from workprint.model import NOT_CHECKED, UNREADABLE, Permission, Signal, Use, combined

FILES = {
    "image/jpeg": picture("JPEG"),
    "image/png": picture("PNG"),
    "image/webp": picture("WEBP"),
    "image/tiff": picture("TIFF"),
    "image/avif": picture("AVIF"),
    "image/heic": picture("HEIF"),
    "image/gif": picture("GIF"),
    "audio/wav": wav(),
    "audio/mpeg": sound("MP3", "MPEG_LAYER_III"),
    "audio/flac": sound("FLAC", "PCM_16"),
    "audio/mp4": m4a(),
}
ENTRIES = {
    "ai_generative_training": {"use": "notAllowed"},
    "ai_training": {"use": "constrained"},
    "ai_inference": {"use": "allowed"},
    "data_mining": {"use": "constrained", "constraint_info": "https://studio.example/licence"},
}


def entries(prefix: str) -> dict[str, dict[str, str]]:
    """The entries of an assertion of one prefix."""
    return {f"{prefix}.{name}": entry for name, entry in ENTRIES.items()}


def about(data: bytes) -> list[Signal]:
    """What a file's manifest says."""
    return [signal for signal in read(data) if signal.source == "c2pa"]


@pytest.mark.parametrize("mime_type", FILES)
@pytest.mark.parametrize("prefix", ["cawg", "c2pa"])
def test_the_assertion_is_read_under_both_labels(mime_type: str, prefix: str) -> None:
    """A condition without words is a refusal; what an unknown signer allows permits nothing."""
    signals = about(signed(FILES[mime_type], mime_type, f"{prefix}.training-mining", entries(prefix)))

    assert combined(signals, Use.AI_GENERATIVE_TRAINING) is Permission.NOT_ALLOWED
    assert combined(signals, Use.AI_TRAINING) is Permission.NOT_ALLOWED
    assert combined(signals, Use.AI_INFERENCE) is None
    assert combined(signals, Use.DATA_MINING) is Permission.CONSTRAINED
    assert "https://studio.example/licence" in [signal.policy_url for signal in signals]


def test_a_refusal_is_heard_though_the_picture_was_changed() -> None:
    """But not taken for a conformant one."""
    data = bytearray(signed(FILES["image/jpeg"], "image/jpeg", "cawg.training-mining", entries("cawg")))
    data[-40] ^= 0xFF

    signals = about(bytes(data))

    assert combined(signals, Use.AI_GENERATIVE_TRAINING) is Permission.NOT_ALLOWED
    assert not any(signal.conformant for signal in signals)


def test_a_manifest_that_is_none_is_a_note() -> None:
    """Never silence."""
    data = signed(FILES["image/png"], "image/png", "cawg.training-mining", entries("cawg"))
    at = data.index(b"jumb") + 40

    (note,) = about(data[:at] + b"\0" * 40 + data[at + 40 :])

    assert (note.locator, note.uses) == (UNREADABLE, {})


def test_a_manifest_without_the_assertion_says_so() -> None:
    """It was read, and is silent."""
    (signal,) = about(signed(FILES["image/jpeg"], "image/jpeg", "org.example.note", {"a": "b"}))

    assert signal.uses == {}
    assert "nothing on training or mining" in signal.raw_value


def test_without_the_extra_a_manifest_is_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """And never "no reservation"."""
    data = signed(FILES["audio/wav"], "audio/wav", "cawg.training-mining", entries("cawg"))
    monkeypatch.setitem(sys.modules, "c2pa", None)

    (note,) = about(data)

    assert (note.locator, note.uses) == (NOT_CHECKED, {})
    assert about(FILES["audio/wav"]) == []


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    """A server on this machine that remembers who asked."""

    class Remembers(BaseHTTPRequestHandler):
        """Keeps the path of each request."""

        def do_GET(self) -> None:
            """Answer nothing."""
            self.server.asked.append(self.path)  # type: ignore[attr-defined]
            self.send_error(404)

        do_HEAD = do_POST = do_GET

    with HTTPServer(("127.0.0.1", 0), Remembers) as made:
        made.asked = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def test_nothing_is_ever_fetched(server: HTTPServer) -> None:
    """Neither a manifest that lies elsewhere, nor a document type, nor any address in a packet."""
    url = f"http://127.0.0.1:{server.server_port}/"
    remote = signed(FILES["image/jpeg"], "image/jpeg", "cawg.training-mining", entries("cawg"), remote=url + "m.c2pa")
    doctype = f'<!DOCTYPE x SYSTEM "{url}x.dtd"><x/>'.encode()
    licence = packet(f'<cc:license rdf:resource="{url}licence"/>', f'xmpRights:WebStatement="{url}w"').encode()
    everything = [remote, picture("JPEG", doctype), picture("PNG", licence), picture("WEBP", ATTRIBUTE.encode())]

    signals = [read(data) for data in everything]

    assert all(signals)
    assert url + "m.c2pa" in [signal.raw_value for signal in signals[0]]
    assert server.asked == []  # type: ignore[attr-defined]
