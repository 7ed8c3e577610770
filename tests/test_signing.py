"""Keys and envelopes."""

import base64
import json
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from workprint.errors import FormatError, UsageError
from workprint.signing import PublicKey, SigningKey, new_key, read_key, sign, verify

TYPE = "application/vnd.test"


@pytest.fixture
def key() -> SigningKey:
    """A key in memory."""
    return SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


def test_a_key_comes_back_with_its_password_only(tmp_path: Path) -> None:
    """It is encrypted, for its owner's eyes, and its public half lies beside it."""
    made = new_key(tmp_path / "my.key", tmp_path / "my.pub", "correct horse")

    assert stat.S_IMODE((tmp_path / "my.key").stat().st_mode) == 0o600
    assert b"ENCRYPTED" in (tmp_path / "my.key").read_bytes()
    assert read_key(tmp_path / "my.key", "correct horse").public.key_id == made.public.key_id
    assert PublicKey.from_pem((tmp_path / "my.pub").read_bytes(), "my.pub").key_id == made.public.key_id
    with pytest.raises(UsageError, match="does not open"):
        read_key(tmp_path / "my.key", "wrong")


def test_a_key_is_never_overwritten_nor_without_a_password(tmp_path: Path) -> None:
    """A lost key cannot be made again."""
    with pytest.raises(UsageError, match="without a password"):
        new_key(tmp_path / "my.key", tmp_path / "my.pub", "")
    (tmp_path / "my.pub").touch()
    with pytest.raises(UsageError, match="is there already"):
        new_key(tmp_path / "my.key", tmp_path / "my.pub", "x")
    assert not (tmp_path / "my.key").exists()


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """It may be theirs by now."""
    new_key(tmp_path / "my.key", tmp_path / "my.pub", "x")
    (tmp_path / "my.key").chmod(0o644)

    with pytest.raises(UsageError, match="can be read by others"):
        read_key(tmp_path / "my.key", "x")


def test_what_is_no_key_is_said_to_be_none(tmp_path: Path) -> None:
    """In one sentence."""
    (tmp_path / "my.key").write_bytes(b"hello")
    (tmp_path / "my.key").chmod(0o600)
    with pytest.raises(FormatError, match="no private key"):
        read_key(tmp_path / "my.key", "x")
    with pytest.raises(FormatError, match="no public key"):
        PublicKey.from_pem(b"hello", "it")
    with pytest.raises(UsageError, match="cannot be read"):
        read_key(tmp_path / "none.key", "x")


def test_the_signature_is_over_the_protocols_encoding(key: SigningKey) -> None:
    """Type and payload with their lengths in bytes, as DSSE version 1 joins them."""
    envelope = json.loads(sign("héllo".encode(), TYPE, key))

    signature = base64.b64decode(envelope["signatures"][0]["sig"])
    key.public.key.verify(signature, b"DSSEv1 20 application/vnd.test 6 h\xc3\xa9llo")
    assert envelope["signatures"][0]["keyid"] == key.public.key_id
    assert base64.b64decode(envelope["payload"]) == "héllo".encode()


def test_what_was_changed_is_refused(key: SigningKey) -> None:
    """Another payload, another type, another key, no signature, no envelope."""
    envelope = sign(b"one", TYPE, key)
    value = json.loads(envelope)
    other = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(32))).public

    assert verify(envelope, TYPE, key.public, "it") == b"one"
    for changed, kind, whose in (
        ({**value, "payload": base64.b64encode(b"two").decode()}, TYPE, key.public),
        (value, "application/vnd.other", key.public),
        ({**value, "payloadType": "application/vnd.other"}, "application/vnd.other", key.public),
        (value, TYPE, other),
        ({**value, "signatures": []}, TYPE, key.public),
        ({**value, "signatures": [{"sig": "!"}]}, TYPE, key.public),
        ([], TYPE, key.public),
    ):
        with pytest.raises(FormatError, match="holds a signature that"):
            verify(json.dumps(changed).encode(), kind, whose, "it")
