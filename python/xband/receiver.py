# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole receiver in one block, configured by the name of a mission."""

from __future__ import annotations

from collections.abc import Sequence

from gnuradio import gr

from xband_core.mission import load_mission

from .xband_python import frame_decoder, psk_demod


class receiver(gr.hier_block2):
    """IQ samples to frame records, as the mission's file says: psk_demod and frame_decoder.

    Input: complex samples, item size by iq_format. Output: frame records, vectors of ``stride`` octets.
    Messages: ports "quality" of psk_demod and "frame_quality", that of frame_decoder.
    Args: mission: name of a shipped mission or path of a mission file; sample_rate_hz, iq_format: of the input;
    frequency_offset_hz: where the carrier is expected beside the plan; frequency_plan: predicted Doppler,
    [(start_sample, [c0, c1, ...])], Hz over seconds since start_sample.
    Raises: MissionError: wrong mission. ValueError: sample rate too low for the mission's symbol rate.
    """

    def __init__(
        self,
        mission: str,
        sample_rate_hz: float,
        iq_format: str = "cs8",
        frequency_offset_hz: float = 0.0,
        frequency_plan: Sequence[tuple[int, Sequence[float]]] = (),
    ) -> None:
        loaded = load_mission(mission)
        self._demod = psk_demod(
            **loaded.demodulator_config(sample_rate_hz, iq_format, frequency_offset_hz),
            frequency_plan=list(frequency_plan),
        )
        self._decoder = frame_decoder(**loaded.decoder_config())
        self.stride = self._decoder.record_stride()
        gr.hier_block2.__init__(
            self,
            "receiver",
            gr.io_signature(1, 1, self._demod.input_signature().sizeof_stream_item(0)),
            gr.io_signature(1, 1, self.stride),
        )
        self.message_port_register_hier_out("quality")
        self.message_port_register_hier_out("frame_quality")
        self.connect(self, self._demod, self._decoder, self)
        self.msg_connect(self._demod, "quality", self, "quality")
        self.msg_connect(self._decoder, "quality", self, "frame_quality")
