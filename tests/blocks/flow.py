# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs blocks on arrays: in memory, any item type, any buffer size."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from gnuradio import blocks, gr, xband

# Largest number of items a block is given at once: odd, small, and the scheduler's own choice.
CHUNKS = (0, 1000, 37)


def memory_file(content: bytes) -> int:
    """A descriptor from which the content can be read."""
    fd = os.memfd_create("input")
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def run(chain: Sequence[gr.basic_block], data: np.ndarray, dtype: np.dtype | type, max_items: int = 0) -> np.ndarray:
    """Sends data through blocks in a row and returns what comes out at the end of the stream.

    Args: data: bytes of the input items; dtype: of the result; max_items: see CHUNKS.
    """
    in_size = chain[0].input_signature().sizeof_stream_item(0)
    out_size = chain[-1].output_signature().sizeof_stream_item(0)
    source = xband.fd_source(fd=memory_file(np.ascontiguousarray(data).tobytes()), item_size_bytes=in_size)
    out_fd = os.memfd_create("output")
    sink = blocks.file_descriptor_sink(out_size, os.dup(out_fd))
    top = gr.top_block("test", catch_exceptions=False)
    top.connect(source, *chain, sink)
    if max_items:
        top.run(max_items)
    else:
        top.run()
    result = os.pread(out_fd, os.fstat(out_fd).st_size, 0)
    os.close(out_fd)
    return np.frombuffer(result, dtype)


def random_octets(n: int, seed: int = 1) -> np.ndarray:
    """Uniform octets."""
    return np.random.default_rng(seed).integers(0, 256, n, dtype=np.uint8)


def soft(bits: np.ndarray, amplitude: int = 60) -> np.ndarray:
    """Channel bits to soft bits without noise."""
    return ((1 - 2 * bits.astype(np.int8)) * amplitude).astype(np.int8)
