"""A scan on a Ray cluster of two nodes, one of which dies in the middle."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fault_samples import DEEDS, Faulty, NodeLost, files

from workprint import api, plugins
from workprint.engines.ray import RayEngine
from workprint.protocols import Attempt

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


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster whose processes find the modules of these tests."""
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    started = Cluster()
    yield started
    started.end()


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
