// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "framing/bit_history.h"
#include "framing/frame_codec.h"
#include "framing/frame_record.h"
#include "framing/marker_search.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace xband::core {

/// Where a CADU stands.
struct frame_place {
    std::int64_t position = 0; ///< bit of the stream where its sync marker begins
    std::size_t stream = 0;    ///< which of the parallel streams reads right here
    bool is_inverted = false;
    unsigned marker_errors = 0;
};

struct located_frame {
    frame_place place{};
    sync_state sync = sync_state::lock;
    std::int8_t bit_slip = 0; ///< bits away from where the frame before it had let it expect
    decoded_frame frame{};
};

/// Markers and frames at given places of bit streams: what every synchroniser looks at.
class cadu_reader
{
public:
    static constexpr std::int64_t marker_bits = 32;

    /// \param codec, bits  must outlive this object.
    /// \param max_errors  wrong bits in the markers that next_marker() finds.
    /// \param inverted_too  streams may be inverted as a whole.
    cadu_reader(frame_codec& codec, const bit_history& bits, unsigned max_errors, bool inverted_too);

    const framing_config& config() const { return d_codec.config(); }
    bool can_check() const { return d_codec.can_check(); }
    /// Bits so far.
    std::int64_t end() const { return d_bits.end(); }

    /// First position in from..limit-1 at which a marker stands in any stream.
    std::optional<std::int64_t> next_marker(std::int64_t from, std::int64_t limit) const;

    /// Markers with few enough wrong bits at a position, in the order of streams.
    std::vector<frame_place> markers_at(std::int64_t position, unsigned max_errors) const;

    /// A place read like another one, with its own marker errors.
    frame_place place_at(const frame_place& like, std::int64_t position) const;

    located_frame decode_at(const frame_place& place);

    /// The first n octets of the code block as one place has them, the others as another; called a frame at the first.
    located_frame decode_stitched(const frame_place& first, const frame_place& second, std::size_t n_octets_of_first);

    /// The check and, where there is one, the header are right.
    bool is_right(const decoded_frame& frame) const { return is_right(config(), frame); }
    static bool is_right(const framing_config& config, const decoded_frame& frame);

private:
    frame_codec& d_codec;
    const bit_history& d_bits;
    marker_search d_search;
    bool d_inverted_too;
};

} // namespace xband::core
