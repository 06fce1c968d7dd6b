// SPDX-License-Identifier: GPL-3.0-or-later
#include "fec/viterbi.h"
#include "base/simd_target.h"
#include "fec/channel_words.h"
#include "fec/error_free.h"
#include "fec/viterbi_kernels.h"
#include <algorithm>
#include <stdexcept>
#include <string>

namespace xband::core {
namespace {

using viterbi::word_bits;

void require(bool holds, const char* what, std::size_t is, const std::string& must)
{
    if (!holds)
        throw std::invalid_argument("viterbi_batch: " + std::string(what) + " is " + std::to_string(is) + ", must be " +
                                    must);
}

// Signed, as times before the payload are negative.
constexpr std::ptrdiff_t block_stages = viterbi::block_stages, label_delay = viterbi::label_delay;

/// Words that the overlap touches on one side.
constexpr std::size_t overlap_words(std::size_t overlap_bits) { return (overlap_bits + word_bits - 1) / word_bits; }

/// Skipping pays if the windows that are left take less than this share of the time of a whole batch.
constexpr double worthwhile_share = 0.7;

} // namespace

/// What has to be decoded of one segment; times in bits after the beginning of the payload.
struct viterbi_batch::window {
    std::ptrdiff_t begin, latest_end; ///< of the trellis; it may begin earlier, but not end later
    std::size_t n_blocks;
    std::ptrdiff_t octets_begin, octets_end; ///< of the payload
};

viterbi_batch::viterbi_batch(std::size_t segment_bits, std::size_t overlap_bits, bool skips_error_free)
    : d_segment_bits(segment_bits),
      d_overlap_bits(overlap_bits),
      d_skips_error_free(skips_error_free)
{
    require(segment_bits % 64 == 0 && segment_bits >= 128 && segment_bits <= max_segment_bits,
            "segment_bits",
            segment_bits,
            "a multiple of 64 in 128.." + std::to_string(max_segment_bits));
    require(overlap_bits % 8 == 0 && overlap_bits >= 64 && overlap_bits <= max_overlap_bits,
            "overlap_bits",
            overlap_bits,
            "a multiple of 8 in 64.." + std::to_string(max_overlap_bits));
    active_target(); // the place to refuse a wrong XBAND_SIMD_TARGET, not the sample path
    const std::size_t blocks = viterbi::n_blocks(segment_bits, overlap_bits);
    d_labels.resize(blocks * viterbi::label_octets / sizeof(cache_line));
    d_octets.resize(blocks * n_segments);
    d_words.resize(payload_bits() / word_bits + 2 * overlap_words(overlap_bits));
    // Two proven stretches are more than a word apart, and a segment's ends cut one each.
    d_doubtful.reserve(d_words.size() + 1);
    d_windows.reserve(d_words.size() + 2 * n_segments);
}

viterbi_batch::viterbi_batch(viterbi_batch&&) noexcept = default;
viterbi_batch& viterbi_batch::operator=(viterbi_batch&&) noexcept = default;
viterbi_batch::~viterbi_batch() = default;

void viterbi_batch::decode(std::span<const soft_bit> soft,
                           std::span<std::uint8_t> bits,
                           std::span<channel_word> channel)
{
    require(soft.size() == input_soft_bits(), "soft.size()", soft.size(), std::to_string(input_soft_bits()));
    require(bits.size() == payload_bits() / 8, "bits.size()", bits.size(), std::to_string(payload_bits() / 8));
    require(channel.size() == payload_bits() / word_bits,
            "channel.size()",
            channel.size(),
            std::to_string(payload_bits() / word_bits));
    harden_input(soft);
    const bool few_errors = d_skips_error_free && viterbi::has_few_errors(d_words) && plan_windows(soft);
    const std::uint8_t octet_before = few_errors ? decode_windows(soft, bits) : decode_all(soft, bits);
    viterbi::compare(payload_words(), bits, octet_before, channel);
}

std::span<viterbi::hard_word> viterbi_batch::payload_words()
{
    return std::span(d_words).subspan(overlap_words(d_overlap_bits), payload_bits() / word_bits);
}

/// Fills d_words; what lies before and after the input is erased.
void viterbi_batch::harden_input(std::span<const soft_bit> soft)
{
    std::span<viterbi::hard_word> words = d_words;
    const std::size_t edge = 2 * (d_overlap_bits % word_bits);
    if (edge != 0) {
        std::array<soft_bit, 2 * word_bits> first{}, last{};
        std::copy_n(soft.begin(), edge, first.end() - static_cast<std::ptrdiff_t>(edge));
        std::copy_n(soft.end() - static_cast<std::ptrdiff_t>(edge), edge, last.begin());
        viterbi::harden(first.data(), words.first(1));
        viterbi::harden(last.data(), words.last(1));
        words = words.subspan(1, words.size() - 2);
    }
    viterbi::harden(soft.data() + edge, words);
}

/// Decodes every bit. \returns the 8 bits before the payload.
std::uint8_t viterbi_batch::decode_all(std::span<const soft_bit> soft, std::span<std::uint8_t> bits)
{
    const std::size_t blocks = viterbi::n_blocks(d_segment_bits, d_overlap_bits);
    viterbi::stretches job{ {}, blocks, d_octets, d_labels.data()->octets.data() };
    for (std::size_t segment = 0; segment < n_segments; ++segment)
        job.soft[segment] = soft.data() + 2 * (segment * d_segment_bits + viterbi::label_delay);
    viterbi::decode_stretches(job);
    const std::size_t head = d_overlap_bits / viterbi::block_stages;
    const std::size_t segment_octets = d_segment_bits / 8;
    for (std::size_t segment = 0; segment < n_segments; ++segment)
        std::copy_n(&d_octets[segment * blocks + head], segment_octets, &bits[segment * segment_octets]);
    return d_octets[head - 1];
}

/// Finds what has to be decoded if error-free stretches are skipped. \returns true if that is worth it.
bool viterbi_batch::plan_windows(std::span<const soft_bit> soft)
{
    const auto overlap = static_cast<std::ptrdiff_t>(d_overlap_bits);
    const auto segment_bits = static_cast<std::ptrdiff_t>(d_segment_bits);
    const auto words_begin = -static_cast<std::ptrdiff_t>(overlap_words(d_overlap_bits) * word_bits);
    viterbi::find_doubtful_stretches(d_words, words_begin, soft, -overlap, d_doubtful);

    d_windows.clear();
    auto doubtful = d_doubtful.begin();
    for (std::ptrdiff_t segment = 0; segment < std::ptrdiff_t{ n_segments }; ++segment) {
        // The trellis of the whole segment, which no window exceeds: so its best path is that of the segment.
        const std::ptrdiff_t payload = segment * segment_bits;
        const std::ptrdiff_t first = payload - overlap + label_delay;
        const std::ptrdiff_t last = payload + segment_bits + overlap + label_delay - block_stages;
        // The bits before the first segment are wanted too, for what is compared with the channel.
        const std::ptrdiff_t wanted = segment == 0 ? -8 : payload;
        const std::ptrdiff_t wanted_end = payload + segment_bits;
        while (doubtful != d_doubtful.end() && doubtful->end <= wanted)
            ++doubtful;
        for (auto at = doubtful; at != d_doubtful.end() && at->begin < wanted_end; ++at) {
            // The state at time `end` holds the 6 bits before it.
            const std::ptrdiff_t bits_begin = std::max(at->begin, wanted);
            const std::ptrdiff_t bits_end = std::min(at->end - label_delay, wanted_end);
            if (bits_begin >= bits_end)
                continue;
            const std::ptrdiff_t whole_blocks = (std::max(at->begin, first) - first) / block_stages;
            const std::ptrdiff_t begin = first + whole_blocks * block_stages;
            const std::ptrdiff_t stages = std::min(at->end, last) - begin;
            d_windows.push_back({ begin,
                                  last,
                                  static_cast<std::size_t>((stages + block_stages - 1) / block_stages),
                                  (bits_begin + 8) / 8 - 1, // downwards
                                  (bits_end + 7) / 8 });
        }
    }
    std::sort(d_windows.begin(), d_windows.end(), [](const window& a, const window& b) {
        return a.n_blocks > b.n_blocks || (a.n_blocks == b.n_blocks && a.begin < b.begin);
    });
    std::size_t blocks = 0;
    for (std::size_t i = 0; i < d_windows.size(); i += viterbi::n_lanes)
        blocks += d_windows[i].n_blocks;
    return static_cast<double>(blocks) <
           worthwhile_share * static_cast<double>(viterbi::n_blocks(d_segment_bits, d_overlap_bits));
}

/// Decodes d_windows and takes the rest from the hard decisions. \returns the 8 bits before the payload.
std::uint8_t viterbi_batch::decode_windows(std::span<const soft_bit> soft, std::span<std::uint8_t> bits)
{
    const auto payload = payload_words();
    const viterbi::hard_word* first_word = payload.data();
    std::array<std::uint8_t, 8> word_before; // of which the last octet does not depend on the word before
    viterbi::invert_encoder({ first_word - 1, 1 }, {}, word_before);
    viterbi::invert_encoder(payload, first_word[-1], bits);
    std::uint8_t octet_before = word_before.back();

    for (std::span<const window> left = d_windows; !left.empty();) {
        const auto group = left.first(std::min(left.size(), viterbi::n_lanes));
        left = left.subspan(group.size());
        viterbi::stretches job{ {}, group.front().n_blocks, d_octets, d_labels.data()->octets.data() };
        const auto stages = static_cast<std::ptrdiff_t>(job.n_blocks) * block_stages;
        std::array<std::ptrdiff_t, viterbi::n_lanes> begin;
        for (std::size_t lane = 0; lane < viterbi::n_lanes; ++lane) {
            const window& w = group[std::min(lane, group.size() - 1)]; // lanes to spare decode the last window again
            begin[lane] = std::min(w.begin, w.latest_end - stages);
            job.soft[lane] = soft.data() + 2 * (begin[lane] + static_cast<std::ptrdiff_t>(d_overlap_bits));
        }
        viterbi::decode_stretches(job);
        for (std::size_t lane = 0; lane < group.size(); ++lane) {
            const std::uint8_t* octets = &d_octets[lane * job.n_blocks];
            const std::ptrdiff_t first_octet = (begin[lane] - label_delay) / 8;
            for (std::ptrdiff_t at = group[lane].octets_begin; at < group[lane].octets_end; ++at)
                (at < 0 ? octet_before : bits[static_cast<std::size_t>(at)]) = octets[at - first_octet];
        }
    }
    return octet_before;
}

} // namespace xband::core
