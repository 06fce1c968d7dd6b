// SPDX-License-Identifier: GPL-3.0-or-later
// Any input, of any legal configuration: no crash, nothing written outside the output. Worth most in the build with
// sanitizers (-DXBAND_SANITIZE=ON), for which all buffers are exactly as large as promised.
#include "each_target.h"
#include "fec/conv_encoder.h"
#include "fec/reed_solomon.h"
#include "fec/viterbi.h"
#include "framing/crc16.h"
#include "framing/nrzm.h"
#include "framing/randomizer.h"

#include <algorithm>
#include <random>
#include <vector>

using namespace xband::core;

namespace {

/// Octets of a random kind: noise, one value, runs of extremes, or nearly all zero.
std::vector<std::uint8_t> any_octets(std::size_t size, std::mt19937& random)
{
    const unsigned kind = random() % 4;
    auto value = static_cast<std::uint8_t>(random());
    std::vector<std::uint8_t> data(size);
    for (std::uint8_t& octet : data) {
        if (kind == 0 || (kind == 3 && random() % 50 == 0))
            octet = static_cast<std::uint8_t>(random());
        else if (kind == 1)
            octet = value;
        else if (kind == 2) {
            octet = value;
            if (random() % 10 == 0)
                value = random() % 2 ? 0x80 : 0x7f;
        }
    }
    return data;
}

} // namespace

BOOST_AUTO_TEST_CASE(viterbi_takes_anything)
{
    std::mt19937 random(1);
    for (unsigned round = 0; round < 12; ++round) {
        viterbi_batch decoder(64 * (2 + random() % 6));
        const auto octets = any_octets(decoder.input_soft_bits(), random);
        const std::vector<soft_bit> soft(octets.begin(), octets.end());
        std::vector<std::uint8_t> first;
        on_each_target([&](const std::string&) {
            std::vector<std::uint8_t> bits(decoder.payload_bits() / 8);
            std::vector<channel_word> channel(decoder.payload_bits() / 64);
            decoder.decode(soft, bits, channel);
            if (first.empty())
                first = bits;
            BOOST_TEST((bits == first));
        });
    }
}

BOOST_AUTO_TEST_CASE(reed_solomon_takes_anything)
{
    std::mt19937 random(2);
    for (unsigned round = 0; round < 300; ++round) {
        const rs_config config{ .parity = random() % 2 ? 16U : 32U,
                                .dual_basis = random() % 2 == 0,
                                .interleave = static_cast<unsigned>(1 + random() % 8),
                                .virtual_fill = static_cast<unsigned>(random() % 223) };
        const reed_solomon code(config);
        const auto received = any_octets(code.code_block_len_bytes(), random);
        auto decoded = received;
        const rs_result result = code.decode(decoded);
        std::size_t changed = 0;
        for (std::size_t i = 0; i < decoded.size(); ++i)
            changed += decoded[i] != received[i];
        BOOST_TEST(changed == result.total);
        code.encode(decoded);
        BOOST_TEST(code.decode(decoded).total == 0U);
    }
}

BOOST_AUTO_TEST_CASE(bit_coding_takes_anything)
{
    std::mt19937 random(3);
    conv_encoder encoder(true);
    nrzm_encoder nrzm_in;
    nrzm_decoder nrzm_out;
    for (unsigned round = 0; round < 300; ++round) {
        auto data = any_octets(random() % 700, random);
        apply_randomizer(data);
        crc16_ccsds(data);
        std::vector<std::uint8_t> symbols(16 * data.size());
        encoder.encode(data, symbols);
        BOOST_TEST(std::all_of(symbols.begin(), symbols.end(), [](std::uint8_t symbol) { return symbol < 2; }));
        const auto before = data;
        nrzm_in.encode(data, data);
        nrzm_out.decode(data, data);
        BOOST_TEST((data == before));
        std::vector<soft_bit> soft(data.begin(), data.end());
        nrzm_soft_decoder(1 + round % 2).decode(soft, soft);
    }
}
