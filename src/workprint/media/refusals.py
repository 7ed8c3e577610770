"""Whatever a decoder raises becomes one error of ours, in one sentence that holds no path and no memory address."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from warnings import catch_warnings, simplefilter

from workprint.errors import Empty, ItemError, OutOfMemory, TooLarge, Truncated, Undecodable
from workprint.model import Blob, Limits

_NOISE = re.compile(
    r"\[Errno -?\d+\]"  # numbers that differ between systems
    r"|['\"]?<[^<>]*>['\"]?"  # objects and their addresses
    r"|'[^']*[/\\][^']*'|\"[^\"]*[/\\][^\"]*\"|(?:[A-Za-z]:)?(?:[\\/][\w.\-]+){2,}"  # paths
)
_TOO_EARLY = re.compile(r"truncat|unexpected end|end of file|not enough|buffer is not large|underrun|ran out of", re.I)
_TOO_MUCH = re.compile(r"decompression bomb|too large|exceeds limit|memory|allocat", re.I)
_LONGEST_SENTENCE = 160


def admit(blob: Blob, limits: Limits) -> None:
    """Refuse what need not be opened to be refused.

    Raises:
        Empty: there are no bytes.
        TooLarge: more bytes than the limits allow.
    """
    if blob.size_bytes == 0:
        raise Empty("the file holds no bytes")
    if blob.size_bytes > limits.max_item_bytes:
        raise TooLarge(f"{blob.size_bytes} bytes are more than the {limits.max_item_bytes} allowed")


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Turn any exception of a decoder into an `ItemError` about `what`, for example "JPEG picture".

    Decoders raise nearly every built-in exception on hostile input, and warn; warnings are silenced here. The warning
    filter is process-wide while the block runs: decode in processes, not in threads.

    Raises:
        Truncated, TooLarge, OutOfMemory, Undecodable: by what the decoder said.
    """
    with catch_warnings():
        simplefilter("ignore")
        try:
            yield
        except ItemError:
            raise
        except Exception as error:
            raise _translated(error, what) from error


def _translated(error: Exception, what: str) -> ItemError:
    said = spoken(error)
    sentence = f"this {what} cannot be decoded: {said}"
    if isinstance(error, MemoryError):
        return OutOfMemory(f"{sentence}; it needs more memory than a worker may use")
    if "Bomb" in type(error).__name__ or _TOO_MUCH.search(said):
        return TooLarge(sentence)
    if isinstance(error, EOFError) or _TOO_EARLY.search(said):
        return Truncated(sentence)
    return Undecodable(sentence)


def spoken(error: Exception) -> str:
    """What an exception says, on one line, without addresses, paths and control characters."""
    text = _NOISE.sub(" ", str(error)) or type(error).__name__
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    text = " ".join(text.split()).strip(" .:") or type(error).__name__
    return text[:_LONGEST_SENTENCE]


@contextmanager
def hushed() -> Iterator[None]:
    """Keep a C library's own messages, which quote the file, off the terminal: standard error leads nowhere inside.

    Process-wide, like `refusing`.
    """
    try:
        kept = os.dup(2)
    except OSError:
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
