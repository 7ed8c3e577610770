"""How a run shows how far it has come: a bar on a terminal, a line every ten seconds elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from workprint.model import Progress

_LINE_EVERY_S = 10.0


class ProgressLines:
    """Writes a line to stderr, at most every ten seconds."""

    def __init__(self, verb: str) -> None:
        """`verb` says what is being done."""
        self._verb = verb
        self._last_s = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        """Take note of how far it is."""
        if time.monotonic() - self._last_s >= _LINE_EVERY_S:
            self._last_s = time.monotonic()
            print(f"{self._verb}: {in_words(progress)}", file=sys.stderr, flush=True)


class ProgressBar:
    """Draws a bar on a terminal."""

    def __init__(self, verb: str) -> None:
        """`verb` says what is being done."""
        from tqdm import tqdm  # slow to import, and not needed for a short command

        self._bar = tqdm(desc=verb, unit=" shards", file=sys.stderr, leave=False)

    def __call__(self, progress: Progress) -> None:
        """Take note of how far it is."""
        self._bar.total, self._bar.unit = progress.shards_total, f" {progress.unit}"
        self._bar.update(progress.shards_done - self._bar.n)
        self._bar.set_postfix_str(_counts(progress))  # last, since this draws

    def close(self) -> None:
        """Leave a clean line behind."""
        self._bar.close()


@contextmanager
def shown(verb: str, quiet: bool) -> Iterator[ProgressLines | ProgressBar | None]:
    """What a run should report to, or nothing."""
    if quiet:
        yield None
    elif not sys.stderr.isatty():
        yield ProgressLines(verb)
    else:
        bar = ProgressBar(verb)
        try:
            yield bar
        finally:
            bar.close()


def in_words(progress: Progress) -> str:
    """`3 of 9 shards, 1,204 items, 2 failed, 5 matches`."""
    return f"{progress.shards_done:,} of {progress.shards_total:,} {progress.unit}, {_counts(progress)}"


def _counts(progress: Progress) -> str:
    found = "" if progress.found is None else f", {progress.found:,} matches"
    return f"{progress.seen:,} items, {progress.failed:,} failed{found}"
