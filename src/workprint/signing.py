"""Signatures: Ed25519 keys in files, and DSSE envelopes around what they sign.

An envelope is that of the Dead Simple Signing Envelope protocol, version 1: the signature is over the payload's exact
bytes and its type, joined by the protocol's pre-authentication encoding, so that nothing has to be put in a canonical
form and a payload of one type cannot pass for another. A key's id is the SHA-256 of its 32 public bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from workprint.errors import FormatError, UsageError

STATEMENT_TYPE = "application/vnd.in-toto+json"
"""Of payloads that are in-toto statements."""
MAX_ENVELOPE_BYTES = 1_000_000
_MAX_KEY_BYTES = 100_000
_MAX_SIGNATURES = 100


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Who can be recognised by a signature."""

    key: Ed25519PublicKey

    @property
    def key_id(self) -> str:
        """64 hexadecimal digits: the SHA-256 of the key's 32 bytes."""
        raw = self.key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return hashlib.sha256(raw).hexdigest()

    @property
    def pem(self) -> bytes:
        """The key as text, for a file or a web page."""
        return self.key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    @classmethod
    def from_pem(cls, data: bytes, where: str) -> PublicKey:
        """Read what `pem` gave. Raises `FormatError`."""
        try:
            key = serialization.load_pem_public_key(data[:_MAX_KEY_BYTES])
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise FormatError(f"{where} is no public key") from error
        if not isinstance(key, Ed25519PublicKey):
            raise FormatError(f"{where} is a key of another kind than Ed25519")
        return cls(key)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """Who can sign."""

    key: Ed25519PrivateKey

    @property
    def public(self) -> PublicKey:
        """What others need to check its signatures."""
        return PublicKey(self.key.public_key())


def new_key(path: Path, public_path: Path, password: str) -> SigningKey:
    """Make a key and write it, encrypted and readable by its owner only (PKCS #8, mode 0600), and its public half.

    Raises:
        UsageError: the password is empty, or a file is there already: a key that is overwritten is lost.
        OSError: a file cannot be written.
    """
    if not password:
        raise UsageError("a key without a password can be used by whoever finds the file; give it one")
    for place in (path, public_path):
        if place.exists():
            raise UsageError(f"{place} is there already, and is not overwritten; choose another name")
    made = SigningKey(Ed25519PrivateKey.generate())
    pem = made.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password.encode()),
    )
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(pem)
    public_path.write_bytes(made.public.pem)
    return made


def read_key(path: Path, password: str) -> SigningKey:
    """Read a key that `new_key`, or another program, wrote as PKCS #8 in PEM.

    Raises:
        UsageError: the file cannot be read, the password is wrong, or others may read the file.
        FormatError: it is no key of this kind.
    """
    try:
        data = path.read_bytes()[:_MAX_KEY_BYTES]
        mode = path.stat().st_mode & 0o777
    except OSError as error:
        raise UsageError(f"the key {path} cannot be read: {error.strerror}") from error
    if os.name == "posix" and mode & 0o077:
        raise UsageError(f"the key {path} can be read by others (mode {mode:o}); run chmod 600 on it")
    try:
        key = serialization.load_pem_private_key(data, password.encode())
    except TypeError as error:
        raise UsageError(f"the key {path} has no password; make one with `workprint key new`") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        if b"ENCRYPTED PRIVATE KEY" in data:
            raise UsageError(f"the password does not open the key {path}") from error
        raise FormatError(f"{path} is no private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise FormatError(f"{path} is a key of another kind than Ed25519")
    return SigningKey(key)


def sign(payload: bytes, payload_type: str, key: SigningKey) -> bytes:
    """A DSSE envelope, as JSON, that holds the payload and a signature over it."""
    signature = key.key.sign(_encoded(payload_type, payload))
    envelope = {
        "payloadType": payload_type,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": key.public.key_id, "sig": base64.b64encode(signature).decode()}],
    }
    return (json.dumps(envelope, indent=1) + "\n").encode()


def verify(envelope: bytes, payload_type: str, key: PublicKey, where: str) -> bytes:
    """The payload of an envelope, after checking that `key` signed exactly these bytes as this type.

    The envelope's own `keyid` decides nothing: it is a hint, and not signed.

    Raises:
        FormatError: it is no envelope, or `key` did not sign what is in it.
    """
    try:
        value = json.loads(envelope[: MAX_ENVELOPE_BYTES + 1])
        payload = base64.b64decode(value["payload"], validate=True)
        signatures = [base64.b64decode(one["sig"], validate=True) for one in value["signatures"][:_MAX_SIGNATURES]]
        is_ours = value["payloadType"] == payload_type
    except (KeyError, TypeError, ValueError, RecursionError, binascii.Error) as error:
        raise FormatError(f"{where} holds a signature that cannot be read") from error
    if not is_ours or not any(_is_valid(signature, _encoded(payload_type, payload), key) for signature in signatures):
        raise FormatError(f"{where} holds a signature that is not valid: it was changed after it was signed")
    return payload


def statement(name: str, sha256: str, predicate_type: str, predicate: dict[str, Any]) -> bytes:
    """An in-toto statement, version 1, about one thing with this digest."""
    value = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": sha256}}],
        "predicateType": predicate_type,
        "predicate": predicate,
    }
    return json.dumps(value, ensure_ascii=False, sort_keys=True).encode("utf-8", "backslashreplace")


def verify_digest(envelope: bytes, sha256: str, predicate_type: str, key: PublicKey, where: str) -> None:
    """Check that `key` signed a statement of this type about exactly one thing, with this digest.

    Raises:
        FormatError: it did not.
    """
    try:
        value = json.loads(verify(envelope, STATEMENT_TYPE, key, where))
        signed = [subject["digest"]["sha256"] for subject in value["subject"]], value["predicateType"]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise FormatError(f"{where} holds a signature over something else") from error
    if signed != ([sha256], predicate_type):
        raise FormatError(f"{where} holds a signature that is not valid: it was changed after it was signed")


def _encoded(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding; lengths are in bytes."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _is_valid(signature: bytes, message: bytes, key: PublicKey) -> bool:
    try:
        key.key.verify(signature, message)
    except InvalidSignature:
        return False
    return True
