# SPDX-License-Identifier: GPL-3.0-or-later
"""The course of one figure of quality messages, for a time display."""

from __future__ import annotations

import math
from collections import deque

import pmt
from gnuradio import gr

IN_PORT, OUT_PORT = pmt.intern("quality"), pmt.intern("trace")


class quality_trace(gr.sync_block):
    """Messages of a "quality" port to a message that QT GUI Time Sink (type: float message) draws.

    Input port "quality": dictionaries. Output port "trace", after each of them: PDU with an f32vector of the figure's
    last values, oldest first; what is not known is drawn as 0.
    Args: figure: key of the dictionary, such as es_n0_db; length: values kept, ten a second of signal.
    Raises: ValueError: length below 2.
    """

    def __init__(self, figure: str = "es_n0_db", length: int = 300) -> None:
        if length < 2:
            raise ValueError(f"length {length} is less than 2")
        gr.sync_block.__init__(self, "quality_trace", None, None)
        self._figure = pmt.intern(figure)
        self._values: deque[float] = deque([0.0] * length, maxlen=length)
        self.message_port_register_in(IN_PORT)
        self.message_port_register_out(OUT_PORT)
        self.set_msg_handler(IN_PORT, self._take)

    def _take(self, message: pmt.pmt_base) -> None:
        value = pmt.dict_ref(message, self._figure, pmt.PMT_NIL)
        number = pmt.to_double(value) if pmt.is_number(value) else math.nan
        self._values.append(number if math.isfinite(number) else 0.0)
        self.message_port_pub(
            OUT_PORT, pmt.cons(pmt.make_dict(), pmt.init_f32vector(len(self._values), list(self._values)))
        )
