"""A Ray cluster of two nodes: how much it is given at a time, a dataset in object storage, a node that dies."""

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fault_samples import DEEDS, Begun, Faulty, NodeLost, files

from core_samples import write_tar
from exclusion_samples import write_sounds
from made_up_sounds import RATE_HZ, voice
from workprint import api, plugins, store
from workprint.cli import main
from workprint.engines.ray import RayEngine
from workprint.model import Limits
from workprint.protocols import Attempt
from workprint.serial.records import Row

pytest.importorskip("ray", reason="Ray is not installed: pip install 'workprint[ray]'")
WORKING_ON_THE_THIRD = 5
CRASH = f"crash {WORKING_ON_THE_THIRD} "
NODE = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": 80 << 20}
SETTINGS = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_USAGE_STATS_ENABLED": "0"}
"""Nothing leaves this machine."""


class Cluster:
    """Two nodes of one processor, each in processes of its own."""

    def __init__(self) -> None:
        """Start them."""
        from ray.cluster_utils import Cluster as Nodes

        self._nodes = Nodes(initialize_head=True, head_node_args=NODE)
        self._second = self._nodes.add_node(**NODE)
        self.address: str = self._nodes.address
        (raylet,) = self._second.all_processes["raylet"]
        self.raylet: int = raylet.process.pid

    def end(self) -> None:
        """Stop what is left of it."""
        import ray

        ray.shutdown()
        self._nodes.shutdown()


def rows_of(folder: Path) -> list[Row]:
    """All records and failures in a store."""
    recipes = store.read_header(folder).recipes
    return [row for part in store.parts(folder) for row in store.read_part(part, recipes)]


@pytest.fixture(scope="module")
def bucket() -> Iterator[dict[str, str]]:
    """An S3 server on this machine, and the options that reach it."""
    moto = pytest.importorskip("moto.server", reason="there is no S3 server to test against: moto is not installed")
    pytest.importorskip("s3fs", reason="s3:// needs s3fs")
    running = moto.ThreadedMotoServer("127.0.0.1", 0)
    running.start()
    host, port = running.get_host_and_port()
    yield {"endpoint_url": f"http://{host}:{port}", "key": "one", "secret": "two"}
    running.stop()


@pytest.fixture(scope="module")
def cluster(bucket: dict[str, str]) -> Iterator[Cluster]:
    """A cluster whose processes find the modules of these tests and the bucket, and which leaves nothing behind."""
    folder = tempfile.mkdtemp(prefix="wp-ray-", dir="/tmp")  # of sockets: their paths have to be short
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**SETTINGS, "RAY_TMPDIR": folder, "PYTHONPATH": str(Path(__file__).parent)}.items():
            patch.setenv(name, value)
        for name, value in bucket.items():
            patch.setenv(f"FSSPEC_S3_{name.upper()}", value)
        started = Cluster()
        yield started
        started.end()
    shutil.rmtree(folder)


def test_no_more_is_begun_than_there_are_places(cluster: Cluster, tmp_path: Path) -> None:
    """However long the results wait to be taken: what is in flight is bounded by the places, not by the dataset."""
    places = 2
    ahead = []
    for taken, _ in enumerate(RayEngine(0, Limits(), (), cluster.address).map(Begun(tmp_path), range(8))):
        time.sleep(0.3)  # more could be begun meanwhile
        ahead.append(len(list(tmp_path.glob("*.begun"))) - taken - 1)
    running = [int(path.read_text()) for path in tmp_path.glob("*.begun")]

    assert len(running) == 8
    assert max(ahead) <= places
    assert max(running) <= places


@pytest.mark.filterwarnings("ignore")  # of the S3 client's own
def test_a_bucket_is_fingerprinted_and_matched_on_the_cluster(
    cluster: Cluster, bucket: dict[str, str], shards: Path, undisturbed: Path, small: Path, settings: api.Settings,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """By the command: the same records and findings as of the folder on this machine."""
    import fsspec

    monkeypatch.setitem(fsspec.config.conf, "s3", bucket)
    remote = fsspec.filesystem("s3", **bucket)
    remote.mkdir("faults")
    for path in (path for path in sorted(shards.rglob("*")) if path.is_file()):
        remote.pipe_file(f"faults/{path.relative_to(shards).as_posix()}", path.read_bytes())
    on_ray = replace(settings, engine="ray", address=cluster.address, jobs=1)
    api.fingerprint("s3://faults", tmp_path / "store", on_ray)

    where = ["--engine", "ray", "--ray-address", cluster.address, "--as-of", "2026-01-01", "-q", "-j", "1"]
    asked = ["match", str(tmp_path / "store"), "-p", str(small / "mine.workprint"), "-o", str(tmp_path / "out"), *where]
    run = CliRunner().invoke(main, asked)

    assert run.exit_code == 1, run.output
    assert rows_of(tmp_path / "store") == rows_of(undisturbed / "store")
    for name in ("findings.jsonl", "failures.jsonl"):
        assert (tmp_path / "out" / name).read_bytes() == (undisturbed / name).read_bytes()


def test_a_registry_of_recordings_is_matched_on_the_cluster(
    cluster: Cluster, settings: api.Settings, tmp_path: Path
) -> None:
    """Two nodes map what the recordings of five portfolios are looked up by; the bytes are those of one process."""
    (tmp_path / "data").mkdir()
    for at in range(5):
        sound = voice(8.0, seed=40 + at)
        works = write_sounds(tmp_path / f"c{at}", {"song.flac": sound})
        (tmp_path / "registry").mkdir(exist_ok=True)
        api.index([works], tmp_path / "registry" / f"c{at}.workprint", api.Labels(f"C{at}"), jobs=1)
        clips = {f"clip-{at}.flac": sound[RATE_HZ : 4 * RATE_HZ], f"other-{at}.flac": voice(3.0, seed=90 + at)}
        written = write_sounds(tmp_path / f"clips-{at}", clips)
        write_tar(tmp_path / "data" / f"{at}.tar", {name: (written / name).read_bytes() for name in clips})
    registry = [tmp_path / "registry"]
    on_ray = replace(settings, engine="ray", address=cluster.address, jobs=2)

    api.scan(str(tmp_path / "data"), registry, tmp_path / "local", settings)
    api.scan(str(tmp_path / "data"), registry, tmp_path / "ray", on_ray)
    api.match(tmp_path / "local" / "store", registry, tmp_path / "matched", on_ray)

    found = [json.loads(line) for line in (tmp_path / "local" / "findings.jsonl").read_text().splitlines()]
    assert [(one["item"], one["creator"]) for one in found] == [
        (f"{at}.tar!clip-{at}.flac", f"C{at}") for at in range(5)
    ]
    assert files(tmp_path / "ray") == files(tmp_path / "local")
    for name in ("findings.jsonl", "run.json"):
        assert (tmp_path / "matched" / name).read_bytes() == (tmp_path / "local" / name).read_bytes()


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.fault(
    "a node of a Ray cluster dies in the middle of a scan, and an item crashes every process that works on it",
    "the same bytes as a local run with that item",
)
@pytest.mark.skipif(sys.platform != "linux", reason="the parents of a process are read from /proc")
def test_a_node_that_dies_leaves_no_trace(
    cluster: Cluster, shards: Path, small: Path, settings: api.Settings, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """What it was working on is done on the other node; everything is as it comes from one machine."""
    portfolios, out = [small / "mine.workprint"], tmp_path / "out"
    monkeypatch.setenv(DEEDS, CRASH)
    monkeypatch.setitem(plugins.ENGINES, "faulty", "fault_samples:FaultyEngine")
    api.scan(str(shards), portfolios, tmp_path / "local", replace(settings, engine="faulty", jobs=2))
    expected = files(tmp_path / "local")

    class LosingNode(RayEngine):
        def map(self, function: Callable[[Any, Attempt], Any], tasks: Sequence[Any]) -> Iterator[Any]:
            crashing = Faulty(function, "crash", WORKING_ON_THE_THIRD, None)
            return super().map(NodeLost(crashing, cluster.raylet, tmp_path / "lost"), tasks)

    monkeypatch.setattr("workprint.engines.ray.RayEngine", LosingNode)
    api.scan(str(shards), portfolios, out, replace(settings, engine="ray", jobs=2, address=cluster.address))

    assert (tmp_path / "lost").exists(), "no node was lost"
    assert files(out) == expected
    codes = [json.loads(line)["code"] for line in (out / "failures.jsonl").read_text().splitlines()]
    assert codes.count("worker_lost") == 1

    next((out / "store" / "parts").glob("00000001*")).unlink()
    api.scan(str(shards), portfolios, out, settings)
    assert files(out) == expected, "a local run goes on with what a cluster began"
