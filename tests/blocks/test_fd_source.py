# SPDX-License-Identifier: GPL-3.0-or-later
"""fd_source: everything that can be read comes out, and a request to stop ends the stream at once."""

import os
import threading
import time

import pytest
from gnuradio import blocks, gr, xband


def run_to_end(source: xband.fd_source, item_size_bytes: int) -> bytes:
    sink = blocks.vector_sink_b(item_size_bytes)
    top = gr.top_block("fd_source test", catch_exceptions=False)
    top.connect(source, sink)
    top.run()
    return bytes(sink.data())


def open_file(tmp_path, content: bytes) -> int:
    path = tmp_path / "samples.cs8"
    path.write_bytes(content)
    return os.open(path, os.O_RDONLY)


def test_file_comes_out_whole(tmp_path):
    content = bytes(i * 7 % 256 for i in range(300_000))
    source = xband.fd_source(fd=open_file(tmp_path, content), item_size_bytes=2)
    assert run_to_end(source, 2) == content
    assert source.items_delivered() == 150_000
    assert source.truncated_bytes() == 0
    assert source.is_finished()
    assert source.error() == ""


def test_incomplete_last_item_is_reported(tmp_path):
    source = xband.fd_source(fd=open_file(tmp_path, bytes(range(23))), item_size_bytes=8)
    assert run_to_end(source, 8) == bytes(range(16))
    assert source.truncated_bytes() == 7


def test_items_cut_by_the_pipe_are_joined():
    read_end, write_end = os.pipe()
    content = bytes(range(240))

    def write_in_pieces():
        for start in range(0, len(content), 7):
            os.write(write_end, content[start : start + 7])
        os.close(write_end)

    writer = threading.Thread(target=write_in_pieces)
    writer.start()
    out = run_to_end(xband.fd_source(fd=read_end, item_size_bytes=8), 8)
    writer.join()
    assert out == content


def test_stop_item(tmp_path):
    source = xband.fd_source(fd=open_file(tmp_path, bytes(100_000)), item_size_bytes=4, stop_item=12_345)
    assert len(run_to_end(source, 4)) == 4 * 12_345
    assert source.items_delivered() == 12_345


def test_request_stop_ends_a_read_that_would_wait_for_ever():
    read_end, write_end = os.pipe()
    os.write(write_end, b"abcd")
    source = xband.fd_source(fd=read_end, item_size_bytes=1)
    sink = blocks.vector_sink_b()
    top = gr.top_block("stop test", catch_exceptions=False)
    top.connect(source, sink)
    top.start()
    while source.items_delivered() < 4:
        time.sleep(0.001)
    source.request_stop()
    top.wait()  # would hang if the block sat in read()
    assert bytes(sink.data()) == b"abcd"
    os.close(write_end)


def test_request_stop_before_start():
    read_end, write_end = os.pipe()
    source = xband.fd_source(fd=read_end, item_size_bytes=1)
    source.request_stop()
    assert run_to_end(source, 1) == b""
    os.close(write_end)


def test_read_error_is_reported():
    directory = os.open("/", os.O_RDONLY)  # reading a directory fails with EISDIR
    source = xband.fd_source(fd=directory, item_size_bytes=1)
    assert run_to_end(source, 1) == b""
    assert "directory" in source.error()


@pytest.mark.parametrize("arguments", [{"fd": -1, "item_size_bytes": 1}, {"fd": 0, "item_size_bytes": 0}])
def test_bad_configuration(arguments):
    with pytest.raises(ValueError, match="fd_source"):
        xband.fd_source(**arguments)
