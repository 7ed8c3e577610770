"""Arrays in mapped files: refused where they are none, the same after their pages are let go."""

import mmap
from pathlib import Path

import numpy as np
import pytest

from workprint.serial.arrays import array_in, let_go, npy


def resident_bytes(file: Path) -> int:
    """How much of a mapped file this process counts as its own."""
    lines = iter(Path("/proc/self/smaps").read_text().splitlines())
    within = False
    for line in lines:
        within = line.endswith(str(file)) if "-" in line.split(" ")[0] else within
        if within and line.startswith("Rss:"):
            return 1024 * int(line.split()[1])
    raise AssertionError("it is not mapped")


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="what is mapped is read from /proc")
def test_pages_that_are_let_go_are_held_no_longer_and_read_the_same(tmp_path: Path) -> None:
    """Those of a row, of the whole array, and nothing where an array is in pieces."""
    table = np.arange(1 << 20, dtype=np.uint32).reshape(4, -1)
    path = tmp_path / "table.npy"
    path.write_bytes(npy(table))
    with path.open("rb") as stream:
        mapped = array_in(memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)))
    assert mapped.sum() == table.sum()
    held = resident_bytes(path)

    let_go(mapped[1])
    assert resident_bytes(path) <= held - (1 << 20) + (1 << 17)
    let_go(mapped)
    assert resident_bytes(path) < 1 << 17

    assert (mapped == table).all()
    let_go(mapped[:, 1:3])
    assert resident_bytes(path) > 1 << 21


def test_arrays_that_were_never_mapped_are_left_alone() -> None:
    """Whether they may be written to or not, and where they are empty."""
    for array in (np.arange(5), np.frombuffer(b"12345678" * 1000, np.uint64), np.empty((0, 4))):
        before = array.copy()
        let_go(array)
        assert (array == before).all()


@pytest.mark.parametrize("data", [b"", b"\x93NUMPY", npy(np.arange(9))[:-1], npy(np.arange(9)) + b"x", b"x" * 200])
def test_anything_but_a_plain_array_is_refused(data: bytes) -> None:
    """Also one that is too long or too short for what it says."""
    with pytest.raises(ValueError, match=r"."):
        array_in(memoryview(data))
