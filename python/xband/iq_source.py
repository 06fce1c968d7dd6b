# SPDX-License-Identifier: GPL-3.0-or-later
"""Where samples come from: a file, an xband-iq server, a software radio."""

from __future__ import annotations

from gnuradio import gr

from .iq_input import SourceError, open_iq, sample_len_bytes
from .xband_python import fd_source, stream_gate

# At least this much of the signal fits into the buffer behind the source. The default of 64 KiB would be a millisecond
# at 33 Msample/s in cs8: one late wake-up and a software radio overflows, and from a file the threads would wake each
# other all the time.
BUFFER_S = 0.08
MAX_BUFFER_BYTES = 8 << 20

_SOAPY_FORMATS = {"cs8": "sc8", "cs16": "sc16", "cf32": "fc32"}


class iq_source(gr.hier_block2):
    """IQ samples from a URI, with a stream that can be asked to end.

    Output: one stream of complex samples, item size as iq_format says (cs8: 2, cs16: 4, cf32: 8 octets).
    Args:
        uri: ``file:/path``, ``tcp://host:port`` (xband-iq), ``fd:N``, or ``soapy:driver=...`` (a software radio).
        iq_format: cs8, cs16 or cf32.
        sample_rate_hz: of the samples.
        stop_sample: the stream ends before this sample; 0: no limit.
        centre_frequency_hz, gain_db: for a software radio only.
    Raises: SourceError: the source cannot be opened. ValueError: bad format or rate.
    """

    def __init__(
        self,
        uri: str,
        iq_format: str = "cs8",
        sample_rate_hz: float = 33.0e6,
        stop_sample: int = 0,
        centre_frequency_hz: float = 0.0,
        gain_db: float = 0.0,
    ) -> None:
        item_size_bytes = sample_len_bytes(iq_format)
        if not sample_rate_hz > 0:
            raise ValueError(f"sample_rate_hz {sample_rate_hz} is not positive")
        gr.hier_block2.__init__(self, "iq_source", gr.io_signature(0, 0, 0), gr.io_signature(1, 1, item_size_bytes))
        self.first_sample_index = 0
        self.first_sample_time_ns: int | None = None
        if uri.startswith("soapy:"):
            self._radio = _soapy_source(uri, iq_format, sample_rate_hz, centre_frequency_hz, gain_db)
            self._end = stream_gate(item_size_bytes=item_size_bytes, stop_item=stop_sample)
            self.connect(self._radio, self._end, self)
        else:
            opened = open_iq(uri, iq_format, sample_rate_hz)
            self.first_sample_index = opened.first_sample_index
            self.first_sample_time_ns = opened.first_sample_time_ns
            self._end = fd_source(fd=opened.fd, item_size_bytes=item_size_bytes, stop_item=stop_sample)
            self.connect(self._end, self)
        wanted_bytes = min(MAX_BUFFER_BYTES, int(BUFFER_S * sample_rate_hz) * item_size_bytes)
        self._end.set_min_output_buffer(max(wanted_bytes // item_size_bytes, 8192))

    def request_stop(self) -> None:
        """Ends the stream as an end of file would: everything behind is flushed. Any thread, any time."""
        self._end.request_stop()

    def samples_delivered(self) -> int:
        """Samples given to the flowgraph so far."""
        return int(self._end.items_delivered())

    def is_finished(self) -> bool:
        """Whether the stream has ended."""
        return bool(self._end.is_finished())

    def error(self) -> str:
        """Why reading failed; empty if it did not."""
        return str(self._end.error())

    def truncated_bytes(self) -> int:
        """Octets of an incomplete sample at the end of the input."""
        return int(self._end.truncated_bytes())


def _soapy_source(
    uri: str, iq_format: str, sample_rate_hz: float, centre_frequency_hz: float, gain_db: float
) -> gr.basic_block:
    try:
        from gnuradio import soapy
    except ImportError as error:
        raise SourceError(uri, "this GNU Radio has no gr-soapy (Debian: apt install gnuradio)") from error
    try:
        radio = soapy.source(uri.removeprefix("soapy:"), _SOAPY_FORMATS[iq_format], 1, "", "", [""], [""])
        radio.set_sample_rate(0, sample_rate_hz)
        radio.set_frequency(0, centre_frequency_hz)
        radio.set_gain(0, gain_db)
    except RuntimeError as error:
        raise SourceError(uri, str(error)) from error
    return radio
