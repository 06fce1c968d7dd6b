# SPDX-License-Identifier: GPL-3.0-or-later
"""What the receiver mended, in figures and in words."""

import math

from xband_station.corrections import Corrections, describe, summarise


def test_nothing_known_is_nothing_mended() -> None:
    assert Corrections.read({}) == Corrections()
    assert describe(summarise([], 0.0)) == describe(summarise([Corrections()], 0.0)) == "nothing to mend"


def test_what_is_not_finite_is_not_known() -> None:
    read = Corrections.read({"dc_dbc": math.nan, "iq_image_dbc": None, "equaliser_gain_db": 1.5})
    assert read == Corrections(equaliser_gain_db=1.5)


def test_words_tell_what_was_done_and_for_how_long() -> None:
    course = [
        Corrections(
            dc_dbc=-25.0, is_dc_removed=True, iq_image_dbc=-40.0, is_equaliser_active=True, equaliser_gain_db=0.6
        ),
        Corrections(dc_dbc=-22.0, is_dc_removed=True, iq_image_dbc=None, saturated_share=0.25),
    ]
    assert describe(summarise(course, 0.002)) == (
        "DC of -22 dBc removed, equaliser gained 0.6 dB (50 % of the time), "
        "0.2 % of the samples silenced in pulses, 25 % of the values at the converter's limit: lower the gain"
    )
