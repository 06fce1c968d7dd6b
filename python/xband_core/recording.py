# SPDX-License-Identifier: GPL-3.0-or-later
"""IQ recordings: SigMF (.sigmf-meta with .sigmf-data) or raw samples. Checked before anything is decoded.

SigMF: specification 1.2, sections "SigMF Dataset Format" and "Global Object".
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from .errors import RecordingError
from .utc import parse_utc_ns

SAMPLE_LEN_BYTES = {"cs8": 2, "cs16": 4, "cf32": 8}
IQ_FORMATS = tuple(SAMPLE_LEN_BYTES)
SIGMF_FORMATS = {"ci8": "cs8", "ci16_le": "cs16", "cf32_le": "cf32"}
_MAX_META_LEN_BYTES = 64 << 20
_SUFFIX_HINT = "say --format cs8, cs16 or cf32"


@dataclass(frozen=True)
class Recording:
    """A recording that was found sound: n_samples are there and no half one.

    offset_bytes: where samples begin in ``data_file``; centre_frequency_hz, start_time_ns: None if it does not say;
    start_time_ns is UTC of the first sample.
    """

    data_file: Path
    iq_format: str
    sample_rate_hz: float
    n_samples: int
    offset_bytes: int = 0
    centre_frequency_hz: float | None = None
    start_time_ns: int | None = None

    @property
    def duration_s(self) -> float:
        """Length in time."""
        return self.n_samples / self.sample_rate_hz

    def blocks(self, block_len_samples: int) -> Iterator[memoryview]:
        """The samples' octets in blocks; the last may be shorter. Each is only valid until the next is asked for.

        Raises: RecordingError: the file has become shorter or cannot be read any more.
        """
        block_len = block_len_samples * SAMPLE_LEN_BYTES[self.iq_format]
        left = self.n_samples * SAMPLE_LEN_BYTES[self.iq_format]
        # Always the same memory: to touch new pages for every block costs as much as to read it.
        memory = memoryview(bytearray(min(block_len, left)))
        try:
            with self.data_file.open("rb", buffering=0) as stream:
                stream.seek(self.offset_bytes)
                while left > 0:
                    n_read = stream.readinto(memory[: min(block_len, left)])
                    if not n_read:
                        raise RecordingError(
                            self.data_file, f"ended {left} bytes early: did it change while being read?"
                        )
                    left -= n_read
                    yield memory[:n_read]
        except OSError as error:
            raise RecordingError(self.data_file, f"cannot be read: {error.strerror}") from error


def open_recording(path: Path | str, iq_format: str | None = None, sample_rate_hz: float | None = None) -> Recording:
    """Finds out what a recording is and checks it.

    Args: path: .sigmf-meta, .sigmf-data, their common stem, or a raw file; iq_format, sample_rate_hz: for raw files,
    whose format also goes by the suffix (.cs8, .cs16, .cf32). With SigMF they must agree with the metadata.
    Raises: RecordingError: unreadable, empty, truncated, of a format that is not supported, or facts missing.
    """
    path = Path(path)
    if iq_format is not None and iq_format not in IQ_FORMATS:
        raise RecordingError(path, f"format {iq_format!r} is none of {', '.join(IQ_FORMATS)}")
    if sample_rate_hz is not None and not (math.isfinite(sample_rate_hz) and sample_rate_hz > 0):
        raise RecordingError(path, f"sample rate {sample_rate_hz} Hz is not above 0")
    meta_file = _sigmf_meta_of(path)
    if meta_file is not None:
        return _open_sigmf(meta_file, iq_format, sample_rate_hz)
    iq_format = iq_format or path.suffix.removeprefix(".").lower()
    if iq_format not in IQ_FORMATS:
        raise RecordingError(path, f"a raw recording does not tell its sample format: {_SUFFIX_HINT}")
    if sample_rate_hz is None:
        raise RecordingError(path, "a raw recording does not tell its sample rate: say --sample-rate HZ")
    n_samples = _count_samples(path, iq_format, 0, 0)
    return Recording(path, iq_format, float(sample_rate_hz), n_samples)


def _sigmf_meta_of(path: Path) -> Path | None:
    """The metadata file that belongs to a path, None for a raw recording."""
    if path.suffix in (".sigmf-meta", ".sigmf-data"):
        return path.with_suffix(".sigmf-meta")
    beside = Path(f"{path}.sigmf-meta")
    return beside if not path.exists() and beside.exists() else None


def _open_sigmf(meta_file: Path, iq_format: str | None, sample_rate_hz: float | None) -> Recording:
    meta = _read_meta(meta_file)
    facts = _object(meta_file, meta, "global")
    datatype = facts.get("core:datatype")
    if datatype not in SIGMF_FORMATS:
        raise RecordingError(
            meta_file, f"core:datatype {datatype!r} is not supported; supported: {', '.join(SIGMF_FORMATS)}"
        )
    found_format = SIGMF_FORMATS[datatype]
    if iq_format not in (None, found_format):
        raise RecordingError(meta_file, f"--format {iq_format} contradicts core:datatype {datatype}")
    if facts.get("core:num_channels", 1) != 1:
        raise RecordingError(meta_file, f"core:num_channels {facts['core:num_channels']!r}: one channel is supported")
    rate = _number(meta_file, facts, "core:sample_rate")
    if rate is None:
        rate = sample_rate_hz
    if rate is None or rate <= 0:
        raise RecordingError(meta_file, "core:sample_rate is missing or not above 0: add it or say --sample-rate HZ")
    if sample_rate_hz not in (None, rate):
        raise RecordingError(meta_file, f"--sample-rate {sample_rate_hz:g} contradicts core:sample_rate {rate:.12g}")
    captures = meta.get("captures", [])
    if not isinstance(captures, list) or not all(isinstance(capture, dict) for capture in captures):
        raise RecordingError(meta_file, "captures is not a list of objects")
    capture = captures[0] if captures else {}
    data_file = meta_file.with_suffix(".sigmf-data")
    header_len = _length(meta_file, capture, "core:header_bytes")
    n_samples = _count_samples(data_file, found_format, header_len, _length(meta_file, facts, "core:trailing_bytes"))
    return Recording(
        data_file=data_file,
        iq_format=found_format,
        sample_rate_hz=rate,
        n_samples=n_samples,
        offset_bytes=header_len,
        centre_frequency_hz=_number(meta_file, capture, "core:frequency"),
        start_time_ns=_start_time(meta_file, capture),
    )


def _read_meta(meta_file: Path) -> dict[str, Any]:
    try:
        with meta_file.open("rb") as stream:
            data = stream.read(_MAX_META_LEN_BYTES + 1)
    except OSError as error:
        raise RecordingError(meta_file, f"cannot be read: {error.strerror}") from error
    if len(data) > _MAX_META_LEN_BYTES:
        raise RecordingError(meta_file, f"more than {_MAX_META_LEN_BYTES} bytes cannot be SigMF metadata")
    try:
        meta = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RecordingError(meta_file, f"is not JSON: {error}") from error
    if not isinstance(meta, dict):
        raise RecordingError(meta_file, "is not a JSON object")
    return meta


def _object(meta_file: Path, meta: dict[str, Any], key: str) -> dict[str, Any]:
    value = meta.get(key)
    if not isinstance(value, dict):
        raise RecordingError(meta_file, f"has no object {key!r}: not SigMF metadata")
    return value


def _number(meta_file: Path, facts: dict[str, Any], key: str) -> float | None:
    value = facts.get(key)
    if value is None:
        return None
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or abs(value) > 1e15 or not math.isfinite(value):
        raise RecordingError(meta_file, f"{key} {str(value)[:40]!r} is not a number that makes sense")
    return float(value)


def _length(meta_file: Path, facts: dict[str, Any], key: str) -> int:
    value = _number(meta_file, facts, key) or 0.0
    if value < 0 or value != int(value):
        raise RecordingError(meta_file, f"{key} {value:g} is not a number of bytes")
    return int(value)


def _start_time(meta_file: Path, capture: dict[str, Any]) -> int | None:
    text = capture.get("core:datetime")
    if text is None:
        return None
    try:
        return parse_utc_ns(str(text))
    except ValueError as error:
        raise RecordingError(meta_file, f"core:datetime: {error}") from error


def _count_samples(data_file: Path, iq_format: str, header_len: int, trailer_len: int) -> int:
    """Samples in the file, after making sure that it opens and holds whole ones."""
    try:
        with data_file.open("rb") as stream:
            size = _size(stream)
    except OSError as error:
        raise RecordingError(data_file, f"cannot be read: {error.strerror}") from error
    sample_len = SAMPLE_LEN_BYTES[iq_format]
    n_samples, rest = divmod(size - header_len - trailer_len, sample_len)
    if n_samples < 0 or (n_samples == 0 and rest == 0):
        raise RecordingError(data_file, "holds no samples")
    if rest:
        raise RecordingError(
            data_file,
            f"{size} bytes are no whole number of {sample_len}-byte {iq_format} samples: truncated, or another format",
        )
    return n_samples


def _size(stream: BinaryIO) -> int:
    """Size by seeking, which also refuses pipes and terminals with an OSError."""
    return stream.seek(0, 2)
