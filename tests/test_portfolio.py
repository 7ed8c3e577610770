"""The portfolio index: one file, the same bytes for the same works, and nothing in it is believed unchecked."""

import io
import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core_samples import PHASH, contents, picture, rebuilt
from workprint import api
from workprint.errors import FormatError, NewerFormatError, UsageError
from workprint.model import Permission, Picture, Signal, Use
from workprint.plugins import DIGEST_RECIPE
from workprint.portfolio import VERSION, Portfolio, PortfolioContents, write_portfolio

IDS = (DIGEST_RECIPE, PHASH)
OUTLINE = Picture("", b"", (0.25, 1.0), 2.5)


def everything(path: Path) -> tuple[Any, ...]:
    """All that can be read from a portfolio, as values that can be compared."""
    portfolio = Portfolio(path)
    tables = {
        recipe: {name: (table.dtype.str, table.shape, table.tobytes()) for name, table in found.items()}
        for recipe in IDS
        if (found := portfolio.tables(recipe)) is not None
    }
    previews = [portfolio.preview(at) for at in range(len(portfolio.works))]
    read = (portfolio.works, portfolio.terms, portfolio.unfindable, portfolio.recipes, portfolio.tool_version)
    records = list(portfolio.records())
    portfolio.close()
    return (*read, tables, previews, records)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A small portfolio."""
    place = tmp_path / "small.workprint"
    write_portfolio(place, contents())
    return place


def test_signals_of_works_come_back(tmp_path: Path) -> None:
    """They are read without the fingerprints beside them."""
    given_contents = contents(2)
    signal = Signal("xmp", "plus:DataMining", "DMI-PROHIBITED", {Use.DATA_MINING: Permission.NOT_ALLOWED})
    records = (given_contents.records[0], replace(given_contents.records[1], signals=(signal,)))
    write_portfolio(tmp_path / "a.workprint", replace(given_contents, records=records))

    assert Portfolio(tmp_path / "a.workprint").signals() == {1: (signal,)}


def test_a_portfolio_of_the_first_version_has_no_signals(path: Path) -> None:
    """It is read, and says nothing."""
    table = pq.read_table(io.BytesIO(zipfile.ZipFile(path).read("records.parquet"))).drop_columns(["signals"])
    stream = io.BytesIO()
    pq.write_table(table, stream)
    older = Portfolio(rebuilt(path, {"records.parquet": stream.getvalue()}, version=1))

    assert older.signals() == {}
    assert len(list(older.records())) == 2


def test_a_portfolio_comes_back(path: Path) -> None:
    """Works, records, terms, failures, recipes and tables are read as they were written."""
    given_contents = contents()

    portfolio = Portfolio(path)

    assert portfolio.works == given_contents.works
    assert tuple(portfolio.records()) == given_contents.records
    assert portfolio.unfindable == given_contents.unfindable
    assert portfolio.recipes == given_contents.recipes
    assert portfolio.tool_version == "1.2.3"
    for recipe in IDS:
        found = portfolio.tables(recipe)
        assert found is not None
        assert found.keys() == given_contents.tables[recipe].keys()
        assert all((found[name] == table).all() for name, table in given_contents.tables[recipe].items())


def test_tables_are_views_into_the_file(path: Path) -> None:
    """Tables are mapped where they lie, aligned, and cannot be written; they outlive `close`."""
    portfolio = Portfolio(path)
    tables = portfolio.tables(PHASH)
    portfolio.close()

    assert tables is not None
    for table in tables.values():
        assert not table.flags.writeable
        assert not table.flags.owndata
    assert tables["hashes"].ctypes.data % 64 == 0


def test_the_same_contents_are_the_same_bytes(path: Path, tmp_path: Path) -> None:
    """No clock, no name and no place is in the file."""
    write_portfolio(tmp_path / "other.workprint", contents())

    assert path.read_bytes() == (tmp_path / "other.workprint").read_bytes()


def test_a_common_tool_can_read_it(path: Path) -> None:
    """It is a plain ZIP archive without compression, whose checksums hold."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert json.loads(archive.read("works.json"))[0]["creator"] == "Nell Drawn"


def test_many_works_are_held_as_columns(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same works come out, and an index is known as one; any of its columns that is damaged is refused."""
    monkeypatch.setattr("workprint.portfolio.MANY", 2)
    many = tmp_path / "many"
    write_portfolio(many, contents())

    assert list(Portfolio(many).works) == list(Portfolio(path).works)
    assert dict(api.inspect(str(many)))["kind"] == "portfolio index"
    with zipfile.ZipFile(many) as archive:
        assert archive.namelist()[0] == "works/work_id.npy"
        assert "works.json" not in archive.namelist()
    for entry, data in (
        ("works/title.npy", None),
        ("works/medium_starts.npy", b""),
        ("works/creator.npy", b"\x93NUMPY"),
    ):
        with pytest.raises(FormatError, match=r"many|rebuilt"):
            Portfolio(rebuilt(many, {entry: data}))


def test_an_index_that_is_checked_by_several_threads_is_refused_if_it_changed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by one, and with the same words."""
    data = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        last = archive.infolist()[-2].header_offset
    path.write_bytes(data[: last - 40] + bytes([data[last - 40] ^ 1]) + data[last - 39 :])
    said = []
    for large_bytes in (1 << 26, 1):
        monkeypatch.setattr("workprint.serial.stored_zip._LARGE_BYTES", large_bytes)
        with pytest.raises(FormatError, match="is not what its") as raised:
            Portfolio(path)
        said.append(str(raised.value))

    assert said[0] == said[1]


def test_an_unknown_recipe_has_no_tables(path: Path) -> None:
    """What a portfolio was made without is None, not an error."""
    assert Portfolio(path).tables("image.phash/99;") is None


def test_previews_are_there_by_choice_only(tmp_path: Path) -> None:
    """With previews, each work has its picture or outline; without, no pixel is in the file."""
    with_previews = replace(contents(previews=True), previews={0: Picture("image/png", picture(0)), 1: OUTLINE})
    write_portfolio(tmp_path / "with", with_previews)
    write_portfolio(tmp_path / "without", contents())

    shown, hidden = Portfolio(tmp_path / "with"), Portfolio(tmp_path / "without")

    assert [shown.preview(at) for at in range(3)] == [Picture("image/png", picture(0)), OUTLINE, None]
    assert hidden.preview(0) is None
    assert picture(0) in (tmp_path / "with").read_bytes()
    assert b"\x89PNG" not in (tmp_path / "without").read_bytes()
    with zipfile.ZipFile(tmp_path / "without") as archive:
        assert not [name for name in archive.namelist() if name.startswith("previews/")]


@pytest.mark.parametrize("outline", [b"", b"[]", b'{"peaks": 5, "duration_s": 1}', b'{"peaks": ["x"]}', b"[" * 10**5])
def test_a_damaged_outline_is_no_preview(tmp_path: Path, outline: bytes) -> None:
    """A report without a picture is better than none."""
    write_portfolio(tmp_path / "p", replace(contents(), previews={0: OUTLINE}))

    assert Portfolio(rebuilt(tmp_path / "p", {"previews/000000.json": outline})).preview(0) is None


def test_odd_text_survives(tmp_path: Path) -> None:
    """Half surrogates, controls and right-to-left marks in names are written and read back."""
    odd = "\udcff\x00\u202e\U0001f98a\n"
    given_contents = contents()
    works = tuple(replace(work, title=odd, creator=odd) for work in given_contents.works)
    write_portfolio(tmp_path / "p", replace(given_contents, works=works))

    assert Portfolio(tmp_path / "p").works == works


def test_what_was_there_stays_if_writing_fails(path: Path) -> None:
    """A portfolio is replaced as a whole or not at all, and no temporary file stays."""
    before = path.read_bytes()
    broken: PortfolioContents = replace(contents(), terms=({"a": float("nan")},))

    with pytest.raises(ValueError, match="not JSON compliant"):
        write_portfolio(path, broken)

    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]  # noqa: PTH208 - names only


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    """A wrong path is told from a damaged file."""
    with pytest.raises(UsageError, match="does not exist"):
        Portfolio(tmp_path / "missing.workprint")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"text", b"\x00" * 10_000, b"PK\x05\x06" + bytes(18)])
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    """Any other file is a `FormatError`."""
    (tmp_path / "p").write_bytes(data)

    with pytest.raises(FormatError, match="is not a portfolio index"):
        Portfolio(tmp_path / "p")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    """A folder is not a portfolio."""
    with pytest.raises(FormatError, match="is not a portfolio index"):
        Portfolio(tmp_path)


def test_another_archive_is_refused(tmp_path: Path) -> None:
    """A ZIP that is no portfolio is not one."""
    with zipfile.ZipFile(tmp_path / "p", "w") as archive:
        archive.writestr("a.txt", "text")

    with pytest.raises(FormatError, match=r"it has no manifest\.json"):
        Portfolio(tmp_path / "p")


def test_a_foreign_manifest_is_refused(path: Path) -> None:
    """A manifest of another format is not ours."""
    with pytest.raises(FormatError, match="is not a workprint-portfolio file"):
        Portfolio(rebuilt(path, {}, format="gallery"))


def test_a_newer_version_asks_for_an_update(path: Path) -> None:
    """A portfolio from a newer Workprint is told from a damaged one."""
    with pytest.raises(NewerFormatError, match="update Workprint"):
        Portfolio(rebuilt(path, {}, version=VERSION + 1))


def test_a_compressed_entry_is_refused(path: Path, tmp_path: Path) -> None:
    """A few bytes that unpack to many are not unpacked at all."""
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(tmp_path / "p", "w", zipfile.ZIP_DEFLATED) as other:
        for name in archive.namelist():
            other.writestr(name, archive.read(name))

    with pytest.raises(FormatError, match="is compressed"):
        Portfolio(tmp_path / "p")


def boundaries(path: Path) -> list[int]:
    """Where a file of ours can be cut: in and between all of its parts."""
    size = path.stat().st_size
    places = [0, 1, size // 2, size - 22, size - 1]
    with zipfile.ZipFile(path) as archive:
        places.append(archive.start_dir + 20)
        for info in archive.infolist():
            middle = info.header_offset + 30 + info.file_size // 2
            places += [info.header_offset, info.header_offset + 15, middle]
    return places


def test_every_truncation_is_refused(path: Path) -> None:
    """Cut anywhere, a portfolio is a `FormatError`."""
    data = path.read_bytes()
    for size in boundaries(path):
        path.write_bytes(data[:size])
        with pytest.raises(FormatError):
            Portfolio(path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, tuple[Any, ...], Path]:
    """Bytes of a portfolio with previews, what is in it, and a place to write to."""
    place = tmp_path_factory.mktemp("flips") / "p"
    write_portfolio(place, replace(contents(), previews={0: Picture("image/png", picture(0)), 1: OUTLINE}))
    return place.read_bytes(), everything(place), place


def flipped(whole: tuple[bytes, tuple[Any, ...], Path], at: int, mask: int) -> None:
    """Change a byte and read: either it is refused, or nothing of what is read has changed."""
    data, expected, place = whole
    damaged = bytearray(data)
    damaged[at % len(data)] ^= mask
    place.write_bytes(damaged)
    try:
        found = everything(place)
    except FormatError:
        return
    assert found == expected


@settings(max_examples=100)
@given(at=st.integers(0, 2**32), mask=st.integers(1, 255))
def test_a_flipped_byte_is_refused_or_harmless(whole: tuple[bytes, tuple[Any, ...], Path], at: int, mask: int) -> None:
    """One wrong byte anywhere is a `FormatError`, or in a place that says nothing."""
    flipped(whole, at, mask)


@settings(max_examples=100)
@given(at=st.integers(0, 2**32), mask=st.integers(1, 255))
def test_a_flipped_byte_at_the_end_is_refused_or_harmless(
    whole: tuple[bytes, tuple[Any, ...], Path], at: int, mask: int
) -> None:
    """The same for the manifest and the directory, which say where everything is."""
    data, _, _ = whole
    start = data.rindex(b"manifest.json", 0, data.rindex(b"PK\x01\x02")) if at % 4 else data.index(b"PK\x01\x02")
    start = min(start, data.index(b"PK\x01\x02") - 2_000)
    flipped(whole, start + at % (len(data) - start), mask)


def npy(table: Any, **changes: Any) -> bytes:
    """An array file whose header says something else than what is there."""
    stream = io.BytesIO()
    header = np.lib.format.header_data_from_array_1_0(table)
    np.lib.format.write_array_header_1_0(stream, {**header, **changes})
    return stream.getvalue() + table.tobytes()


WORKS = np.array([0, 1], dtype=np.uint32)
DAMAGED_TABLES = {
    "objects": npy(WORKS, descr="|O"),
    "a larger shape": npy(WORKS, shape=(10**9,)),
    "a shape beyond all bounds": npy(WORKS, shape=(2**62, 2**62)),
    "a smaller shape": npy(WORKS, shape=(1,)),
    "a negative shape": npy(WORKS, shape=(-1, -2)),
    "a shape that is none": npy(WORKS, shape=("a",)),
    "columns first": npy(WORKS, fortran_order=True),
    "a type that is none": npy(WORKS, descr="<Z9"),
    "another version": b"\x93NUMPY\x09\x00" + npy(WORKS)[8:],
    "no header": b"\x93NUMPY\x01\x00",
    "code for a header": b"\x93NUMPY\x01\x00\x20\x00" + b"__import__('os').getcwd()".ljust(31) + b"\n",
    "a pickle": b"\x80\x04K\x01.",
    "nothing": b"",
}


@pytest.mark.parametrize("data", DAMAGED_TABLES.values(), ids=DAMAGED_TABLES.keys())
def test_a_table_that_is_no_plain_array_is_refused(path: Path, data: bytes) -> None:
    """Arrays are checked against the bytes that are there; nothing is unpickled, nothing is allocated."""
    with zipfile.ZipFile(path) as archive:
        name = json.loads(archive.read("manifest.json"))["tables"][PHASH]["works"]

    portfolio = Portfolio(rebuilt(path, {name: data}))

    with pytest.raises(FormatError, match="is not a table"):
        portfolio.tables(PHASH)


@pytest.mark.parametrize("tables", [None, [], {PHASH: 5}, {PHASH: []}])
def test_a_manifest_without_tables_has_none(path: Path, tables: Any) -> None:
    """Other types in place of the list of tables are no tables."""
    assert Portfolio(rebuilt(path, {}, tables=tables)).tables(PHASH) is None


def test_a_table_that_is_not_there_is_refused(path: Path) -> None:
    """The manifest may name an entry that the archive does not have."""
    portfolio = Portfolio(rebuilt(path, {}, tables={PHASH: {"works": "tables/none.npy"}}))

    with pytest.raises(FormatError, match="has no entry"):
        portfolio.tables(PHASH)


JSON_ENTRIES = ("works.json", "terms.json", "unfindable.json")


@pytest.mark.parametrize("entry", JSON_ENTRIES)
@pytest.mark.parametrize("data", [b"", b"{}", b"[" * 10**5, b"\xff", b"null", b"5"])
def test_entries_that_hold_no_list_are_refused(path: Path, entry: str, data: bytes) -> None:
    """What is not a list of JSON is a `FormatError`, however deep it is."""
    with pytest.raises(FormatError):
        Portfolio(rebuilt(path, {entry: data}))


@pytest.mark.parametrize("line", [{}, [], None, {"work_id": "a"}, {"medium": "smell"}])
def test_a_damaged_work_is_refused(path: Path, line: Any) -> None:
    """Each work has all its fields, and a medium that exists."""
    with pytest.raises(FormatError, match="holds a damaged work"):
        Portfolio(rebuilt(path, {"works.json": json.dumps([line]).encode()}))


@pytest.mark.parametrize("entry", [*JSON_ENTRIES, "records.parquet"])
def test_a_missing_entry_is_refused(path: Path, entry: str) -> None:
    """What a portfolio must have is missed, at once or when it is asked for."""
    with pytest.raises(FormatError, match="has no entry"):
        list(Portfolio(rebuilt(path, {entry: None})).records())


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + bytes(500) + b"PAR1"])
def test_damaged_records_are_refused(path: Path, data: bytes) -> None:
    """Records that are no Parquet are found when they are read."""
    portfolio = Portfolio(rebuilt(path, {"records.parquet": data}))

    with pytest.raises(FormatError, match=r"records\.parquet\) is damaged"):
        list(portfolio.records())


@pytest.mark.parametrize("entries", [None, [], {}, {"works.json": "00"}])
def test_a_manifest_that_names_other_entries_is_refused(path: Path, entries: Any) -> None:
    """Nothing may be in the archive that the manifest does not vouch for."""
    with pytest.raises(FormatError, match="its entries are not those"):
        Portfolio(rebuilt(path, {}, entries=entries))


def test_a_changed_entry_is_found_by_its_digest(path: Path) -> None:
    """An archive whose checksums hold, but whose entry is another, is refused; unless no one wants to know."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    entries["works.json"] = entries["works.json"].replace(b"Nell Drawn", b"Neil Drawn")
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)

    with pytest.raises(FormatError, match=r"'works\.json' is not what its manifest\.json says"):
        Portfolio(path)
    assert Portfolio(path, verify=False).works[0].creator == "Neil Drawn"


@pytest.mark.parametrize("claim", [2**16 - 1, 10**9 % 2**16])
def test_a_directory_that_claims_more_than_there_is_takes_nothing(path: Path, claim: int) -> None:
    """Claimed numbers of entries are not believed, and cost no memory."""
    data = bytearray(path.read_bytes())
    end = data.rindex(b"PK\x05\x06")
    data[end + 8 : end + 12] = claim.to_bytes(2, "little") * 2
    path.write_bytes(data)

    assert len(Portfolio(path).works) == 2


@pytest.mark.parametrize(("field", "size"), [(12, 4), (16, 4)])
def test_a_directory_that_claims_to_be_elsewhere_is_refused(path: Path, field: int, size: int) -> None:
    """A directory of 10**9 bytes, or one that lies 10**9 bytes on, is not there."""
    data = bytearray(path.read_bytes())
    end = data.rindex(b"PK\x05\x06")
    data[end + field : end + field + size] = (10**9).to_bytes(size, "little")
    path.write_bytes(data)

    with pytest.raises(FormatError):
        Portfolio(path)


def test_an_entry_that_claims_to_be_larger_is_refused(path: Path) -> None:
    """An entry that would end outside the file is cut short."""
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 20 : at + 28] = (10**9).to_bytes(4, "little") * 2
    path.write_bytes(data)

    with pytest.raises(FormatError, match="is cut short"):
        Portfolio(path)
