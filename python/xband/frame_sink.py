# SPDX-License-Identifier: GPL-3.0-or-later
"""What all blocks that take frame records have in common."""

from __future__ import annotations

from typing import Any

import numpy as np
from gnuradio import gr

from xband_core.framing import FrameBatch, FrameProcessor
from xband_core.mission import load_mission
from xband_core.records import frame_record_stride


class FrameSink(gr.sync_block):
    """Takes frame records in batches and hands them on as a FrameBatch; derived classes say what becomes of it.

    Input: frame records, vectors of ``stride`` octets (frame_decoder's output).
    Args: mission: name of a shipped mission or path of a mission file; sample_rate_hz: of the IQ samples;
    start_time_ns: UTC of sample 0, negative if unknown; clock_quality: how well that is known (docs/wire-format.md);
    pass_id: name of the pass.
    """

    def __init__(
        self, name: str, mission: str, sample_rate_hz: float, start_time_ns: int, clock_quality: str, pass_id: str
    ) -> None:
        self.mission = load_mission(mission)
        self.stride = frame_record_stride(self.mission.code_block_len_bytes)
        gr.sync_block.__init__(self, name=name, in_sig=[(np.uint8, self.stride)], out_sig=None)
        self.processor = FrameProcessor(
            self.mission, sample_rate_hz, None if start_time_ns < 0 else start_time_ns, clock_quality, pass_id
        )

    def work(self, input_items: list[Any], output_items: list[Any]) -> int:
        """All records that are there, as one batch. They are borrowed: what is kept must be copied."""
        records = input_items[0]
        self.take(self.processor.process(records))
        return len(records)

    def take(self, batch: FrameBatch) -> None:
        """Called with each batch, whose arrays are only valid until the return."""
        raise NotImplementedError
