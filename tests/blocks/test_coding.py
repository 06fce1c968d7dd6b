# SPDX-License-Identifier: GPL-3.0-or-later
"""Coding blocks give what their kernels give, whatever the buffer sizes, to the last item of a stream."""

import numpy as np
import pmt
import pytest
from flow import CHUNKS, memory_file, random_octets, run, soft
from gnuradio import blocks, gr, xband

from xband_core import _core

FRAME_LEN_BYTES = 1020
chunked = pytest.mark.parametrize("max_items", CHUNKS)


@pytest.mark.parametrize("n_octets", [0, 1, 10 * FRAME_LEN_BYTES, 10 * FRAME_LEN_BYTES + 1019])
def test_randomizer(n_octets):
    data = random_octets(n_octets)
    whole = data[: n_octets // FRAME_LEN_BYTES * FRAME_LEN_BYTES].reshape(-1, FRAME_LEN_BYTES)
    expected = [_core.apply_randomizer(frame) for frame in whole]
    out = run([xband.randomizer(frame_len_bytes=FRAME_LEN_BYTES)], data, np.uint8)
    assert out.tobytes() == b"".join(frame.tobytes() for frame in expected)


@chunked
def test_nrzm(max_items):
    data = random_octets(10_001)
    encoded = run([xband.nrzm_encoder()], data, np.uint8, max_items)
    assert np.array_equal(encoded, _core.NrzmEncoder().encode(data))
    assert np.array_equal(run([xband.nrzm_decoder()], encoded, np.uint8, max_items), data)


@chunked
@pytest.mark.parametrize("g2_inverted", [True, False])
def test_conv_encoder(g2_inverted, max_items):
    data = random_octets(3_001)
    out = run([xband.conv_encoder(g2_inverted=g2_inverted)], data, np.uint8, max_items)
    assert np.array_equal(out, _core.conv_encode(data, g2_inverted))


@chunked
@pytest.mark.parametrize("rate", ["2/3", "3/4", "5/6", "7/8"])
def test_punctured_there_and_back(rate, max_items):
    """Octets of whole periods: what is left of one stays in the encoder."""
    data = random_octets(7 * 5 * 3 * 4)
    sent = run([xband.conv_encoder(g2_inverted=False, rate=rate)], data, np.uint8, max_items)
    assert np.array_equal(sent, _core.puncture(_core.conv_encode(data, False), rate))
    received = soft(sent)
    hit = np.arange(200, len(sent) - 200, 97)  # near the ends there is too little to mend them with
    received[hit] = -received[hit]
    block = xband.viterbi_decoder(g2_inverted=False, segment_bits=128, rate=rate)
    assert np.array_equal(run([block], received, np.uint8, max_items), data)
    assert (block.channel_bits(), block.channel_bit_errors()) == (len(sent), len(hit))


@pytest.mark.parametrize("n_octets", [0, 1, 500, 512, 513, 520, 525, 1024, 5_000])
def test_viterbi_decoder_loses_nothing_at_either_end(n_octets):
    """512 octets are one batch of 32 segments of 128 bits."""
    data = random_octets(n_octets)
    block = xband.viterbi_decoder(g2_inverted=True, segment_bits=128)
    assert np.array_equal(run([block], soft(_core.conv_encode(data, True)), np.uint8), data)
    assert (block.channel_bits(), block.channel_bit_errors()) == (16 * n_octets, 0)


@pytest.mark.parametrize("max_items", CHUNKS)
def test_viterbi_decoder_corrects_errors_alike_in_any_portions(max_items):
    data = random_octets(4_000)
    received = soft(_core.conv_encode(data, False))
    hit = np.random.default_rng(2).choice(received.size, received.size // 100, replace=False)
    received[hit] = -received[hit]
    block = xband.viterbi_decoder(g2_inverted=False, segment_bits=128)
    assert np.array_equal(run([block], received, np.uint8, max_items), data)
    assert block.channel_bit_errors() == hit.size


def test_viterbi_decoder_reads_the_least_soft_bit():
    """-128 has no opposite in 8 bits; inverting it must not turn a sure 1 into a sure 1."""
    data = random_octets(64)
    received = soft(_core.conv_encode(data, True), 127)
    received[received == -127] = -128
    assert np.array_equal(run([xband.viterbi_decoder()], received, np.uint8), data)


@chunked
def test_reed_solomon_there_and_back(max_items):
    code = {"parity": 32, "dual_basis": True, "interleave": 4, "virtual_fill": 3}
    encoder, decoder = xband.reed_solomon_encoder(**code), xband.reed_solomon_decoder(**code)
    data = random_octets(9 * encoder.data_len_bytes())
    blocks_out = run([encoder], data, np.uint8, max_items)
    assert np.array_equal(blocks_out, _core.ReedSolomon(**code).encode(data))
    received = blocks_out.reshape(9, -1).copy()
    received[1, 7] ^= 0x55
    received[3, :64] ^= 0x0F  # 16 symbols in each codeword: as many as can be mended
    received[5, 4 * np.arange(17)] ^= 0xA0  # 17 in the first: one too many
    expected = _core.ReedSolomon(**code).decode(received.reshape(-1))[0].reshape(9, -1)[:, : encoder.data_len_bytes()]
    out = run([decoder], received, np.uint8, max_items)
    assert np.array_equal(out, expected.reshape(-1))
    counters = decoder.counters()
    assert counters.code_blocks == 9
    assert counters.code_blocks_uncorrectable == 1
    assert counters.corrected_symbols == 1 + 64


def tags_of(block: gr.basic_block, data: np.ndarray) -> list[gr.tag_t]:
    source = xband.fd_source(fd=memory_file(data.tobytes()), item_size_bytes=1)
    sink = blocks.vector_sink_b()
    top = gr.top_block("tags", catch_exceptions=False)
    top.connect(source, block, sink)
    top.run()
    return sorted(sink.tags(), key=lambda tag: tag.offset)


def test_reed_solomon_decoder_tags_each_frame():
    encoder = _core.ReedSolomon(parity=16, interleave=2)
    received = encoder.encode(random_octets(3 * encoder.data_len_bytes)).reshape(3, -1)
    received[1, 0] ^= 1
    received[2, 1 + 2 * np.arange(9)] ^= 1
    tags = tags_of(xband.reed_solomon_decoder(parity=16, interleave=2), received)
    assert [tag.offset for tag in tags] == [0, 478, 956]
    assert [list(pmt.u8vector_elements(tag.value)) for tag in tags] == [[0, 0], [1, 0], [0, 255]]


def test_crc16():
    data = random_octets(5 * 100)
    framed = run([xband.crc16_append(frame_len_bytes=102)], data, np.uint8).reshape(5, 102).copy()
    assert np.array_equal(framed[:, :100], data.reshape(5, 100))
    assert [_core.crc16_ccsds(frame) for frame in framed] == [0] * 5
    framed[2, 50] ^= 4
    checker = xband.crc16_check(frame_len_bytes=102)
    tags = tags_of(checker, framed)
    assert [pmt.to_bool(tag.value) for tag in tags] == [True, True, False, True, True]
    assert (checker.frames_right(), checker.frames_wrong()) == (4, 1)


def test_a_second_run_starts_afresh():
    """The flowgraph counts from zero again, and so do encoder, decoder and Viterbi batches."""
    data = random_octets(700)
    expected = run([xband.nrzm_encoder(), xband.conv_encoder()], data, np.uint8)
    chain = [xband.nrzm_encoder(), xband.conv_encoder()]
    decoder = xband.viterbi_decoder(segment_bits=128)
    for _ in range(2):
        assert np.array_equal(run(chain, data, np.uint8), expected)
        assert np.array_equal(run([decoder, xband.nrzm_decoder()], soft(expected), np.uint8), data)


@pytest.mark.parametrize(
    ("make", "arguments", "named"),
    [
        (xband.randomizer, {"frame_len_bytes": 0}, "frame_len_bytes"),
        (xband.crc16_append, {"frame_len_bytes": 2}, "frame_len_bytes"),
        (xband.crc16_check, {"frame_len_bytes": 2}, "frame_len_bytes"),
        (xband.reed_solomon_encoder, {"parity": 31}, "31"),
        (xband.reed_solomon_decoder, {"interleave": 9}, "9"),
        (xband.viterbi_decoder, {"segment_bits": 100}, "100"),
        (xband.viterbi_decoder, {"rate": "4/5"}, "4/5"),
        (xband.conv_encoder, {"rate": "1/3"}, "2/3, 3/4"),
    ],
)
def test_bad_configuration_is_named(make, arguments, named):
    with pytest.raises(ValueError, match=named):
        make(**arguments)
