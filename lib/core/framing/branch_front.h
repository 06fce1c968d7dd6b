// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "framing/bit_history.h"
#include "framing/channel_front.h"
#include "framing/rail_streams.h"
#include "framing/reading_history.h"
#include "framing/soft_resolver.h"

#include <array>
#include <vector>

namespace xband::core {

/// QPSK with a K=7 code of its own on each rail (FengYun-3): two Viterbi decoders, each with its own puncture phase. Their
/// bits in turn are what hard decisions are on a link without inner code, so what is left of the rails' ambiguities is
/// rail_streams' work: order and sign of the rails, and the differential code.
class branch_front final : public channel_front
{
public:
    explicit branch_front(const framing_config& config);

    void push(std::span<const soft_bit> soft) override;
    void flush() override;
    void discard_before(std::int64_t position) override;

    const bit_history& bits() const override { return d_bits; }
    bool may_be_inverted() const override { return d_streams.front().may_be_inverted(); }
    std::int64_t soft_index(std::int64_t position) const override;
    channel_reading reading(std::int64_t position, std::size_t stream) const override;
    unsigned reading_changes(std::int64_t position, std::size_t n_bits) const override;
    std::optional<channel_quality> quality(std::int64_t position, std::size_t n_bits) const override;
    void look_again(const second_look& look) override;

private:
    struct branch {
        soft_resolver resolver;
        std::vector<soft_bit> soft{};
        std::vector<resolved_word> words{};
        std::vector<soft_bit> pairs{};
        soft_history history{};                ///< of pairs
        std::vector<std::uint8_t> look_bits{}; ///< read again, packed
    };

    void store();
    void look_at_changes(const second_look& look);
    void store_serial(std::uint64_t i, std::uint64_t q, std::int64_t position, unsigned n_bits);

    puncture_pattern d_pattern;
    std::array<branch, 2> d_branches;    ///< I, Q
    std::vector<soft_bit> d_soft;        ///< I, Q; what is left is less than a symbol
    std::vector<rail_streams> d_streams; ///< one for each difference that the code cannot tell
    std::vector<std::uint64_t> d_serial; ///< one word of each bit stream
    bit_history d_bits;
    bit_history d_channel{ 8 }; ///< per bit of a rail: c1 and c2 of I and of Q wrong, the same compared
    std::array<reading_history, 2> d_history;
    bool d_is_four_phase;
    viterbi_pinned d_pinned{ pin_meaning::changes };
    std::vector<pin> d_pins; ///< of a second look, from its head on
    std::vector<soft_bit> d_look_soft;
};

} // namespace xband::core
