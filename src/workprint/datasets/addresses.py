"""How an item is named so that the name leads back to it: `docs/formats/addresses.md` in code.

Names inside datasets are hostile: they may hold line feeds, terminal escapes, bytes that are no UTF-8, and the very
characters that separate the parts of an address. All of those are percent-encoded, so that an address is always valid
Unicode on one line and can be taken apart again.
"""

import re
from urllib.parse import unquote_to_bytes

_UNSAFE = re.compile(
    "[%!#;"
    "\x00-\x1f\x7f-\x9f"  # controls: line feeds, terminal escapes
    "\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff"  # marks that reorder or break text on screen
    "\ud800-\udfff]"  # bytes that are no UTF-8
)
_UNSAFE_IN_COLUMN = re.compile(_UNSAFE.pattern[:-1] + ",=]")


def encode_name(name: str) -> str:
    """Return a path or member name as it stands in an address: `%`, `!`, `#`, `;` and what is unprintable encoded."""
    return _UNSAFE.sub(_percent, name)


def decode_name(encoded: str) -> str:
    """Return the name that `encode_name` was given, with bytes that are no UTF-8 as surrogates, as `os` has them."""
    return unquote_to_bytes(encoded).decode("utf-8", "surrogateescape")


def member_address(container: str, name: str) -> str:
    """Return `container!member`; `container` is already encoded, `name` is as the archive has it."""
    return f"{container}!{encode_name(name)}"


def cell_address(container: str, row: int, column: str, index: int | None = None) -> str:
    """Return `container#row=17,column=image`, with `,index=2` where a cell is a list. Rows count from 0."""
    address = f"{container}#row={row},column={_UNSAFE_IN_COLUMN.sub(_percent, column)}"
    return address if index is None else f"{address},index={index}"


def segment_address(path: str, start_s: float, end_s: float | None, row: int) -> str:
    """Return `path#start_s=12.5,end_s=15,row=17`: a stretch of a recording that row 17 of a manifest names.

    `path` is already encoded; without an end, the segment goes on to the recording's.
    """
    end = "" if end_s is None else f",end_s={_decimal(end_s)}"
    return f"{path}#start_s={_decimal(start_s)}{end},row={row}"


def _decimal(seconds: float) -> str:
    return f"{seconds:.6f}".rstrip("0").rstrip(".")


def part_id(container: str, part: str, rows: range) -> str:
    """Return the shard id of a part of a container, `photos.zip#members=0-1023`; both ends are included."""
    return f"{container}#{part}={rows.start}-{rows.stop - 1}"


def container_of(shard_id: str) -> str:
    """Return the address of the container that a shard is a part of."""
    return shard_id.partition("#")[0]


class UniqueNames:
    """Numbers what is named twice: `a.jpg`, `a.jpg;2`, `a.jpg;3`. Keeps a hash per name, not the name."""

    def __init__(self) -> None:
        """Start without any name."""
        self._seen: set[int] = set()
        self._repeats: dict[int, int] = {}

    def name(self, wanted: str) -> str:
        """Return `wanted`, or `wanted;n` for its n-th appearance."""
        key = hash(wanted)
        if key not in self._seen:
            self._seen.add(key)
            return wanted
        self._repeats[key] = self._repeats.get(key, 1) + 1
        return f"{wanted};{self._repeats[key]}"


def _percent(match: re.Match[str]) -> str:
    character = match.group()
    try:
        data = character.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        data = character.encode("utf-8", "surrogatepass")
    return "".join(f"%{byte:02X}" for byte in data)
