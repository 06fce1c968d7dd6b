# SPDX-License-Identifier: GPL-3.0-or-later
"""The course of one figure of quality messages."""

import math

import pmt
import pytest
from gnuradio import xband


def test_last_values_come_out_oldest_first(monkeypatch):
    trace = xband.quality_trace(figure="evm_percent", length=4)
    shown = []
    monkeypatch.setattr(
        trace, "message_port_pub", lambda _, message: shown.append(pmt.f32vector_elements(pmt.cdr(message)))
    )
    for value in (1.0, 2.0, math.nan, 4.0, 5.0):
        trace._take(pmt.to_pmt({"es_n0_db": 9.0, "evm_percent": value}))
    trace._take(pmt.to_pmt({"es_n0_db": 9.0}))
    assert shown[0] == [0.0, 0.0, 0.0, 1.0]
    assert shown[4] == [2.0, 0.0, 4.0, 5.0]
    assert shown[5] == [0.0, 4.0, 5.0, 0.0]


def test_a_trace_of_one_value_is_refused():
    with pytest.raises(ValueError, match="length 1"):
        xband.quality_trace(length=1)
