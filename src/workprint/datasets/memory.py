"""A bound on memory for a while, in a process that must not die and has no bound of its own, or a wider one."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from workprint.errors import OutOfMemory

MAX_LOOK_BYTES = 2 << 30
"""What looking at the first rows of a table may take: a single page of one may claim as much."""
_STATM = Path("/proc/self/statm")
_DATA_PAGES = 5


@contextmanager
def bounded_memory() -> Iterator[None]:
    """Allow `MAX_LOOK_BYTES` more than are in use now, where the system can do that.

    Raises:
        OutOfMemory: more were asked for.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    try:
        _lower(soft, hard)
        yield
    except MemoryError:
        raise OutOfMemory("looking into it takes more memory than may be used") from None
    finally:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _lower(soft: int, hard: int) -> None:
    with suppress(OSError, ValueError, IndexError):  # not Linux
        used_bytes = int(_STATM.read_text().split()[_DATA_PAGES]) * resource.getpagesize()
        limits = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
        resource.setrlimit(resource.RLIMIT_DATA, (min([used_bytes + MAX_LOOK_BYTES, *limits]), hard))
