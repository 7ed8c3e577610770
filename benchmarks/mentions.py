"""How fast a table of URLs is looked through for creators: rows per second.

    python benchmarks/mentions.py [ROWS] [CREATORS]

Writes a made-up table of URLs and captions (seeded), and an index with so many creators, each with a name, a domain and
an address; searches the JSON that a store keeps of each row, then scans the table from end to end with one job.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from workprint import api
from workprint.matching.mention_reach import MentionReach
from workprint.matching.mentions import MentionIndex
from workprint.model import Depth, Identity

SEED = 20
WORDS = ("sea", "light", "harbour", "morning", "portrait", "old", "town", "cat", "print", "red", "blue", "wall")
SYLLABLES = ["ba", "ke", "li", "mo", "nu", "ra", "so", "ti", "vu", "za", "der", "lin", "mar", "ton", "wes"]


def main() -> None:
    rows, creators = (int(text) for text in (*sys.argv[1:3], "1000000", "1000")[:2])
    rng = random.Random(SEED)
    names = [" ".join("".join(rng.choices(SYLLABLES, k=3)).title() for _ in range(2)) for _ in range(creators)]
    identities = [
        Identity(name, domains=(f"{slug(name)}.example",), urls=(f"https://gallery.example/u/{slug(name)}/1.jpg",))
        for name in names
    ]
    with tempfile.TemporaryDirectory() as folder:
        table = write_table(Path(folder) / "part.parquet", rows, names, rng)
        for with_names in (False, True):
            search(table, identities, with_names)
        scan(table, Path(folder), names)


def slug(name: str) -> str:
    return name.lower().replace(" ", "-")


def write_table(path: Path, rows: int, names: list[str], rng: random.Random) -> Path:
    """One row in 10,000 names a creator in its caption, and one in 10,000 is at a creator's domain."""
    schema = pa.schema([("URL", pa.string()), ("TEXT", pa.string()), ("WIDTH", pa.int64()), ("hash", pa.string())])
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, 50_000):
            count = min(50_000, rows - start)
            urls = [
                f"https://cdn{rng.randrange(99)}.shop-{rng.randrange(10**6)}.test/i/{at}.jpg" for at in range(count)
            ]
            texts = [" ".join(rng.choices(WORDS, k=10)) for _ in range(count)]
            for _ in range(count // 10_000):
                texts[rng.randrange(count)] = f"a harbour by {rng.choice(names).upper()}"
                urls[rng.randrange(count)] = f"https://img.{slug(rng.choice(names))}.example/x.jpg"
            numbers = [rng.randrange(4000) for _ in range(count)]
            hashes = [f"{rng.getrandbits(64):x}" for _ in range(count)]
            writer.write_table(pa.table([urls, texts, numbers, hashes], schema=schema), row_group_size=25_000)
    return path


def search(table: Path, identities: list[Identity], with_names: bool) -> None:
    said = [json.dumps(row) for row in pq.ParquetFile(table).read_row_groups([0, 1]).to_pylist()]
    index = MentionIndex(identities, (), lambda _: None, with_names)
    reach = MentionReach([index], lambda _: [])
    start_s = time.process_time()
    found = [text for text in said if reach.owners_in(text) and index.mentions(json.loads(text))]
    rate = len(said) / (time.process_time() - start_s)
    print(f"search, names {'on' if with_names else 'off'}: {rate:,.0f} rows/s of CPU, {len(found)} of {len(said)} rows")


def scan(table: Path, folder: Path, names: list[str]) -> None:
    pixels = np.random.default_rng(SEED).integers(0, 256, (9, 12), dtype=np.uint8)
    works = folder / "works"
    works.mkdir()
    Image.fromarray(pixels).resize((120, 90), Image.Resampling.BICUBIC).save(works / "work.png")
    labels = api.Labels(names[0], aliases=tuple(names[1:]), domains=tuple(f"{slug(name)}.example" for name in names))
    api.index([works], folder / "mine.workprint", labels, jobs=1)
    start_s = time.perf_counter()
    settings = api.Settings(depth=Depth.FAST, jobs=1, names=True)
    results = api.scan(str(table), [folder / "mine.workprint"], folder / "out", settings)
    seen, took_s = results.manifest.seen, time.perf_counter() - start_s
    print(f"scan: {seen:,} rows, {dict(results.manifest.findings)}, in {took_s:,.0f} s: {seen / took_s:,.0f} rows/s")


if __name__ == "__main__":
    main()
