"""On the bundled media: what is there is found, what is not is not, and what is broken fails as it must."""

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import CREATORS, Once, Scanned
from workprint import api
from workprint.model import Relation

CONTAINERS = {
    "loose": "loose",
    "tar": "shards/train-00000.tar",
    "table": "tables/pictures.parquet",
    "manifest": "linked/manifest.jsonl",
}


@pytest.fixture(scope="session")
def truth(media: Path) -> dict[str, dict[str, Any]]:
    """What each item holds, by its address."""
    items: dict[str, dict[str, Any]] = json.loads((media / "truth.json").read_text())["items"]
    return items


@pytest.fixture(scope="session")
def pairs(scanned: Scanned) -> set[tuple[str, str, str]]:
    """Item, work and creator of every finding."""
    return {(one.item, one.work, one.creator) for one in api.read_results(scanned.output).findings}


def test_every_plain_copy_is_found(truth: dict[str, dict[str, Any]], pairs: set[tuple[str, str, str]]) -> None:
    """Each plainly edited copy is found with the work it holds."""
    expected = {(address, item["work"], item["creator"]) for address, item in truth.items() if item["plain"]}

    assert len(expected) > 40
    assert expected - pairs == set()


def test_nothing_is_found_where_nothing_is(truth: dict[str, dict[str, Any]], pairs: set[tuple[str, str, str]]) -> None:
    """No item without a work is accused, and no item of a wrong work."""
    holds = {address: (item["work"], item["creator"]) for address, item in truth.items()}

    assert {found for found in pairs if holds[found[0]] != found[1:]} == set()


def test_what_is_broken_fails_as_it_must(truth: dict[str, dict[str, Any]], scanned: Scanned) -> None:
    """Every item that cannot be compared has its failure, and no other has one."""
    failures = {one.subject_id: one.code for one in api.read_failures(scanned.output)}
    in_folder = {
        address: item for address, item in truth.items() if "#row" not in address or item["container"] == "table"
    }

    assert failures == {address: item["failure"] for address, item in in_folder.items() if item["failure"]}


def test_every_item_was_seen(truth: dict[str, dict[str, Any]], scanned: Scanned) -> None:
    """The denominator is the whole dataset: all but the two rows of the manifest that lead nowhere."""
    manifest = api.read_results(scanned.output).manifest

    assert manifest.seen == len([address for address in truth if "manifest.jsonl#" not in address])
    assert manifest.seen == manifest.fingerprinted + sum(manifest.failed.values())


def test_an_exact_copy_is_identical(truth: dict[str, dict[str, Any]], scanned: Scanned) -> None:
    """A file that was copied as it is is told from one that was edited."""
    relations = {one.item: one.relation for one in api.read_results(scanned.output).findings}
    exact = [address for address, item in truth.items() if item["edit"] == "copy"]

    assert all(relations[address] is Relation.IDENTICAL for address in exact)


@pytest.mark.parametrize("container", CONTAINERS)
def test_each_container_can_be_scanned_alone(
    container: str, truth: dict[str, dict[str, Any]], portfolios: tuple[Path, ...], scanned: Scanned, once: Once,
    settings: api.Settings,
) -> None:  # fmt: skip
    """Alone, a container gives the findings and failures that the truth says of it, under addresses of its own."""
    place = CONTAINERS[container]
    dataset = scanned.dataset / place
    out = once(f"alone-{container}", lambda folder: api.scan(str(dataset), portfolios, folder, settings) and None)
    found = {(one.item, one.work) for one in api.read_results(out).findings if one.relation.is_match}
    failed = {one.subject_id: one.code for one in api.read_failures(out)}

    items = {
        own_address(container, address, item): item for address, item in truth.items() if item["container"] == container
    }

    assert {(address, item["work"]) for address, item in items.items() if item["plain"]} <= found
    assert all(items[address]["work"] == work for address, work in found)
    assert failed == {address: item["failure"] for address, item in items.items() if item["failure"]}


def own_address(container: str, address: str, item: dict[str, Any]) -> str:
    """An item's address when its container is scanned alone: a manifest's rows, and names below what is scanned."""
    address = item.get("manifest_address") or address if container == "manifest" else address
    place = CONTAINERS[container]
    if container == "loose":
        return address.removeprefix("loose/")
    return place.rpartition("/")[2] + address.removeprefix(place)


def test_the_works_are_all_in_their_indexes(media: Path, portfolios: tuple[Path, ...]) -> None:
    """Each creator's index holds every file of theirs."""
    from workprint.portfolio import Portfolio

    for name, path in zip(CREATORS, portfolios, strict=True):
        folder = media / "portfolio" / name
        files = sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())

        assert [work.work_id for work in Portfolio(path).works] == files
        assert Portfolio(path).unfindable == ()
