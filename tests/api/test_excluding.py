"""Indexing without logos, regions and jingles: what is excluded never counts, and the works are still found."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import Once
from core_samples import rebuilt
from exclusion_samples import (
    jingle,
    logo,
    marked,
    place_of_logo,
    recording,
    write_images,
    write_sounds,
)
from made_up_pictures import made_up
from made_up_sounds import RATE_HZ
from workprint import api
from workprint.errors import FormatError, RecipeMismatch, UsageError, WorkprintError
from workprint.model import Box, Segment, TimeSpan
from workprint.portfolio import Portfolio

LOGO_AT = {"a.png": (150, 90), "b.png": (20, 20)}
JINGLE_AT_S = {"a.flac": 1.0, "b.flac": 4.0}


@dataclass(frozen=True)
class Case:
    """Two works that share something with a third item, which is not theirs."""

    works: Path
    shared: Path
    data: Path
    third: str
    regions: tuple[tuple[str, Segment], ...]


def make(folder: Path) -> None:
    """Write both cases."""
    write_images(folder / "pictures", {name: marked(at, *place) for at, (name, place) in enumerate(LOGO_AT.items(), 1)})
    write_images(folder / "shared", {"logo.png": logo()})
    cut = marked(1, *LOGO_AT["a.png"])[:330, :360]
    write_images(folder / "picture-data", {"third.png": marked(3, 100, 60), "cut.jpg": cut, "other.png": made_up(5)})
    write_sounds(
        folder / "sounds", {name: recording(at, then) for at, (name, then) in enumerate(JINGLE_AT_S.items(), 1)}
    )
    write_sounds(folder / "shared", {"jingle.flac": jingle()})
    clip = recording(1, JINGLE_AT_S["a.flac"])[4 * RATE_HZ :]
    write_sounds(folder / "sound-data", {"third.flac": recording(3, 2.0), "cut.flac": clip})


@pytest.fixture(scope="session")
def cases(once: Once) -> dict[str, Case]:
    """A logo on pictures, and a jingle in recordings."""
    folder = once("excluding", make)
    boxes = tuple((name, Box(*place_of_logo(*place))) for name, place in LOGO_AT.items())
    spans = tuple((name, TimeSpan(then - 0.1, then + 3.1)) for name, then in JINGLE_AT_S.items())
    return {
        "logo": Case(folder / "pictures", folder / "shared" / "logo.png", folder / "picture-data", "third.png", boxes),
        "jingle": Case(
            folder / "sounds", folder / "shared" / "jingle.flac", folder / "sound-data", "third.flac", spans
        ),
    }


@pytest.fixture(params=["logo", "jingle"])
def case(request: pytest.FixtureRequest, cases: dict[str, Case]) -> Case:
    """Each of them."""
    return cases[request.param]


def index(path: Path, output: Path, **labels: object) -> api.Indexed:
    """Index works by Nell Drawn in this process."""
    return api.index([path], output, api.Labels("Nell Drawn", **labels), jobs=1)  # type: ignore[arg-type]


def found(portfolio: Path, data: Path, output: Path, settings: api.Settings) -> dict[str, set[str]]:
    """The works found in each item."""
    works: dict[str, set[str]] = {}
    for finding in api.scan(str(data), [portfolio], output, settings).findings:
        works.setdefault(finding.item, set()).add(finding.work)
    return works


def first(case: Case) -> str:
    """The work of which a part is in the dataset."""
    return min(name for name, _ in case.regions)


def test_what_works_share_is_found_in_a_third_unless_it_is_excluded(
    case: Case, settings: api.Settings, tmp_path: Path
) -> None:
    """The same logo or jingle makes a match; excluded as a file it makes none, and the work itself is still found."""
    index(case.works, tmp_path / "plain")
    index(case.works, tmp_path / "excluding", exclude=(case.shared,))

    plain = found(tmp_path / "plain", case.data, tmp_path / "1", settings)
    excluding = found(tmp_path / "excluding", case.data, tmp_path / "2", settings)

    assert case.third in plain
    assert case.third not in excluding
    assert [first(case) in works for item, works in excluding.items() if item.startswith("cut")] == [True]


def test_a_region_can_be_excluded(case: Case, settings: api.Settings, tmp_path: Path) -> None:
    """The same by the place in each work, where no file holds what is shared alone."""
    index(case.works, tmp_path / "p", exclude_regions=case.regions)

    works = found(tmp_path / "p", case.data, tmp_path / "out", settings)

    assert case.third not in works
    assert [first(case) in found_in for item, found_in in works.items() if item.startswith("cut")] == [True]


def test_only_the_works_named_lose_a_region(cases: dict[str, Case], settings: api.Settings, tmp_path: Path) -> None:
    """A region of one work says nothing of another."""
    case = cases["jingle"]
    index(case.works, tmp_path / "p", exclude_regions=case.regions[:1])

    assert found(tmp_path / "p", case.data, tmp_path / "out", settings)[case.third] == {case.regions[1][0]}


def test_exclusions_hold_for_works_added_later(case: Case, settings: api.Settings, tmp_path: Path) -> None:
    """What an index excludes is kept in it; works added without the option are indexed without it as well."""
    first_work, second_work = (case.works / name for name, _ in case.regions)
    index(first_work, tmp_path / "p", exclude=(case.shared,))
    index(second_work, tmp_path / "p")

    assert [one.subject_id for one in Portfolio(tmp_path / "p").excluded()] == [case.shared.name]
    assert len(Portfolio(tmp_path / "p").works) == 2
    assert case.third not in found(tmp_path / "p", case.data, tmp_path / "out", settings)


def test_an_exclusion_added_later_holds_from_then_on(
    cases: dict[str, Case], settings: api.Settings, tmp_path: Path
) -> None:
    """Works that were there before stay as they were until they are indexed again."""
    case = cases["jingle"]
    early, late = (name for name, _ in case.regions)
    index(case.works / early, tmp_path / "p")
    index(case.works / late, tmp_path / "p", exclude=(case.shared,))
    before = found(tmp_path / "p", case.data, tmp_path / "1", settings)
    index(case.works / early, tmp_path / "p")

    assert before[case.third] == {early}
    assert case.third not in found(tmp_path / "p", case.data, tmp_path / "2", settings)


def test_the_same_is_excluded_once(cases: dict[str, Case], tmp_path: Path) -> None:
    """Naming a file again, or under another name, changes nothing; both orders are the same bytes."""
    case = cases["logo"]
    copy = write_images(tmp_path / "more", {"copy.png": logo(), "stars.png": made_up(70)})
    shared, stars = case.shared, copy / "stars.png"
    index(case.works, tmp_path / "p", exclude=(shared, stars))
    index(case.works, tmp_path / "q", exclude=(stars, shared))
    index(case.works, tmp_path / "r", exclude=(copy,))
    index(case.works, tmp_path / "r", exclude=(copy / "copy.png",))

    assert (tmp_path / "p").read_bytes() == (tmp_path / "q").read_bytes()
    assert len(list(Portfolio(tmp_path / "r").excluded())) == 2


def test_the_excluded_is_kept_without_its_pixels(cases: dict[str, Case], tmp_path: Path) -> None:
    """An index that excludes a picture holds its fingerprints, not the picture."""
    index(cases["logo"].works, tmp_path / "p", exclude=(cases["logo"].shared,))

    (record,) = Portfolio(tmp_path / "p").excluded()

    assert record.extent == (260.0, 200.0)
    assert cases["logo"].shared.read_bytes() not in (tmp_path / "p").read_bytes()


def test_a_work_that_is_nothing_but_the_logo_is_still_known(
    cases: dict[str, Case], settings: api.Settings, tmp_path: Path
) -> None:
    """The work as a whole is found by its digest and hash, though none of its places counts."""
    case = cases["logo"]
    index(case.shared, tmp_path / "p", exclude=(case.shared,))
    write_images(tmp_path / "data", {"same.png": logo(), "third.png": marked(3, 100, 60)})

    assert found(tmp_path / "p", tmp_path / "data", tmp_path / "out", settings) == {"same.png": {"logo.png"}}


@pytest.mark.parametrize("name", ["blank.png", "letter.png", "notes.txt", "missing.png", "empty"])
def test_what_cannot_be_excluded_is_told(cases: dict[str, Case], tmp_path: Path, name: str) -> None:
    """Nothing is left in an index that its creator believes to be excluded."""
    (tmp_path / "empty").mkdir()
    write_images(tmp_path, {"blank.png": made_up(1) * 0})
    (tmp_path / "letter.png").write_text("Dear reader")
    (tmp_path / "notes.txt").write_text("Dear reader")

    with pytest.raises(WorkprintError, match=name):
        index(cases["logo"].works, tmp_path / "p", exclude=(tmp_path / name,))
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(
    ("region", "said"),
    [
        (("c.png", Box(0, 0, 1, 1)), "there is no work 'c.png'"),
        (("a.png", TimeSpan(0, 1)), "takes LEFT,TOP,RIGHT,BOTTOM if it is a picture"),
    ],
)
def test_a_region_of_no_work_is_told(
    cases: dict[str, Case], tmp_path: Path, region: tuple[str, Segment], said: str
) -> None:
    """A slip in the name of a work, or a time in a picture, does not pass for an exclusion."""
    with pytest.raises(UsageError, match=said):
        index(cases["logo"].works, tmp_path / "p", exclude_regions=(region,))


def test_damaged_exclusions_are_refused(cases: dict[str, Case], tmp_path: Path) -> None:
    """An index whose exclusions cannot be read is not added to."""
    index(cases["logo"].works, tmp_path / "p", exclude=(cases["logo"].shared,))
    for data, said in ((b"PAR1", "excluded.parquet. is damaged"), (None, "has no entry 'excluded.parquet'")):
        rebuilt(tmp_path / "p", {"excluded.parquet": data})
        with pytest.raises(FormatError, match=said):
            index(cases["logo"].works, tmp_path / "p")


def test_an_index_made_in_another_way_is_not_added_to(cases: dict[str, Case], tmp_path: Path) -> None:
    """Fingerprints of two versions in one index would never be compared; it is told at once, and nothing is lost."""
    index(cases["logo"].works, tmp_path / "p")
    recipes = [recipe.replace("/1;", "/0;") for recipe in Portfolio(tmp_path / "p").recipes]
    before = rebuilt(tmp_path / "p", {"excluded.parquet": None}, recipes=recipes).read_bytes()

    with pytest.raises(RecipeMismatch, match="made by another version of Workprint"):
        index(tmp_path / "missing", tmp_path / "p")
    assert (tmp_path / "p").read_bytes() == before
