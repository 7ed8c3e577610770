"""The Ray engine where there is no cluster: addresses that cannot be used are told. On a cluster: tests/faults."""

import importlib.util
import socket
import sys

import pytest

from workprint import plugins
from workprint.errors import EngineUnavailable, UsageError
from workprint.model import Limits

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray is not installed: pip install 'workprint[ray]'"
)


def test_without_ray_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else is run in its stead."""
    monkeypatch.setitem(sys.modules, "ray", None)

    with pytest.raises(EngineUnavailable, match=r"'ray', which is not installed: pip install 'workprint\[ray\]'"):
        plugins.engine("ray", 1, Limits())


def test_an_address_for_clients_is_refused() -> None:
    """Results are written by the nodes, so the command belongs on one of them."""
    with pytest.raises(UsageError, match="start the command on a node of the cluster"):
        plugins.engine("ray", 1, Limits(), "ray://127.0.0.1:10001")


def test_the_local_engine_refuses_an_address() -> None:
    """Rather than scan here what was to be scanned there."""
    with pytest.raises(UsageError, match="add --engine ray"):
        plugins.engine("local", 1, Limits(), "auto")


@needs_ray
def test_a_cluster_that_does_not_answer_is_told_at_once() -> None:
    """Ray itself would wait for it for ever."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(EngineUnavailable, match=f"no Ray cluster answers at {address}"):
            list(plugins.engine("ray", 1, Limits(), address).map(lambda task, _: task, [1]))
