"""Portfolios, opened and made ready to be compared with the parts of a store."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from workprint import compared, store
from workprint.screen import Screener
from workprint.shards import Registry, ScreenPart

COMPARED = "compared"
"""The folder in results that keeps what came of each part and registry."""
_JOINED = "joined.tmp"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Portfolios, opened and checked, and what is done with them to each part of a store."""

    screener: Screener
    screen: ScreenPart
    output: Path

    @classmethod
    def of(cls, registries: Sequence[Sequence[Path]], screen: ScreenPart, output: Path) -> Comparison:
        """Open portfolios, to be asked what `screen` asks. Raises `FormatError` where one is damaged."""
        screener = Screener(registries, screen.recipes, screen.question, screen.trusted, names=screen.names)
        digests = iter(screener.digests)
        opened = tuple(Registry(tuple(paths), tuple(islice(digests, len(paths)))) for paths in registries)
        screen = replace(screen, registries=opened, joined=output / _JOINED, compared=output / COMPARED)
        return cls(screener, screen, output)

    @contextmanager
    def prepared(self, parts: Sequence[store.Part]) -> Iterator[None]:
        """Have what is needed to compare parts lie ready meanwhile, and keep what came of it, and nothing else."""
        screen, registries, joined = self.screen, self.screen.registries, self.output / _JOINED
        shutil.rmtree(joined, ignore_errors=True)  # of a run that was killed
        try:
            kept = self.output / COMPARED
            new = [
                one for one in registries if not all(compared.is_there(kept, part, screen.key(one)) for part in parts)
            ]
            self.screener.join([joined / screen.key(one) if one in new else None for one in registries])
            yield
            compared.keep_only(kept, parts, [screen.key(one) for one in registries])
        finally:
            shutil.rmtree(joined, ignore_errors=True)
