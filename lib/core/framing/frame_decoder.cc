// SPDX-License-Identifier: GPL-3.0-or-later
#include "framing/frame_decoder.h"
#include "framing/cadu_sync.h"
#include "framing/channel_front.h"
#include "framing/mark_timeline.h"
#include "framing/single_cadu_sync.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <stdexcept>

namespace xband::core {

namespace {

// Soft bits decoded before frames are looked for: bounds the memory of a large push().
constexpr std::size_t slice_soft_bits = 65536;

constexpr std::uint8_t ambiguity_swapped = 1;
constexpr std::uint8_t ambiguity_second_inverted = 2;
constexpr std::uint8_t ambiguity_frame_inverted = 4;
constexpr std::uint8_t ambiguity_odd_offset = 8;

template <class Unsigned>
Unsigned saturate(std::uint64_t value)
{
    return Unsigned(std::min<std::uint64_t>(value, std::numeric_limits<Unsigned>::max()));
}

std::unique_ptr<synchroniser> make_synchroniser(frame_codec& codec, const channel_front& front, frame_rescue& rescue)
{
    if (codec.config().is_contiguous)
        return std::make_unique<cadu_sync>(codec, front.bits(), front.may_be_inverted(), &rescue);
    return std::make_unique<single_cadu_sync>(codec, front.bits(), front.may_be_inverted());
}

} // namespace

class frame_decoder::impl
{
public:
    explicit impl(const framing_config& config)
        : d_codec(config),
          d_front(make_channel_front(config)),
          d_rescue(d_codec, *d_front),
          d_sync(make_synchroniser(d_codec, *d_front, d_rescue)),
          d_stride(frame_record_stride(config.code_block_len_bytes())),
          d_rails(rails(config.modulation)),
          d_is_offset_qpsk(config.modulation == modulation::oqpsk)
    {
    }

    std::size_t stride() const { return d_stride; }
    std::size_t available() const { return (d_records.size() - d_read) / d_stride; }
    void mark(const clock_mark& m) { d_marks.add(m); }

    void push(std::span<const soft_bit> soft)
    {
        if (d_is_flushed)
            throw std::logic_error("frame_decoder: push() after flush()");
        d_stats.soft_bits_in += soft.size();
        while (!soft.empty()) {
            const auto slice = soft.first(std::min(soft.size(), slice_soft_bits));
            soft = soft.subspan(slice.size());
            d_front->push(slice);
            d_sync->advance();
            collect();
        }
    }

    void flush()
    {
        if (d_is_flushed)
            return;
        d_is_flushed = true;
        d_front->flush();
        d_sync->finish();
        collect();
    }

    std::size_t pull(std::span<std::uint8_t> records)
    {
        const std::size_t n = std::min(available(), records.size() / d_stride);
        std::copy_n(d_records.begin() + std::ptrdiff_t(d_read), n * d_stride, records.begin());
        d_read += n * d_stride;
        if (d_read >= d_records.size() / 2) {
            d_records.erase(d_records.begin(), d_records.begin() + std::ptrdiff_t(d_read));
            d_read = 0;
        }
        return n;
    }

    frame_decoder_stats stats() const
    {
        frame_decoder_stats stats = d_stats;
        stats.is_locked = d_sync->is_locked();
        stats.locks = d_sync->stats().locks;
        stats.sync_losses = d_sync->stats().sync_losses;
        stats.frames_abandoned = d_sync->stats().frames_abandoned;
        stats.frames_truncated = d_sync->stats().frames_truncated;
        return stats;
    }

private:
    void collect()
    {
        auto& frames = d_sync->frames();
        for (; !frames.empty(); frames.pop_front()) {
            write_record(frames.front());
            d_codec.give_back(frames.front().frame);
        }
        const std::int64_t oldest = d_sync->oldest_needed();
        d_front->discard_before(oldest);
        d_marks.discard_before(symbol_at(oldest));
    }

    /// Symbol whose (fractional) index a bit position stands for; OQPSK's second rail is half a symbol late.
    double symbol_at(std::int64_t position) const
    {
        const std::int64_t soft = d_front->soft_index(position);
        if (d_is_offset_qpsk)
            return double(soft) / 2;
        return d_rails == 2 ? std::floor(double(soft) / 2) : double(soft);
    }

    /// How the channel is read at a bit of a frame, as in frame_record_header.
    std::uint8_t ambiguity_at(std::int64_t position, const frame_place& place) const
    {
        const channel_reading reading = d_front->reading(position, place.stream);
        unsigned bits = 0;
        bits |= reading.is_swapped ? ambiguity_swapped : 0U;
        bits |= reading.is_second_inverted || reading.is_g2_inverted ? ambiguity_second_inverted : 0U;
        bits |= place.is_inverted ? ambiguity_frame_inverted : 0U;
        bits |= reading.offset != 0 ? ambiguity_odd_offset : 0U;
        return std::uint8_t(bits);
    }

    void write_record(const located_frame& found)
    {
        const framing_config& config = d_codec.config();
        const decoded_frame& frame = found.frame;
        const std::int64_t position = found.place.position;
        const double symbol = symbol_at(position);
        frame_record_header header;
        header.code_block_len_bytes = std::uint16_t(config.code_block_len_bytes());
        header.frame_len_bytes = std::uint16_t(config.frame_len_bytes);
        header.sequence = d_sequence++;
        header.first_sample = d_marks.sample_at(symbol);
        header.first_symbol = std::uint64_t(std::max(symbol, 0.0)); // a frame mended at its start may begin before 0
        const clock_mark* mark = d_marks.at(symbol);
        header.es_n0_db = mark != nullptr ? mark->es_n0_db : std::numeric_limits<float>::quiet_NaN();
        header.evm_percent = mark != nullptr ? mark->evm_percent : std::numeric_limits<float>::quiet_NaN();
        header.carrier_offset_hz = mark != nullptr ? mark->carrier_offset_hz : 0;
        header.symbol_rate_error_ppm = mark != nullptr ? mark->symbol_rate_error_ppm : 0;
        header.state = frame.state;
        header.sync = found.sync;
        header.sync_errors = std::uint8_t(found.place.marker_errors);
        header.bit_slip = found.bit_slip;
        header.corrected_symbols = frame.rs.corrected;
        if (const auto quality = channel_quality_of(found)) {
            header.channel_bit_errors = std::min<std::uint16_t>(saturate<std::uint16_t>(quality->wrong), 0xfffe);
            header.channel_bits = saturate<std::uint16_t>(quality->compared);
            d_stats.channel_bits += quality->compared;
            d_stats.channel_bit_errors += quality->wrong;
        }
        header.ambiguity = ambiguity_at(position, found.place);
        header.checks = frame.checks;
        header.recovery = frame.recovery;
        header.rs_margin = rs_margin_of(frame);
        const std::size_t len_bits = config.cadu_len_bits();
        const bool is_read_otherwise = header.sequence > 0 && header.ambiguity != d_last_ambiguity;
        header.phase_slips =
            saturate<std::uint8_t>(d_front->reading_changes(position, len_bits) + unsigned{ is_read_otherwise });
        d_last_ambiguity = ambiguity_at(position + std::int64_t(len_bits) - 1, found.place);
        count(header, frame);

        const std::size_t at = d_records.size();
        d_records.resize(at + d_stride);
        std::memcpy(d_records.data() + at, &header, sizeof header);
        std::copy(
            frame.code_block.begin(), frame.code_block.end(), d_records.begin() + std::ptrdiff_t(at + sizeof header));
    }

    /// Errors that the worst codeword could have had on top of those it had; -1 beyond repair.
    std::int8_t rs_margin_of(const decoded_frame& frame) const
    {
        const framing_config& config = d_codec.config();
        if (!config.has_rs)
            return frame_record_header::rs_margin_unknown;
        const unsigned worst = *std::ranges::max_element(frame.rs.corrected);
        if (worst == rs_result::uncorrectable)
            return -1;
        return std::int8_t(config.rs.parity / 2 -
                           std::min(worst, config.rs.parity / 2)); // erasures allow more than half
    }

    /// Without inner code Reed-Solomon tells which bits of the CADU were wrong.
    std::optional<channel_quality> channel_quality_of(const located_frame& found) const
    {
        const std::size_t len_bits = d_codec.config().cadu_len_bits();
        if (const auto quality = d_front->quality(found.place.position, len_bits))
            return quality;
        if (!found.frame.bits_mended)
            return std::nullopt;
        return channel_quality{ *found.frame.bits_mended + found.place.marker_errors, len_bits };
    }

    void count(const frame_record_header& header, const decoded_frame& frame)
    {
        switch (header.state) {
        case integrity::good:
            ++d_stats.frames_good;
            break;
        case integrity::corrected:
            ++d_stats.frames_corrected;
            break;
        case integrity::uncorrectable:
            ++d_stats.frames_uncorrectable;
            break;
        case integrity::not_checked:
            ++d_stats.frames_not_checked;
            break;
        }
        d_stats.frames_backfilled += header.sync == sync_state::backfilled;
        d_stats.frames_flywheel += header.sync == sync_state::flywheel;
        d_stats.bit_slips += header.bit_slip != 0;
        d_stats.ambiguity_changes += header.phase_slips;
        if (header.rs_margin != frame_record_header::rs_margin_unknown)
            ++d_stats.frames_by_rs_margin[std::size_t(header.rs_margin + 1)];
        ++d_stats.frames_by_recovery[std::size_t(header.recovery)];
        d_stats.ambiguity = header.ambiguity;
        d_stats.rs_corrected_symbols += frame.rs.total;
        d_stats.marker_bits += 32;
        d_stats.marker_bit_errors += header.sync_errors;
    }

    frame_codec d_codec;
    std::unique_ptr<channel_front> d_front;
    frame_rescue d_rescue;
    std::unique_ptr<synchroniser> d_sync;
    mark_timeline d_marks;
    std::size_t d_stride;
    unsigned d_rails;
    bool d_is_offset_qpsk;
    bool d_is_flushed = false;
    std::uint64_t d_sequence = 0;
    std::uint8_t d_last_ambiguity = 0; ///< at the end of the last frame
    std::vector<std::uint8_t> d_records;
    std::size_t d_read = 0; ///< octets of d_records already pulled
    frame_decoder_stats d_stats{};
};

frame_decoder::frame_decoder(const framing_config& config) : d_impl(std::make_unique<impl>(config)) {}
frame_decoder::~frame_decoder() = default;
frame_decoder::frame_decoder(frame_decoder&&) noexcept = default;
frame_decoder& frame_decoder::operator=(frame_decoder&&) noexcept = default;

std::size_t frame_decoder::record_stride() const { return d_impl->stride(); }
void frame_decoder::push(std::span<const soft_bit> soft) { d_impl->push(soft); }
void frame_decoder::mark(const clock_mark& mark) { d_impl->mark(mark); }
std::size_t frame_decoder::available() const { return d_impl->available(); }
std::size_t frame_decoder::pull(std::span<std::uint8_t> records) { return d_impl->pull(records); }
void frame_decoder::flush() { d_impl->flush(); }
frame_decoder_stats frame_decoder::stats() const { return d_impl->stats(); }

} // namespace xband::core
