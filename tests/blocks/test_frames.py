# SPDX-License-Identifier: GPL-3.0-or-later
"""From transfer frames to samples and back: encoder, modulator, receiver, and what leaves the flowgraph."""

import json
import os
import threading

import numpy as np
import pmt
import pytest
import zmq
from flow import CHUNKS, memory_file, random_octets, run, soft
from gnuradio import blocks, gr, xband

from xband_core import _core
from xband_core.mission import load_mission
from xband_core.records import frame_record_stride, parse_records
from xband_core.wire import decode_message
from xband_core.wire_types import FramesMessage

MISSION = load_mission("suomi-npp")
DECODER = MISSION.decoder_config() | {"segment_bits": 128}
FRAME_LEN_BYTES = MISSION.framing.frame_len_bytes
SAMPLE_RATE_HZ = 33e6


def make_frames(n: int) -> np.ndarray:
    """AOS frames of S-NPP's VIIRS channel with counters."""
    frames = random_octets(n * FRAME_LEN_BYTES).reshape(n, FRAME_LEN_BYTES)
    frames[:, 0] = 0x40 | 157 >> 2
    frames[:, 1] = (157 & 3) << 6 | 16
    counters = np.arange(1000, 1000 + n)
    frames[:, 2], frames[:, 3], frames[:, 4] = counters >> 16, counters >> 8 & 0xFF, counters & 0xFF
    frames[:, 5] = 0
    return frames


def make_samples(frames: np.ndarray) -> np.ndarray:
    """The frames on air at 12 dB, cs8."""
    simulator = _core.SignalSimulator(
        modulation="qpsk",
        sample_rate_hz=SAMPLE_RATE_HZ,
        symbol_rate_hz=15e6,
        es_n0=[(0.0, 12.0)],
        frequency_offset_hz=20e3,
    )
    simulator.push_bits(_core.CaduEncoder(**DECODER).encode(frames))
    simulator.flush()
    return simulator.pull(1 << 30)


@pytest.mark.parametrize("max_items", CHUNKS)
def test_encoder_and_decoder_give_what_their_kernels_give(max_items):
    frames = make_frames(20)
    bits = run([xband.cadu_encoder(**DECODER)], frames, np.uint8, max_items if max_items > 100 else 0)
    assert np.array_equal(bits, _core.CaduEncoder(**DECODER).encode(frames))

    kernel = _core.FrameDecoder(**DECODER)
    kernel.push(soft(bits))
    kernel.flush()
    expected = kernel.pull()
    block = xband.frame_decoder(**DECODER)
    assert np.array_equal(run([block], soft(bits), np.uint8, max_items), expected.reshape(-1))
    headers, code_blocks = parse_records(expected, block.record_stride())
    assert np.array_equal(code_blocks[:, :FRAME_LEN_BYTES], frames)
    assert np.isnan(headers["first_sample"]).all()  # no clock marks without a demodulator
    counters = block.counters()
    assert counters.frames_good == 20
    assert counters.soft_bits_in == bits.size
    assert counters.channel_bit_errors == 0


def test_receiver_dates_frames_by_their_samples():
    frames = make_frames(60)
    block = xband.receiver("suomi-npp", SAMPLE_RATE_HZ, "cs8")
    records = run([block], make_samples(frames), np.uint8).reshape(-1, block.stride)
    assert block.stride == frame_record_stride(MISSION.code_block_len_bytes)
    headers, code_blocks = parse_records(records, block.stride)
    assert len(records) >= 58
    assert np.array_equal(code_blocks[:, :FRAME_LEN_BYTES], frames[-len(records) :])
    samples_per_frame = 1024 * 8 * 33 / 15
    assert np.diff(headers["first_sample"]) == pytest.approx(samples_per_frame, abs=0.1)
    assert headers["es_n0_db"][-1] == pytest.approx(12.0, abs=1.0)
    assert headers["carrier_offset_hz"][-1] == pytest.approx(20e3, abs=200.0)


def make_records(frames: np.ndarray) -> np.ndarray:
    return run([xband.frame_decoder(**DECODER)], soft(_core.CaduEncoder(**DECODER).encode(frames)), np.uint8)


def send(records: np.ndarray, sink: gr.basic_block) -> None:
    stride = frame_record_stride(MISSION.code_block_len_bytes)
    top = gr.top_block("records", catch_exceptions=False)
    source = xband.fd_source(fd=memory_file(records.tobytes()), item_size_bytes=stride)
    top.connect(source, sink)
    top.run()


@pytest.fixture
def pull_socket():
    context = zmq.Context()
    socket = context.socket(zmq.PULL)
    socket.rcvhwm = 1
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    socket.rcvtimeo = 10_000
    yield socket, f"tcp://127.0.0.1:{port}"
    socket.close(linger=0)
    context.term()


def receive_frames(socket, count: int, out: list) -> None:
    received = 0
    while received < count:
        message = decode_message(socket.recv_multipart())
        if isinstance(message, FramesMessage):
            out.append(message)
            received += len(message.frames)


def test_publisher_sends_every_frame_however_slow_the_station(pull_socket):
    """With a queue of one message and room for one at the station, the flowgraph waits and nothing is lost."""
    socket, endpoint = pull_socket
    frames = make_frames(400)
    messages: list[FramesMessage] = []
    reader = threading.Thread(target=receive_frames, args=(socket, 400, messages))
    publisher = xband.frame_publisher(
        "suomi-npp", endpoint, SAMPLE_RATE_HZ, pass_id="p1", station="almaty", queue_messages=1
    )
    reader.start()
    send(make_records(frames), publisher)
    reader.join()
    assert np.array_equal(np.concatenate([message.frames for message in messages]), frames)
    assert {(message.topic, message.pass_id, message.station) for message in messages} == {
        ("frames.suomi-npp.16", "p1", "almaty")
    }
    assert publisher.frames_taken == 400
    assert publisher.messages_dropped == 0
    assert publisher.queue_depth() == 0


def test_publisher_sends_what_it_has_when_no_more_comes(pull_socket):
    """Frames are gathered, but not for longer than moments: the stream stands still here, and does not end."""
    socket, endpoint = pull_socket
    frames = make_frames(20)
    publisher = xband.frame_publisher("suomi-npp", endpoint, SAMPLE_RATE_HZ)
    read_end, write_end = os.pipe()
    top = gr.top_block("records", catch_exceptions=False)
    top.connect(xband.fd_source(fd=read_end, item_size_bytes=publisher.stride), publisher)
    top.start()
    for half in np.split(make_records(frames).reshape(20, -1), 2):
        os.write(write_end, half.tobytes())
        messages: list[FramesMessage] = []
        receive_frames(socket, 10, messages)
        assert sum(len(message.frames) for message in messages) == 10
    assert publisher.frames_taken == 20
    os.close(write_end)
    top.wait()


def test_publisher_drops_the_oldest_when_asked_to():
    """Nobody reads: the newest messages stay, the others are counted, and abandon() lets the flowgraph end."""
    publisher = xband.frame_publisher(
        "suomi-npp", "ipc:///nonexistent/socket", SAMPLE_RATE_HZ, when_full="drop_oldest", queue_messages=2
    )
    records = make_records(make_frames(600))
    top = gr.top_block("records", catch_exceptions=False)
    source = xband.fd_source(fd=memory_file(records.tobytes()), item_size_bytes=publisher.stride)
    top.connect(source, publisher)
    top.start()
    while publisher.frames_taken < 600:
        threading.Event().wait(0.01)
    assert publisher.queue_depth() <= 2
    publisher.abandon()
    top.wait()
    assert publisher.messages_sent == 0
    assert publisher.messages_dropped >= 600 // 64


def test_frame_file_sink_writes_what_decode_writes(tmp_path):
    frames = make_frames(50)
    send(make_records(frames), xband.frame_file_sink("suomi-npp", str(tmp_path / "out"), SAMPLE_RATE_HZ, cadus=True))
    assert (tmp_path / "out" / "frames.bin").read_bytes() == frames.tobytes()
    assert len((tmp_path / "out" / "frames.jsonl").read_text().splitlines()) == 50
    assert (tmp_path / "out" / "cadus.bin").stat().st_size == 50 * MISSION.cadu_len_bytes
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (summary["frames_good"], summary["frames_uncorrectable"]) == (50, 0)


def test_frames_to_pdu():
    frames = make_frames(30)
    log = blocks.message_debug()
    to_pdu = xband.frames_to_pdu("suomi-npp", SAMPLE_RATE_HZ, pass_id="p1")
    top = gr.top_block("pdu", catch_exceptions=False)
    source = xband.fd_source(fd=memory_file(make_records(frames).tobytes()), item_size_bytes=to_pdu.stride)
    top.connect(source, to_pdu)
    top.msg_connect(to_pdu, "frames", log, "store")
    top.run()
    assert log.num_messages() == 30
    for i in range(30):
        message = log.get_message(i)
        assert bytes(pmt.u8vector_elements(pmt.cdr(message))) == frames[i].tobytes()
        metadata = pmt.to_python(pmt.car(message))
        assert (metadata["scid"], metadata["vcid"], metadata["vc_count"]) == (157, 16, 1000 + i)
        assert metadata["integrity"] == "good"
        assert metadata.get("gap_before") == (None if i == 0 else 0)


@pytest.mark.parametrize(
    ("changed", "named"),
    [({"when_full": "panic"}, "panic.*block, drop_oldest"), ({"queue_messages": 0}, "queue_messages 0")],
)
def test_publisher_names_bad_configuration(changed, named):
    with pytest.raises(ValueError, match=named):
        xband.frame_publisher("suomi-npp", "ipc:///tmp/x", SAMPLE_RATE_HZ, **changed)


@pytest.mark.parametrize(
    ("changed", "named"),
    [({"frame_kind": "atm"}, "atm.*aos, tm, raw"), ({"rs_parity": 20}, "20"), ({"frame_len_bytes": 900}, "900")],
)
def test_decoder_names_bad_configuration(changed, named):
    with pytest.raises(ValueError, match=named):
        xband.frame_decoder(**(DECODER | changed))
