# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio blocks for X-band satellite reception."""

from gnuradio import gr as _gr

from .xband_python import *  # noqa: F403  (the C++ blocks; names are given in the bindings)
from .xband_python import built_with_gnuradio as _built_with


def _check_gnuradio_version(running: str, built_with: str) -> None:
    """Refuses a GNU Radio whose ABI is another one: it would crash later and say nothing.

    Raises: ImportError: the first three parts of the versions differ.
    """
    if running.lstrip("v").split(".")[:3] != built_with.split(".")[:3]:
        raise ImportError(
            f"gnuradio.xband was built for GNU Radio {built_with}, but {running} is running. "
            "Build gr-xband again: cmake -B build && cmake --build build"
        )


_check_gnuradio_version(_gr.version(), _built_with)

from .frame_file_sink import frame_file_sink  # noqa: E402  (after the version check)
from .frame_publisher import frame_publisher  # noqa: E402
from .frames_to_pdu import frames_to_pdu  # noqa: E402
from .iq_source import iq_source  # noqa: E402
from .quality_trace import quality_trace  # noqa: E402
from .receiver import receiver  # noqa: E402

__all__ = ["frame_file_sink", "frame_publisher", "frames_to_pdu", "iq_source", "quality_trace", "receiver"]
