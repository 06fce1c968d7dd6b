# SPDX-License-Identifier: GPL-3.0-or-later
"""The xband-iq server over real sockets."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from simulations import SAMPLE_RATE_HZ, simulator

from xband_core.iq_server import IqServer, ServeError, parse_tcp_uri

TIMEOUT_S = 20.0


class Client:
    """Reads the header line, then samples."""

    def __init__(self, uri: str, receive_buffer_bytes: int | None = None) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(TIMEOUT_S)
        if receive_buffer_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self.socket.connect(parse_tcp_uri(uri))
        self.stream = self.socket.makefile("rb")
        self.header = json.loads(self.stream.readline())

    def close(self) -> None:
        self.stream.close()
        self.socket.close()


@contextlib.contextmanager
def running(server: IqServer) -> Iterator[threading.Event]:
    """The server in a thread of its own, stopped at the end at the latest."""
    stop = threading.Event()
    thread = threading.Thread(target=server.run, args=(stop,))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(TIMEOUT_S)
        assert not thread.is_alive()


def wait_until(condition) -> None:
    deadline_s = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


def test_a_client_gets_every_sample_and_the_server_ends() -> None:
    server = IqServer("tcp://127.0.0.1:0", simulator(seconds=0.05, es_n0_db=((0.0, 5.0),)))
    with running(server):
        client = Client(server.uri)
        received = client.stream.read()
        client.close()
    assert client.header == {
        "xband_iq": 1, "format": "cs8", "sample_rate_hz": SAMPLE_RATE_HZ, "first_sample_index": 0,
        "first_sample_time_ns": None,
    }  # fmt: skip
    assert received == simulator(seconds=0.05, es_n0_db=((0.0, 5.0),)).read(10**9).tobytes()
    assert server.summary()["samples_dropped"] == 0
    with pytest.raises(OSError, match="refused"):
        Client(server.uri)


def test_the_signal_waits_for_a_client_that_comes_back() -> None:
    settings = {"seconds": 0.2, "iq_format": "cs16", "first_sample_time_ns": 10**18}
    expected = simulator(**settings).read(10**9).tobytes()
    server = IqServer("tcp://127.0.0.1:0", simulator(**settings))
    with running(server):
        first = Client(server.uri)
        assert first.stream.read(100_001) == expected[:100_001]
        first.close()  # in the middle of a sample
        second = Client(server.uri)
        index = second.header["first_sample_index"]
        received = second.stream.read()
        second.close()
    assert index >= 25_000
    assert received == expected[4 * index :]
    assert second.header["first_sample_time_ns"] == 10**18 + round(index * 1e9 / SAMPLE_RATE_HZ)
    assert server.summary()["connections"] == 2


def test_a_second_client_waits_for_its_turn() -> None:
    server = IqServer("tcp://127.0.0.1:0", simulator(seconds=None))
    with running(server):
        first = Client(server.uri)
        second = socket.create_connection(parse_tcp_uri(server.uri), TIMEOUT_S)
        first.stream.read(1 << 20)
        second.settimeout(0.1)
        with pytest.raises(TimeoutError):
            second.recv(1)
        first.close()
        second.settimeout(TIMEOUT_S)
        assert second.recv(1) == b"{"
        second.close()


def test_real_time_keeps_to_the_clock_and_accounts_for_every_sample() -> None:
    rate_hz, n_samples = 24e6, 12_000_000
    server = IqServer("tcp://127.0.0.1:0", simulator(seconds=0.5, sample_rate_hz=rate_hz), realtime=True)
    with running(server):
        time.sleep(0.05)  # the clock stands still without a client
        first = Client(server.uri, receive_buffer_bytes=4096)
        started_s = time.monotonic()
        head = first.stream.read(2000)
        first.close()
        wait_until(lambda: server.summary()["samples_dropped"] > 0)
        second = Client(server.uri)
        tail = second.stream.read()
        took_s = time.monotonic() - started_s
        second.close()
    index = second.header["first_sample_index"]
    summary = server.summary()
    whole = simulator(seconds=0.5, sample_rate_hz=rate_hz).read(10**9).tobytes()
    assert head == whole[:2000]
    assert tail == whole[2 * index :]
    assert took_s >= 0.45
    assert first.header["first_sample_index"] == 0
    assert 0 < summary["samples_dropped"] <= index
    assert sum(drop["samples"] for drop in summary["dropped"]) == summary["samples_dropped"]
    assert {drop["reason"] for drop in summary["dropped"]} <= {"no client", "client went away"}
    assert index + len(tail) // 2 == n_samples
    elapsed_ns = second.header["first_sample_time_ns"] - first.header["first_sample_time_ns"]
    assert elapsed_ns == round(index * 1e9 / rate_hz)


def test_real_time_drops_what_a_slow_client_does_not_take() -> None:
    server = IqServer("tcp://127.0.0.1:0", simulator(seconds=0.6, iq_format="cf32"), realtime=True)
    with running(server):
        client = Client(server.uri, receive_buffer_bytes=4096)
        wait_until(lambda: server.summary()["samples_dropped"] > 0)
        received = client.stream.read()
        client.close()
    summary = server.summary()
    assert [drop["reason"] for drop in summary["dropped"]] == ["client too slow"] * len(summary["dropped"])
    assert len(received) % 8 == 0
    assert len(received) // 8 + summary["samples_dropped"] == 19_800_000
    whole = simulator(seconds=0.6, iq_format="cf32").read(10**9).view(np.complex64)
    kept = np.ones(len(whole), bool)
    for drop in summary["dropped"]:
        kept[drop["first_sample"] : drop["first_sample"] + drop["samples"]] = False
    assert np.array_equal(np.frombuffer(received, np.complex64), whole[kept])


@pytest.mark.parametrize(
    "uri", ["127.0.0.1:5000", "udp://127.0.0.1:1", "tcp://:5", "tcp://h", "tcp://h:99999", "tcp://h:1/x"]
)
def test_a_wrong_address_is_named(uri: str) -> None:
    with pytest.raises(ServeError, match=uri.replace(".", r"\.")):
        IqServer(uri, simulator())


def test_a_taken_address_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        uri = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ServeError, match=rf"{uri}: cannot listen: .*in use"):
            IqServer(uri, simulator())
