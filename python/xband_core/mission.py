# SPDX-License-Identifier: GPL-3.0-or-later
"""A mission: everything the receiver needs to know about one satellite's downlink, read from one YAML file.

``load_mission("suomi-npp")`` takes a shipped file of ``missions/``; ``load_mission("./my-sat.yml")`` takes yours. The
fields here are the keys of the file; ``missions/suomi-npp.yml`` is the commented example.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CODE_RATES = {
    "conv_k7_r12": 1 / 2,
    "conv_k7_r23": 2 / 3,
    "conv_k7_r34": 3 / 4,
    "conv_k7_r56": 5 / 6,
    "conv_k7_r78": 7 / 8,
}
"""Inner codes: information bits per channel bit. CCSDS 131.0-B-5, 3.3 and (punctured) 3.4."""


@dataclass(frozen=True)
class Source:
    """Where a fact comes from. kind: operator, decoder, recording, catalogue or estimate."""

    title: str
    kind: str


@dataclass(frozen=True)
class Modulation:
    """Waveform. kind: bpsk, qpsk, oqpsk; rolloff: of the root-raised-cosine pulse; differential: none, nrz_m (on the
    bit stream, before the inner encoder), nrz_m_per_rail (on I and Q each), four_phase (on both, FengYun-3)."""

    kind: str
    symbol_rate_hz: float
    rolloff: float
    differential: str


@dataclass(frozen=True)
class ReedSolomon:
    """Outer code RS(255, 255 - parity) of CCSDS 131.0-B-5, section 4. basis: dual or conventional; virtual_fill:
    octets per codeword that are not transmitted."""

    parity: int
    basis: str
    interleave: int
    virtual_fill: int

    @property
    def data_len_bytes(self) -> int:
        """Octets of the transfer frame that fill the code block."""
        return self.interleave * (255 - self.parity - self.virtual_fill)

    @property
    def parity_len_bytes(self) -> int:
        """Check symbols of the whole code block."""
        return self.interleave * self.parity


@dataclass(frozen=True)
class Coding:
    """Channel coding. inner: none or one of CODE_RATES (convolutional, 171/133 octal); rs: None without outer code;
    randomizer: none or ccsds (255-bit sequence); sync_marker: the attached sync marker, 32 bits; rail_mapping: how
    the inner code's symbols come on the rails: serial (in turn), c1_c2 (kept c1 on I, kept c2 on Q), per_rail (a code
    each)."""

    inner: str
    rs: ReedSolomon | None
    randomizer: str
    sync_marker: int
    rail_mapping: str = "serial"


@dataclass(frozen=True)
class VirtualChannel:
    """packets: whether the channel carries space packets (M_PDU, or packets in a TM frame)."""

    name: str
    packets: bool


@dataclass(frozen=True)
class Framing:
    """Transfer frames. kind: aos (CCSDS 732.0-B), tm (132.0-B) or raw (no header is read).

    has_ocf: operational control field in every frame (AOS; a TM frame says so itself); has_fecf: CRC-16 at the end;
    is_contiguous: False where frames come one by one, with idle bits or nothing between them (docs/framing.md);
    virtual_channels: the known ones. Channels not listed are taken to carry packets.
    """

    kind: str
    frame_len_bytes: int
    scid: int | None
    insert_zone_len_bytes: int
    has_ocf: bool
    has_fecf: bool
    virtual_channels: Mapping[int, VirtualChannel]
    is_contiguous: bool = True

    def carries_packets(self, vcid: int) -> bool:
        """Whether packets are to be extracted from this virtual channel."""
        channel = self.virtual_channels.get(vcid)
        return self.kind != "raw" and (channel is None or channel.packets)


@dataclass(frozen=True)
class Corrections:
    """What the demodulator may do to samples and symbols. equaliser: off, auto (where it raises Es/N0), on; conditioner
    (DC, I/Q imbalance, pulses): off, auto (where they are)."""

    equaliser: str = "auto"
    conditioner: str = "auto"


@dataclass(frozen=True)
class Link:
    """What the simulator and the pass planner need. eirp_dbw: towards the edge of coverage."""

    eirp_dbw: float


@dataclass(frozen=True)
class Mission:
    """One downlink of one satellite.

    norad_cat_id: its identifier in orbit catalogues, nearly always a number. flowgraph: the .grc file that receives it;
    sources: dotted field -> origin.
    """

    name: str
    title: str
    norad_cat_id: str
    centre_frequency_hz: float
    polarisation: str
    modulation: Modulation
    coding: Coding
    framing: Framing
    link: Link | None
    flowgraph: str
    sources: Mapping[str, Source]
    file: Path
    corrections: Corrections = Corrections()

    @property
    def code_block_len_bytes(self) -> int:
        """Transfer frame plus check symbols."""
        rs = self.coding.rs
        return self.framing.frame_len_bytes + (0 if rs is None else rs.parity_len_bytes)

    @property
    def cadu_len_bytes(self) -> int:
        """Channel access data unit: sync marker plus code block."""
        return 4 + self.code_block_len_bytes

    @property
    def information_bit_rate_hz(self) -> float:
        """Bits per second behind the inner decoder (sync markers and check symbols included)."""
        bits_per_symbol = 1 if self.modulation.kind == "bpsk" else 2
        return self.modulation.symbol_rate_hz * bits_per_symbol * CODE_RATES.get(self.coding.inner, 1.0)

    @property
    def frame_rate_hz(self) -> float:
        """Transfer frames per second."""
        return self.information_bit_rate_hz / (8 * self.cadu_len_bytes)

    def decoder_config(self) -> dict[str, Any]:
        """Keyword arguments for ``_core.FrameDecoder`` (and its encoder)."""
        rs = self.coding.rs
        return {
            "modulation": self.modulation.kind,
            "inner_code": self.coding.inner,
            "rail_mapping": self.coding.rail_mapping,
            "differential": self.modulation.differential,
            "randomized": self.coding.randomizer == "ccsds",
            "sync_marker": self.coding.sync_marker,
            "has_rs": rs is not None,
            "rs_parity": 32 if rs is None else rs.parity,
            "rs_dual_basis": rs is None or rs.basis == "dual",
            "rs_interleave": 1 if rs is None else rs.interleave,
            "rs_virtual_fill": 0 if rs is None else rs.virtual_fill,
            "frame_len_bytes": self.framing.frame_len_bytes,
            "has_fecf": self.framing.has_fecf,
            "frame_kind": self.framing.kind,
            "is_contiguous": self.framing.is_contiguous,
            "scid": self.framing.scid,
        }

    def demodulator_config(
        self, sample_rate_hz: float, iq_format: str, frequency_offset_hz: float = 0.0
    ) -> dict[str, Any]:
        """Keyword arguments for ``_core.PskDemodulator``.

        Args: sample_rate_hz: of the recording; iq_format: cs8, cs16 or cf32; frequency_offset_hz: expected carrier
        offset from the recording's centre.
        """
        return {
            "modulation": self.modulation.kind,
            "sample_rate_hz": sample_rate_hz,
            "symbol_rate_hz": self.modulation.symbol_rate_hz,
            "rolloff": self.modulation.rolloff,
            "iq_format": iq_format,
            "frequency_offset_hz": frequency_offset_hz,
            "equaliser": self.corrections.equaliser,
            "conditioner": self.corrections.conditioner,
        }


def load_mission(name_or_path: str | Path) -> Mission:
    """Reads a shipped mission by name, or any mission file by path.

    What has a slash or ends in .yml or .yaml is a path.
    Raises: MissionError: unknown name, unreadable file, or anything in it that is not as documented.
    """
    from .mission_loader import load  # the loader needs the classes above

    return load(name_or_path)


def mission_names() -> list[str]:
    """Names of the shipped missions, sorted."""
    from .mission_loader import shipped_files

    return sorted(shipped_files())
