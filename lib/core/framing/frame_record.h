// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace xband::core {

enum class integrity : std::uint8_t {
    good = 0,          ///< every codeword free of errors
    corrected = 1,     ///< errors found and mended
    uncorrectable = 2, ///< at least one codeword beyond repair (or FECF wrong): flagged, never dropped
    not_checked = 3,   ///< the mission has neither Reed-Solomon nor FECF
};

enum class sync_state : std::uint8_t {
    lock = 0,       ///< the sync marker stood where it was expected
    flywheel = 1,   ///< the marker was missing; position kept from the frames before
    backfilled = 2, ///< frame before the one that proved the lock
};

/// What it took to make a frame right beyond Viterbi and Reed-Solomon as they are.
enum class frame_recovery : std::uint8_t {
    none = 0,
    erasures = 1,   ///< Reed-Solomon was told which octets are doubtful: erased, or read otherwise
    rs_pinned = 2,  ///< inner code decoded again, with the codewords that came right held fixed
    data_aided = 3, ///< symbols demodulated again with the help of what was decoded
    stitched = 4,   ///< read in two ways, before and after a slip
};
constexpr std::size_t n_frame_recoveries = 5;

/// Header of a frame record, 128 octets, little-endian, followed by the code block (transfer frame and check symbols,
/// derandomised and corrected, without sync marker), zero-padded to a multiple of 64 octets.
/// The same layout is read by xband_core/records.py.
struct frame_record_header {
    static constexpr std::uint32_t magic_value = 0x32524658; // "XFR2"

    std::uint32_t magic = magic_value;
    std::uint16_t code_block_len_bytes = 0; ///< transfer frame plus check symbols
    std::uint16_t frame_len_bytes = 0;      ///< transfer frame only
    std::uint64_t sequence = 0;             ///< frames emitted by this decoder before this one
    double first_sample = 0;                ///< sample index of the first symbol of the sync marker; NaN unknown
    std::uint64_t first_symbol = 0;         ///< channel symbol index of the same
    float es_n0_db = 0;                     ///< NaN while unknown
    float carrier_offset_hz = 0;
    float symbol_rate_error_ppm = 0;
    integrity state = integrity::not_checked;
    sync_state sync = sync_state::lock;
    std::uint8_t sync_errors = 0;                    ///< wrong bits in the sync marker
    std::int8_t bit_slip = 0;                        ///< bits the marker had moved against its expected place
    std::array<std::uint8_t, 8> corrected_symbols{}; ///< per codeword; 255 = uncorrectable
    std::uint16_t channel_bit_errors = 0xffff;       ///< against re-encoding; 0xffff unknown
    std::uint16_t channel_bits = 0;                  ///< compared, saturating
    std::uint8_t ambiguity =
        0; ///< bit 0 rails swapped, bit 1 second rail inverted, bit 2 frame inverted, bit 3 pairs begin at odd soft bits
    std::uint8_t checks = 0; ///< bit 0 FECF present, bit 1 FECF right, bit 2 header as the mission says
    frame_recovery recovery = frame_recovery::none;
    std::int8_t rs_margin = rs_margin_unknown; ///< symbols that the worst codeword could still lose; -1: beyond repair
    float evm_percent = 0;                     ///< rms, of the rms of the ideal symbols; NaN while unknown
    std::uint8_t phase_slips = 0; ///< times the reading of the channel changed since the end of the frame before
    std::array<std::uint8_t, 59> reserved{};

    static constexpr std::int8_t rs_margin_unknown = 127; ///< the mission has no Reed-Solomon code
};
static_assert(sizeof(frame_record_header) == 128);
static_assert(std::endian::native == std::endian::little, "records are written as they stand in memory");

/// Bytes from one record to the next.
constexpr std::size_t frame_record_stride(std::size_t code_block_len_bytes)
{
    return (sizeof(frame_record_header) + code_block_len_bytes + 63) / 64 * 64;
}

} // namespace xband::core
