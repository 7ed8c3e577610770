"""Datasets on servers: the same as in a folder, through failures and hangs, and without a word of credentials."""

import contextlib
import io
import json
import tarfile
import threading
import time
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from test_dataset_kits import write_tar

from workprint import api, plugins
from workprint.datasets import remote
from workprint.datasets.remote import repeated, without_secrets
from workprint.errors import WorkprintError
from workprint.model import Depth, Limits
from workprint.testing import items_of, small_picture, some_media

pytest.importorskip("aiohttp", reason="http:// needs aiohttp")
SECRETS = ("hush-user", "hush-pass", "hush-token", "hush-key-id")
PICTURES = {f"{number}.png": small_picture(number) for number in range(3)}


class _Server(BaseHTTPRequestHandler):
    """Gives one tar archive; fails or hangs so many times before."""

    data: ClassVar[bytes] = b""
    troubles: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        """Say how large it is."""
        self._answer(b"", len(self.data))

    def do_GET(self) -> None:
        """Give a part of it, or go wrong."""
        trouble = self.troubles.pop() if self.troubles else ""
        if trouble == "fail":
            self.send_error(503)
            return
        if trouble == "hang":
            time.sleep(1.5)
        first, _, last = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        part = self.data[int(first or 0) : int(last) + 1 if last else None]
        self._answer(part, len(part), f"bytes {first or 0}-{int(first or 0) + len(part) - 1}/{len(self.data)}")

    def log_message(self, *_: Any) -> None:
        """Be quiet."""

    def _answer(self, data: bytes, size: int, part: str = "") -> None:
        self.send_response(206 if part else 200)
        self.send_header("Content-Length", str(size))
        self.send_header("Accept-Ranges", "bytes")
        if part:
            self.send_header("Content-Range", part)
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # who did not wait is gone
            self.wfile.write(data)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an archive on this machine; waits are short."""
    monkeypatch.setattr(remote, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(remote, "TIMEOUT_S", 0.5)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in PICTURES.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    _Server.data, _Server.troubles = buffer.getvalue(), []
    running = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}/shard.tar?token=hush-token"
    running.shutdown()
    running.server_close()


def media_at(uri: str) -> list[bytes]:
    """The media of a dataset, in order of their bytes."""
    return sorted(data for _, data in items_of(plugins.reader(uri, None, Limits()), uri))


@pytest.mark.parametrize("troubles", [[], ["fail", "fail"], ["hang"]])
def test_an_archive_on_a_web_server_is_read_through_trouble(troubles: list[str], server: str) -> None:
    """Requests that fail twice, or hang until the time is up, are repeated."""
    _Server.troubles = list(troubles)

    assert media_at(server) == sorted(PICTURES.values())
    assert _Server.troubles == []


def test_a_server_that_never_answers_is_an_error_without_credentials(server: str) -> None:
    """After so many attempts the run ends in a sentence, and the token in the address is not in it."""
    _Server.troubles = ["fail"] * 100

    with pytest.raises(WorkprintError) as raised:
        media_at(server)
    assert "hush" not in str(raised.value)


class _Unwilling(BaseHTTPRequestHandler):
    """Answers whatever is asked with one status, and counts."""

    status: ClassVar[int] = 0
    asked: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        """As `do_GET`."""
        self.do_GET()

    def do_GET(self) -> None:
        """Say the status."""
        self.asked.append(self.path)
        self.send_error(self.status)

    def log_message(self, *_: Any) -> None:
        """Be quiet."""


@pytest.fixture
def unwilling(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an archive that is not given; waits are short."""
    monkeypatch.setattr(remote, "FIRST_WAIT_S", 0.01)
    running = ThreadingHTTPServer(("127.0.0.1", 0), _Unwilling)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    _Unwilling.asked.clear()
    yield f"http://127.0.0.1:{running.server_port}/shard.tar?token=hush-token"
    running.shutdown()
    running.server_close()


@pytest.mark.parametrize(
    ("status", "told", "requests"),
    [(403, "cannot be read: 403", 2), (404, "no such file", 2), (503, "503.*4 times", 8), (429, "429.*4 times", 8)],
)
def test_a_server_that_refuses_is_not_asked_again(status: int, told: str, requests: int, unwilling: str) -> None:
    """By HEAD and by GET, again only where that may help; it is told apart from a file that is not there."""
    _Unwilling.status = status

    with pytest.raises(WorkprintError, match=told) as raised:
        media_at(unwilling)
    assert len(_Unwilling.asked) == requests
    assert "hush" not in str(raised.value)


def test_nothing_that_is_written_holds_credentials(server: str, tmp_path: Path, small: Path) -> None:
    """Results, store and report of a signed address name it without its signature."""
    settings = api.Settings(as_of=date(2026, 1, 1), jobs=1, depth=Depth.FAST)
    results = api.scan(server, [small / "mine.workprint"], tmp_path / "out", settings)

    assert results.manifest.seen == 3
    assert results.manifest.dataset == server.partition("?")[0]
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(written) > 4
    assert not [path for path in written if b"hush" in path.read_bytes()]


@pytest.fixture(scope="module")
def bucket() -> Iterator[dict[str, Any]]:
    """An S3 server on this machine with a bucket, and the options that reach it."""
    pytest.importorskip("s3fs", reason="s3:// needs s3fs")
    moto = pytest.importorskip("moto.server", reason="there is no S3 server to test against: moto is not installed")
    running = moto.ThreadedMotoServer("127.0.0.1", 0)
    running.start()
    host, port = running.get_host_and_port()
    yield {"endpoint_url": f"http://{host}:{port}", "key": "hush-key-id", "secret": "hush-pass"}
    running.stop()


@pytest.mark.filterwarnings("ignore")  # of the S3 client's own
def test_a_bucket_is_read_as_a_folder_is(
    bucket: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loose files, archives, and tables beside them; the key that opens it is in no address."""
    import fsspec

    monkeypatch.setitem(fsspec.config.conf, "s3", bucket)
    files = fsspec.filesystem("s3", **bucket)
    files.mkdir("corpus")
    media = some_media()
    for name, data in media.items():
        files.pipe_file(f"corpus/loose/{name}", data)
    files.pipe_file("corpus/loose/metadata.jsonl", json.dumps({"file_name": "plain.png", "text": "said"}).encode())
    files.put_file(write_tar(tmp_path / "a.tar", PICTURES), "corpus/a.tar")
    files.invalidate_cache()

    found = items_of(plugins.reader("s3://corpus", None, Limits()), "s3://corpus")

    assert sorted(data for _, data in found) == sorted([*media.values(), *PICTURES.values()])
    said = {item.item_id: item.attributes for item, _ in found}
    assert said["loose/plain.png"] == {"text": "said"}
    assert not [address for address in said if any(secret in address for secret in SECRETS)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("s3://hush-user:hush-pass@host/x cannot be read", "s3://host/x cannot be read"),
        ("403 for https://x.test/a.tar?X-Amz-Signature=hush-token&b=1", "403 for https://x.test/a.tar"),
        ("Authorization: Bearer hush-token, x", "Authorization: ***, x"),
        ("{'secret_key': 'hush-pass'}", "{'secret_key': ***'}"),
        ("what is this? a = b", "what is this? a = b"),
    ],
)
def test_texts_are_told_without_secrets(text: str, told: str) -> None:
    """User names, signed queries and tokens go; the rest stays."""
    assert not [secret for secret in SECRETS if secret in without_secrets(text)]
    assert without_secrets(text) == told


def test_what_will_not_change_is_not_asked_again() -> None:
    """A file that is not there is asked for once."""
    asked = []

    def ask() -> None:
        asked.append(1)
        raise FileNotFoundError("https://hush-user@x.test/a")

    with pytest.raises(FileNotFoundError, match=r"https://x.test/a"):
        repeated(ask)
    assert len(asked) == 1
