"""Reading from servers: each request has a time limit and is repeated where it may help, and what goes wrong is told
without what must not be told."""

import io
import re
import time
from collections.abc import Callable
from typing import Any, BinaryIO, TypeVar

ATTEMPTS = 4
FIRST_WAIT_S = 0.25
TIMEOUT_S = 60.0
BLOCK_BYTES = 4 << 20

_NOT_THERE = (404, 410)
_REFUSED = frozenset(range(400, 500)) - {408, 425, 429, *_NOT_THERE}
"""Answers of a server after which the same request will not be granted either."""

Result = TypeVar("Result")

_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")
_QUERY = re.compile(r"(?<=[\w/.=%-])\?[^\s'\")>]*=[^\s'\")>]*")
_SECRETS = re.compile(
    r"(?i)(\b(?:x-amz-[\w-]+|aws_?\w*|secret\w*|token|authorization|signature|password|api_?key|key)\b[\"']?\s*[=:]\s*)"
    r"[\"']?(?:bearer\s+)?[^\s,;'\")}]+"
)
_PERMANENT = (
    FileNotFoundError,
    PermissionError,
    IsADirectoryError,
    NotADirectoryError,
    NotImplementedError,
    ValueError,
)


def without_secrets(text: str) -> str:
    """Return a text about an address without user names, passwords, signed queries and tokens."""
    return _SECRETS.sub(r"\1***", _QUERY.sub("", _CREDENTIALS.sub("", text)))


def options_of(uri: str) -> dict[str, Any]:
    """Return the time limits that the file system behind an address is to be given, in its own words."""
    protocol = uri.partition("://")[0].rpartition("::")[2]
    if protocol in ("http", "https"):
        import aiohttp

        return {"client_kwargs": {"timeout": aiohttp.ClientTimeout(total=None, connect=TIMEOUT_S, sock_read=TIMEOUT_S)}}
    if protocol in ("s3", "s3a"):
        return {
            "config_kwargs": {"connect_timeout": TIMEOUT_S, "read_timeout": TIMEOUT_S, "retries": {"max_attempts": 1}}
        }
    return {}


def repeated(ask: Callable[[], Result]) -> Result:
    """Ask until there is an answer or a refusal, at most `ATTEMPTS` times, waiting twice as long each time.

    Raises:
        OSError: there was none, or one that will not change. Its text holds no credentials.
    """
    for attempt in range(ATTEMPTS):
        try:
            return ask()
        except Exception as error:  # noqa: BLE001 - each file system raises what its own libraries raise
            meant = _meant(error)
            told = without_secrets(str(meant)).partition("\n")[0] or type(meant).__name__
            if isinstance(meant, _PERMANENT):
                raise (type(meant) if isinstance(meant, OSError) else OSError)(told) from None
            if _status(meant) in _REFUSED:
                raise PermissionError(told) from None
            if attempt == ATTEMPTS - 1:
                raise OSError(f"{told}, {ATTEMPTS} times") from None
            time.sleep(FIRST_WAIT_S * 2**attempt)
    raise AssertionError("unreachable")


def _meant(error: Exception) -> Exception:
    """What was wrong: of any trouble with a URL fsspec says that there is no such file, and names it as the cause."""
    cause = error.__cause__
    if not isinstance(error, FileNotFoundError) or not isinstance(cause, Exception):
        return error
    told = _status(cause) not in (0, *_NOT_THERE) or isinstance(cause, (ConnectionError, TimeoutError))
    return cause if told else error


def _status(error: Exception) -> int:
    """The status that a server answered with; libraries put it in one of two places. 0 where it did not answer."""
    response = getattr(error, "response", None)
    status = getattr(error, "status", None) or getattr(response, "status_code", None)
    return status if isinstance(status, int) else 0


class RepeatedReads(io.RawIOBase):
    """A file behind a server whose every read is repeated where it fails; opened anew each time."""

    def __init__(self, open_file: Callable[[], BinaryIO]) -> None:
        """Open it."""
        self._open = open_file
        self._file: BinaryIO | None = repeated(open_file)
        self._offset_bytes = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """Whether the server gives parts of files."""
        return self._file is not None and self._file.seekable()

    def readinto(self, buffer: Any) -> int:
        """Read what comes next. Raises `OSError`."""
        data = repeated(lambda: self._read(len(buffer)))
        buffer[: len(data)] = data
        self._offset_bytes += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte. Raises `OSError`."""
        if self._file is None:
            raise OSError("the file is closed")
        self._offset_bytes = self._file.seek(
            *((offset + self._offset_bytes, 0) if whence == io.SEEK_CUR else (offset, whence))
        )
        return self._offset_bytes

    def tell(self) -> int:
        """Where the next read begins."""
        return self._offset_bytes

    def close(self) -> None:
        """Let go of the connection."""
        file, self._file = self._file, None
        if file is not None:
            file.close()
        super().close()

    def _read(self, size_bytes: int) -> bytes:
        try:
            if self._file is None:
                self._file = self._open()
                self._file.seek(self._offset_bytes)
            return self._file.read(size_bytes)
        except Exception:
            broken, self._file = self._file, None
            if broken is not None:
                broken.close()
            raise
