"""Manifests: which column points at media, what is never opened, and lines that are no rows."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workprint.datasets import rows
from workprint.datasets.attributes import bounded, from_sidecars
from workprint.datasets.manifest import ManifestReader
from workprint.errors import DatasetError
from workprint.model import Failure
from workprint.protocols import Read
from workprint.testing import address_of, items_in, items_of, small_picture

PICTURE = small_picture(9)


def dataset(tmp_path: Path, text: str | bytes, name: str = "m.csv") -> str:
    """A manifest with that text, beside `a.png` and `s/b.png`."""
    (tmp_path / "s").mkdir(exist_ok=True)
    (tmp_path / "a.png").write_bytes(PICTURE)
    (tmp_path / "s" / "b.png").write_bytes(PICTURE)
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))
    return str(tmp_path / name)


def reads_of(uri: str) -> list[Read]:
    """Everything the reader yields."""
    return [read for shard in ManifestReader().shards(uri) for read in ManifestReader().read(shard)]


def summary(uri: str) -> list[tuple[str, str]]:
    """Address and outcome of each read."""
    return [(address_of(read), read.code if isinstance(read, Failure) else "item") for read in reads_of(uri)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("m.csv", "url,where,title\nhttp://x/a.png,a.png,One\nhttp://x/b.png,s/b.png,Two\n"),
        ("m.csv", "\ufeffurl;where;title\r\nhttp://x/a.png;a.png;One\r\nhttp://x/b.png;s/b.png;Two\r\n"),
        ("m.tsv", "url\twhere\ttitle\nhttp://x/a.png\ta.png\tOne\nhttp://x/b.png\ts/b.png\tTwo"),
        ("download", "url|where|title\nhttp://x/a.png|a.png|One\nhttp://x/b.png|s/b.png|Two\n"),
        (
            "m.jsonl",
            '{"url": "http://x/a.png", "where": "a.png", "title": "One"}\n\n'
            '{"url": "http://x/b.png", "where": "s/b.png", "title": "Two"}',
        ),
    ],
)
def test_the_column_that_names_files_is_found(name: str, text: str, tmp_path: Path) -> None:
    """In every layout the column whose values are files wins over one of URLs; the whole row becomes attributes."""
    uri = dataset(tmp_path, text, name)

    assert ManifestReader().recognises(uri)
    assert [(item.item_id, item.attributes, data) for item, data in items_of(ManifestReader(), uri)] == [
        (f"{name}#row=0,column=where", {"url": "http://x/a.png", "where": "a.png", "title": "One"}, PICTURE),
        (f"{name}#row=1,column=where", {"url": "http://x/b.png", "where": "s/b.png", "title": "Two"}, PICTURE),
    ]


def test_paths_that_lead_out_are_never_opened(tmp_path: Path) -> None:
    """Each way out has its failure: nothing outside of the manifest's folder is touched."""
    (tmp_path / "outside.png").write_bytes(PICTURE)
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "link.png").symlink_to("../outside.png")
    paths = [
        "a.png",
        "../outside.png",
        str(tmp_path / "outside.png"),
        "s/../../outside.png",
        "link.png",
        "C:\\outside.png",
        "https://example.org/x.png",
        "file:///etc/passwd",
        "s",
        ".",
        "none.png",
        "",
        "x" * 5000,
        "./s/../a.png",
    ]
    uri = dataset(folder, "\n".join(json.dumps({"file": path}) for path in paths), "m.jsonl")

    assert [code for _, code in summary(uri)] == [
        "item",
        "unsafe_path",
        "unsafe_path",
        "unsafe_path",
        "unsafe_path",
        "unsafe_path",
        "unsupported",
        "unsupported",
        "unsafe_path",
        "unsafe_path",
        "missing",
        "missing",
        "unsafe_path",
        "item",
    ]


def test_a_manifest_whose_files_are_all_gone_fails_row_by_row(tmp_path: Path) -> None:
    """Names that look like media are enough to know the column; where there are URLs only, rows hold no media."""
    uri = dataset(tmp_path, "id,file\n1,x.jpg\n2,y.jpg\n")
    urls = dataset(tmp_path, "id,url\n1,http://x/x.jpg?w=1\n2,http://x/y.jpg\n", "urls.csv")

    assert summary(uri) == [("m.csv#row=0,column=file", "missing"), ("m.csv#row=1,column=file", "missing")]
    assert summary(urls) == [("urls.csv#row=0", "no_media"), ("urls.csv#row=1", "no_media")]


def test_two_columns_of_media_are_two_items_per_row(tmp_path: Path) -> None:
    """Rows that point at a picture and its mask give both."""
    uri = dataset(tmp_path, "image,mask\na.png,s/b.png\n")

    assert [address for address, _ in summary(uri)] == ["m.csv#row=0,column=image", "m.csv#row=0,column=mask"]


def test_rows_that_are_no_rows_are_failures_in_their_place(tmp_path: Path) -> None:
    """A broken line costs itself; rows after it keep their numbers."""
    uri = dataset(
        tmp_path, '{"f": "a.png"}\n{broken\n[1]\n' + "[" * 100_000 + '\n{"f": "s/b.png"}\n{"g": 1}\n', "m.jsonl"
    )

    assert summary(uri) == [
        ("m.jsonl#row=0,column=f", "item"),
        ("m.jsonl#row=1", "undecodable"),
        ("m.jsonl#row=2", "undecodable"),
        ("m.jsonl#row=3", "undecodable"),
        ("m.jsonl#row=4,column=f", "item"),
        ("m.jsonl#row=5,column=f", "missing"),
    ]


def test_an_endless_line_ends_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line beyond the bound is not read into memory; what is before it stands."""
    monkeypatch.setattr(rows, "MAX_LINE_BYTES", 100)
    uri = dataset(tmp_path, "f,t\na.png,x\na.png," + "y" * 200 + "\n")

    assert summary(uri) == [("m.csv#row=0,column=f", "item"), ("m.csv#row=1", "too_large")]


def test_long_manifests_are_cut_into_ranges(tmp_path: Path) -> None:
    """1,024 rows are a shard, and each range gives its own rows."""
    uri = dataset(tmp_path, "f,n\n" + "".join(f"a.png,{number}\n" for number in range(2050)))

    shards = list(ManifestReader().shards(uri))

    assert [shard.shard_id for shard in shards] == ["m.csv#rows=0-1023", "m.csv#rows=1024-2047", "m.csv#rows=2048-2049"]
    assert [item.attributes["n"] for item, _ in items_in(ManifestReader().read(shards[2]))] == ["2048", "2049"]


def test_names_that_are_no_utf8_are_found(tmp_path: Path) -> None:
    """A path in another encoding opens the file of those bytes."""
    (tmp_path / "caf\udce9.png").write_bytes(PICTURE)
    uri = dataset(tmp_path, b"f,n\ncaf\xe9.png,1\n")

    ((item, data),) = items_of(ManifestReader(), uri)

    assert (item.attributes, data) == ({"f": "caf?.png", "n": "1"}, PICTURE)


@pytest.mark.parametrize("text", ["# A title\n\nSome words, and more.\n", "words\n", '["a"]\n', "\0,\n1,2\n", ""])
def test_other_texts_are_no_manifests(text: str, tmp_path: Path) -> None:
    """Prose, lists and binary data are not mistaken for rows."""
    assert not ManifestReader().recognises(dataset(tmp_path, text, "text"))


def test_manifests_without_media_say_so(tmp_path: Path) -> None:
    """The columns are named; an empty table and a missing file have sentences of their own."""
    with pytest.raises(DatasetError, match=r"no column of .* names media files; columns: a, b"):
        reads_of(dataset(tmp_path, "a,b\n1,2\n"))
    with pytest.raises(DatasetError, match="without rows"):
        reads_of(dataset(tmp_path, "a,b\n"))
    with pytest.raises(DatasetError, match="no such file"):
        reads_of(str(tmp_path / "none.csv"))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tail=st.binary(max_size=300), head=st.sampled_from([b"f,n\na.png,1\n", b'{"f": "a.png"}\n']))
def test_no_text_raises(tail: bytes, head: bytes, tmp_path: Path) -> None:
    """Whatever follows the first row, rows and failures come out under unique addresses."""
    uri = dataset(tmp_path, head + tail, "m.csv" if head.startswith(b"f") else "m.jsonl")
    try:
        addresses = [address for address, _ in summary(uri)]
    except DatasetError:
        return

    assert len(addresses) == len(set(addresses))


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=5),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates(),
            lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=5),
            max_leaves=12,
        ),
    )
)
def test_attributes_are_always_json(values: dict[str, object]) -> None:
    """Whatever a dataset holds, its attributes can be written as strict JSON, in UTF-8, and read back equal."""
    kept = bounded(values)

    assert json.loads(json.dumps(kept, allow_nan=False, ensure_ascii=False).encode("utf-8")) == kept
    assert bounded(kept) == kept


def test_nested_attributes_are_bounded() -> None:
    """Depth, width and length all end somewhere."""
    deep: object = "x"
    for _ in range(1000):
        deep = [deep]

    kept = bounded({"deep": deep, "wide": list(range(10**6)), "long": [["y" * 4096] * 60] * 60, "huge": 10**30})

    assert len(json.dumps(kept, ensure_ascii=False)) < 10_000
    assert kept["huge"] == hex(10**30)


def test_files_beside_an_item_that_cannot_be_read_say_nothing() -> None:
    """Broken JSON, endless nesting and large files are ignored; a list is kept as one value."""
    assert from_sidecars({".json": b"{broken", ".txt": b" caf\xe9 \n"}) == {"caption": "caf\ufffd"}
    assert from_sidecars({".json": b"[" * 10**5}) == {}
    assert from_sidecars({".txt": b"x" * (2 << 20)}) == {}
    assert from_sidecars({".json": b"[1, 2]", ".cls": b"7"}) == {"json": [1, 2], "cls": "7"}
