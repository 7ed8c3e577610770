"""Text from a dataset and from a portfolio, shown: on a page in a real browser, in a terminal, in a spreadsheet."""

import csv
import io
import json
import re
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from core_samples import picture
from workprint import api
from workprint.cli import main

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
RAN = "a script ran"
TERMINAL = "\x1b]0;owned\x07\x1b[2J\u202egpj.evil"


class _Server(BaseHTTPRequestHandler):
    """Serves pages by name and remembers what was asked for."""

    pages: dict[str, bytes]
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        body = self.pages.get(self.path)
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Site:
    """A server on this machine."""

    address: str
    handler: type[_Server]

    def shown(self, page: bytes, folder: Path) -> tuple[str, list[str]]:
        """Open a page in a browser; what is left of it, and what else was asked for."""
        self.handler.pages["/page.html"] = page
        options = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
        options += " --disable-component-update --disable-sync --virtual-time-budget=3000 --dump-dom"
        command = [str(CHROMIUM), *options.split(), f"--user-data-dir={folder}", f"{self.address}/page.html"]
        run = subprocess.run(command, capture_output=True, check=True, timeout=120)
        asked = [path for path in self.handler.asked if path not in ("/page.html", "/favicon.ico")]
        return run.stdout.decode("utf-8", "replace"), asked


@pytest.fixture
def site() -> Iterator[Site]:
    """A server that counts requests."""

    class Handler(_Server):
        pages: dict[str, bytes] = {}  # noqa: RUF012 - one class per test
        asked: list[str] = []  # noqa: RUF012

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Site(f"http://127.0.0.1:{server.server_port}", Handler)
    server.shutdown()
    server.server_close()


class _Actors(HTMLParser):
    """Collects what could act: elements that run or fetch, handlers of events, links to scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "iframe", "base", "object", "embed", "form", "input", "link"):
            self.found.append(tag)
        for name, value in attrs:
            target = (value or "").strip().lower()
            if name.startswith("on") or (name in ("href", "src", "action") and target.startswith("javascript:")):
                self.found.append(f"{tag} {name}")


def attacks(address: str) -> list[str]:
    """Texts that act where they are not escaped."""
    act = f"document.title='{RAN}';fetch('{address}/hit')"
    return [
        f"<script>{act}</script>",
        f'"><img src="{address}/hit" onerror="{act}">',
        f"</title></style></textarea><svg onload=\"{act}\"><image href='{address}/hit'></svg>",
        f"javascript:{act}",
        f'<iframe src="{address}/hit"></iframe><link rel=stylesheet href="{address}/hit">',
        f"<meta http-equiv=refresh content='0;url={address}/hit'><base href='{address}/hit/'>",
        f"<style>body{{background:url({address}/hit)}}</style>",
        '=HYPERLINK("http://example.org","a")',
        TERMINAL,
    ]


def scan(folder: Path, address: str) -> Path:
    """Index works whose creator attacks, and scan a dataset that attacks in names, captions and addresses."""
    works, texts = folder / "works", attacks(address)
    works.mkdir()
    for number, _ in enumerate(texts):
        name = texts[number].replace("/", "\u2215")[:60]
        (works / f"{name}{number}.png").write_bytes(picture(number))
    api.index([works], folder / "p.workprint", api.Labels(texts[0] + TERMINAL, f"javascript:{texts[1]}"), jobs=1)
    with tarfile.open(folder / "data.tar", "w") as archive:
        for number, text in enumerate(texts):
            said = {"url": text, "caption": text, "license": f"{address}/{text}", text: {text: [text]}}
            for ending, data in ((".png", picture(number)), (".json", json.dumps(said).encode())):
                member = tarfile.TarInfo(f"{text[:70]}{number}{ending}".replace(".", "\u2024", text[:70].count(".")))
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    command = [
        "scan",
        str(folder / "data.tar"),
        "-p",
        str(folder / "p.workprint"),
        "-o",
        str(folder / "out"),
        "-j",
        "1",
    ]
    said_to_user = CliRunner().invoke(main, command)
    assert said_to_user.exit_code in (0, 1), said_to_user.output
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", said_to_user.output)
    return folder / "out"


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: apt-get install chromium")
@pytest.mark.fault(
    "scripts and addresses in names, captions and creators, in real Chromium", "no script ran, no request left"
)
def test_no_script_runs_and_no_request_leaves_the_page(tmp_path: Path, site: Site) -> None:
    """In the real browser, a page full of attacks stays a page of text; attacks unescaped show that it would tell."""
    output = scan(tmp_path, site.address)
    page = (output / "report.html").read_bytes()
    assert page.count(b"hit") > 20

    dom, asked = site.shown(page, tmp_path / "browser")

    assert asked == []
    assert RAN not in dom.partition("</title>")[0]
    assert _Actors(dom).found == []
    control, asked = site.shown("".join(attacks(site.address)[:2]).encode(), tmp_path / "browser")
    assert "/hit" in asked
    assert RAN in control.partition("</title>")[0]


def test_tables_hold_no_formula_and_terminals_no_command(tmp_path: Path) -> None:
    """The table for spreadsheets, the lines for programs, and what the commands say."""
    output = scan(tmp_path, "http://127.0.0.1:9")
    table = CliRunner().invoke(main, ["report", str(output), "--format", "csv"]).output
    rows = list(csv.reader(io.StringIO(table)))

    assert len(rows) > len(attacks(""))
    numbers = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?$")
    assert not [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t") and not numbers.match(cell)]
    for command in (["inspect", str(tmp_path / "p.workprint")], ["inspect", str(tmp_path / "data.tar")]):
        said = CliRunner().invoke(main, command)
        assert said.exit_code == 0, said.output
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", said.output)
