# SPDX-License-Identifier: GPL-3.0-or-later
"""The decoder against GNU Radio's own convolutional encoder, which shares no code with it nor with modulator.py."""

from __future__ import annotations

from pathlib import Path

import modulator as peer
import numpy as np
import pytest

from xband_core import _core
from xband_core.records import parse_records

blocks = pytest.importorskip("gnuradio.blocks")
fec = pytest.importorskip("gnuradio.fec")
gr = pytest.importorskip("gnuradio.gr")

CADU_FILE = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "cadu" / "snpp_synchronized_cadus.dat"
FRAME_BITS = 8192


def encode_with_gnuradio(bits: np.ndarray) -> np.ndarray:
    """Generators 79 and 109: 171 and 133 octal as GNU Radio writes them, newest bit in the least significant place."""
    encoder = fec.cc_encoder_make(FRAME_BITS, 7, 2, [79, 109], 0, fec.CC_STREAMING)
    source = blocks.vector_source_b(bits.tolist())
    sink = blocks.vector_sink_b()
    flowgraph = gr.top_block()
    flowgraph.connect(source, fec.encoder(encoder, 1, 1), sink)
    flowgraph.run()
    return np.array(sink.data(), np.uint8)


def test_frames_from_gnuradio_s_encoder():
    if not CADU_FILE.exists():
        pytest.skip(f"real CADUs not found: {CADU_FILE}")
    cadus = CADU_FILE.read_bytes()
    serial = peer.nrz_m(np.unpackbits(np.frombuffer(cadus, np.uint8)))
    channel_bits = encode_with_gnuradio(serial)
    assert np.array_equal(channel_bits, peer.convolve_k7(serial, g2_inverted=False))

    rng = np.random.default_rng(6)
    soft = 40.0 * (1 - 2.0 * channel_bits) + 25 * rng.standard_normal(channel_bits.size)  # Eb/N0 4 dB
    decoder = _core.FrameDecoder(rs_interleave=4, frame_len_bytes=892, scid=157)
    decoder.push(np.clip(np.rint(soft), -127, 127).astype(np.int8))
    decoder.flush()
    headers, blocks_out = parse_records(decoder.pull(), decoder.record_stride)
    assert len(headers) == 65
    # Encoded again, check symbols and randomiser included, they are the octets that were sent.
    again = _core.CaduEncoder(inner_code="none", differential="none", rs_interleave=4)
    bits = again.encode(np.ascontiguousarray(blocks_out[:, :892]))
    assert np.packbits(bits).tobytes() == cadus
