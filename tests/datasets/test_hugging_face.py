"""A dataset at `hf://`, from a small server on this machine that speaks what `huggingface_hub` asks for."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from core_samples import picture

pytest.importorskip("huggingface_hub", reason="hf:// needs huggingface_hub")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = {"_id": "1", "id": "ada/sea", "sha": COMMIT, "private": True, "siblings": [], "tags": []}


class Hub(BaseHTTPRequestHandler):
    """One dataset of a few files, for whoever has the token."""

    files: ClassVar[dict[str, bytes]] = {}
    refused: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        """As `do_GET`."""
        self._answer(*self._resource())

    def do_GET(self) -> None:
        """What is known of the repository, a listing, or a part of a file."""
        self._answer(*self._resource())

    def do_POST(self) -> None:
        """What is known of some paths."""
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        paths = json.loads(asked)["paths"] if asked.startswith("{") else parse_qs(asked)["paths"]
        found = [self._entry(path) for path in paths]
        self._answer(200, json.dumps([entry for entry in found if entry]).encode())

    def log_message(self, *_: Any) -> None:
        """Be quiet."""

    def _resource(self) -> tuple[int, bytes]:
        path = unquote(urlsplit(self.path).path)
        if self.headers.get("Authorization") != "Bearer hush-token":
            self.refused.append(path)
            return 401, b"{}"
        _, is_file, name = path.partition("/datasets/ada/sea/resolve/")
        if is_file:
            data = self.files.get(name.partition("/")[2])
            return (404, b"{}") if data is None else (200, data)
        _, is_tree, below = path.partition("/tree/")
        if is_tree:
            return 200, json.dumps(self._listing(below.partition("/")[2])).encode()
        return 200, json.dumps(REPOSITORY).encode()

    def _listing(self, folder: str) -> list[dict[str, object]]:
        prefix = f"{folder}/" if folder else ""
        inside = {name.removeprefix(prefix).partition("/")[0] for name in self.files if name.startswith(prefix)}
        return [entry for name in sorted(inside) if (entry := self._entry(prefix + name))]

    def _entry(self, path: str) -> dict[str, object] | None:
        if path in self.files:
            return {"type": "file", "path": path, "size": len(self.files[path]), "oid": COMMIT}
        is_folder = any(name.startswith(f"{path}/") for name in self.files)
        return {"type": "directory", "path": path, "oid": COMMIT} if is_folder else None

    def _answer(self, status: int, data: bytes) -> None:
        wanted = self.headers.get("Range", "")
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        part = data[int(first) : int(last) + 1] if first and last and status == 200 else data
        self.send_response(206 if part is not data else status)
        self.send_header("Content-Length", str(len(part)))
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{COMMIT}"')
        if part is not data:
            self.send_header("Content-Range", f"bytes {first}-{int(first) + len(part) - 1}/{len(data)}")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(part)


@pytest.fixture
def hub() -> Iterator[str]:
    """The server's address."""
    said = json.dumps({"file_name": "1.png", "caption": "a pier"}).encode()
    Hub.files = {
        "data/0.png": picture(0),
        "data/1.png": picture(70),
        "data/metadata.jsonl": said,
        "README.md": b"# Sea",
    }
    running = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


def workprint(hub: str, token: str, home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command against that server, which is asked for from the beginning of a process only."""
    environment = {**os.environ, "HF_ENDPOINT": hub, "HF_TOKEN": token, "HF_HOME": str(home), "NO_PROXY": "*"}
    command = [sys.executable, "-c", "from workprint.cli import main; main()", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_dataset_on_the_hub_is_scanned_as_a_folder(hub: str, small: Path, tmp_path: Path) -> None:
    """The work in it is found, with what is said beside it; the token is written nowhere."""
    uri, out = "hf://datasets/ada/sea/data", tmp_path / "out"
    run = workprint(
        hub, "hush-token", tmp_path, "scan", uri, "-p", str(small / "mine.workprint"), "-o", str(out), "-j", "1"
    )

    assert run.returncode == 1, run.stderr
    findings = [json.loads(line) for line in (out / "findings.jsonl").read_text().splitlines()]
    assert [finding["item"] for finding in findings] == ["0.png"]
    manifest = json.loads((out / "run.json").read_text())
    assert manifest["dataset"] == uri
    assert (manifest["shards"][0]["seen"], manifest["shards"][0]["fingerprinted"]) == (2, 2)
    written = [path.read_bytes() for path in out.rglob("*") if path.is_file()]
    assert not [data for data in (*written, run.stdout.encode(), run.stderr.encode()) if b"hush" in data]


def test_a_wrong_token_is_told_without_it(hub: str, tmp_path: Path) -> None:
    """One sentence."""
    run = workprint(hub, "hush-wrong", tmp_path, "inspect", "hf://datasets/ada/sea/data")

    assert run.returncode == 3
    assert len(run.stderr.splitlines()) == 1, run.stderr
    assert "cannot be read" in run.stderr
    assert "401" in run.stderr
    assert "hush" not in run.stdout + run.stderr
    assert Hub.refused
