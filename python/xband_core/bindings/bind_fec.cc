// SPDX-License-Identifier: GPL-3.0-or-later
#include "arrays.h"
#include "base/multiversion.h"
#include "bindings.h"
#include "fec/conv_encoder.h"
#include "fec/puncture.h"
#include "fec/reed_solomon.h"
#include "fec/viterbi.h"
#include "framing/crc16.h"
#include "framing/nrzm.h"
#include "framing/randomizer.h"
#include <algorithm>
#include <array>
#include <bit>
#include <stdexcept>
#include <string>
#include <vector>

namespace py = pybind11;
using namespace xband::core;

namespace {

using octets = in_array<std::uint8_t>;

// Several versions for the sake of the population count, which x86-64 has had an instruction for since 2008 only.
XBAND_MULTIVERSION void count_disagreements(std::span<const channel_word> channel, std::span<std::uint32_t> counts)
{
    const std::size_t segment_words = channel.size() / counts.size();
    for (std::uint32_t& count : counts) {
        count = 0;
        for (const channel_word& word : channel.first(segment_words))
            count += static_cast<std::uint32_t>(std::popcount(word.wrong[0]) + std::popcount(word.wrong[1]));
        channel = channel.subspan(segment_words);
    }
}

void bind_convolutional(py::module_& m)
{
    py::class_<viterbi_batch>(
        m, "ViterbiBatch", R"(Soft-decision Viterbi decoder, K=7 rate 1/2 (171, 133 octal), in batches of 32 segments.

Source: CCSDS 131.0-B-5, 3.3. Not for use from two threads at once.)")
        .def(py::init<std::size_t, std::size_t, bool>(),
             py::arg("segment_bits") = viterbi_batch::default_segment_bits,
             py::arg("overlap_bits") = viterbi_batch::overlap_bits_for(1, 2),
             py::arg("skips_error_free") = true,
             "segment_bits: information bits per segment, a multiple of 64 in 128..65536; overlap_bits: into each "
             "neighbour, a multiple of 8 in 64..512 (else ValueError). skips_error_free: spare the trellis where the "
             "hard "
             "decisions are proven to be the best path; the output is the same.")
        .def_static("overlap_bits_for",
                    &viterbi_batch::overlap_bits_for,
                    py::arg("k"),
                    py::arg("n"),
                    "Overlap for the code punctured to k information bits in n channel bits.")
        .def_property_readonly("segment_bits", &viterbi_batch::segment_bits)
        .def_property_readonly("payload_bits", &viterbi_batch::payload_bits, "Information bits of a batch.")
        .def_property_readonly(
            "input_soft_bits", &viterbi_batch::input_soft_bits, "Soft bits of a batch, overlaps included.")
        .def_readonly_static("n_segments", &viterbi_batch::n_segments)
        .def_property_readonly("overlap_bits", &viterbi_batch::overlap_bits)
        .def(
            "decode",
            [](viterbi_batch& self, const in_array<soft_bit>& soft) {
                auto bits = new_array<std::uint8_t>(self.payload_bits() / 8);
                auto disagreements = new_array<std::uint32_t>(viterbi_batch::n_segments);
                const auto in = values(soft);
                const auto out = mutable_values(bits);
                const auto counts = mutable_values(disagreements);
                {
                    py::gil_scoped_release unlocked;
                    std::vector<channel_word> channel(self.payload_bits() / 64);
                    self.decode(in, out, channel);
                    count_disagreements(channel, counts);
                }
                return py::make_tuple(bits, disagreements);
            },
            py::arg("soft").noconvert(),
            R"(Decodes one batch.

Args: soft: int8, input_soft_bits long: G1, G2 pairs from overlap_bits before the payload on; +127 surely 0, 0 erasure.
Returns: (uint8 packed bits, payload_bits / 8 long; uint32 disagreements, one per segment).
Raises: TypeError: not a C-contiguous int8 array. ValueError: wrong length.)");

    m.def(
        "conv_encode",
        [](const octets& bits_packed, bool g2_inverted) {
            auto symbols = new_array<std::uint8_t>(16 * static_cast<std::size_t>(bits_packed.size()));
            const auto in = values(bits_packed);
            const auto out = mutable_values(symbols);
            py::gil_scoped_release unlocked;
            conv_encoder(g2_inverted).encode(in, out);
            return symbols;
        },
        py::arg("bits_packed").noconvert(),
        py::arg("g2_inverted"),
        "Convolutional encoding from the zero state: uint8 packed bits to one channel bit per octet, G1, G2, G1, ...");
}

/// The pattern of "1/2", "2/3", ...; ValueError for other names.
puncture_pattern serial_pattern(const std::string& rate)
{
    constexpr std::array names{ "1/2", "2/3", "3/4", "5/6", "7/8" }; // in the order of code_rate
    const auto* const name = std::find(names.begin(), names.end(), rate);
    if (name == names.end())
        throw std::invalid_argument("rate \"" + rate + "\" not in 1/2, 2/3, 3/4, 5/6, 7/8");
    return pattern_of(static_cast<code_rate>(name - names.begin()), kept_order::serial);
}

void bind_puncturing(py::module_& m)
{
    m.def(
        "puncture",
        [](const octets& symbols, const std::string& rate) {
            puncturer kept(serial_pattern(rate));
            const auto in = values(symbols);
            auto sent = new_array<std::uint8_t>(kept.n_sent(in.size()));
            kept.push(in, mutable_values(sent));
            return sent;
        },
        py::arg("symbols").noconvert(),
        py::arg("rate"),
        "Symbols that a punctured code sends of G1, G2, G1, ... (CCSDS 131.0-B-5, 3.4); whole periods only.");
    m.def(
        "depuncture",
        [](const in_array<soft_bit>& sent, const std::string& rate) {
            const puncture_pattern pattern = serial_pattern(rate);
            const auto in = values(sent);
            const std::size_t n_periods = in.size() / pattern.n_sent;
            auto pairs = new_array<soft_bit>(n_periods * pattern.n_symbols());
            depuncturer(pattern).expand(in.first(n_periods * pattern.n_sent), mutable_values(pairs));
            return pairs;
        },
        py::arg("sent").noconvert(),
        py::arg("rate"),
        "int8 soft bits as sent to pairs G1, G2 with 0, an erasure, for what was not sent; whole periods only.");
}

/// Applies work(row) to each row of a (..., n) array, or to the whole of a one-dimensional one.
template <typename Work>
void for_each_code_block(std::span<std::uint8_t> blocks, std::size_t len, Work&& work)
{
    if (blocks.size() % len != 0)
        throw std::invalid_argument("ReedSolomon: " + std::to_string(blocks.size()) +
                                    " octets are no whole number of " + std::to_string(len));
    for (std::size_t at = 0; at < blocks.size(); at += len)
        work(blocks.subspan(at, len));
}

octets rs_encode(const reed_solomon& self, const octets& data)
{
    const std::size_t data_len = self.data_len_bytes();
    const auto in = values(data);
    if (in.size() % data_len != 0)
        throw std::invalid_argument("ReedSolomon.encode: " + std::to_string(in.size()) +
                                    " octets are no whole number of " + std::to_string(data_len));
    auto blocks = new_array<std::uint8_t>(in.size() / data_len * self.code_block_len_bytes());
    auto from = in.begin();
    for_each_code_block(mutable_values(blocks), self.code_block_len_bytes(), [&](std::span<std::uint8_t> block) {
        std::copy_n(from, data_len, block.begin());
        from += static_cast<std::ptrdiff_t>(data_len);
        self.encode(block);
    });
    return blocks;
}

py::tuple rs_decode(const reed_solomon& self, const octets& received)
{
    const auto in = values(received);
    auto blocks = new_array<std::uint8_t>(in.size());
    const auto out = mutable_values(blocks);
    std::copy(in.begin(), in.end(), out.begin());
    const std::size_t interleave = self.config().interleave;
    in_array<std::uint8_t> corrected({ in.size() / self.code_block_len_bytes(), interleave });
    auto count = mutable_values(corrected).begin();
    {
        py::gil_scoped_release unlocked;
        for_each_code_block(out, self.code_block_len_bytes(), [&](std::span<std::uint8_t> block) {
            count = std::copy_n(self.decode(block).corrected.begin(), interleave, count);
        });
    }
    return py::make_tuple(blocks, corrected);
}

py::tuple rs_decode_codeword(const reed_solomon& self, const octets& received, unsigned codeword, const octets& erased)
{
    const auto in = values(received);
    auto block = new_array<std::uint8_t>(in.size());
    const auto out = mutable_values(block);
    std::copy(in.begin(), in.end(), out.begin());
    const unsigned changed = self.decode_codeword(out, codeword, values(erased));
    return py::make_tuple(block, changed);
}

void bind_reed_solomon(py::module_& m)
{
    py::class_<reed_solomon>(m, "ReedSolomon", R"(CCSDS Reed-Solomon codes (255,223) and (255,239), interleaved.

Source: CCSDS 131.0-B-5, section 4.)")
        .def(py::init([](unsigned parity, bool dual_basis, unsigned interleave, unsigned virtual_fill) {
                 return reed_solomon({ .parity = parity,
                                       .dual_basis = dual_basis,
                                       .interleave = interleave,
                                       .virtual_fill = virtual_fill });
             }),
             py::arg("parity") = 32,
             py::arg("dual_basis") = true,
             py::arg("interleave") = 1,
             py::arg("virtual_fill") = 0,
             "parity: 16 or 32 check symbols. interleave: 1 to 8 codewords a block. virtual_fill: octets per codeword.")
        .def_property_readonly("data_len_bytes", &reed_solomon::data_len_bytes, "Information octets of a code block.")
        .def_property_readonly("code_block_len_bytes", &reed_solomon::code_block_len_bytes)
        .def_readonly_static("uncorrectable", &rs_result::uncorrectable)
        .def("encode",
             &rs_encode,
             py::arg("data").noconvert(),
             R"(Appends the check symbols. data: uint8, any number of data_len_bytes. Returns the code blocks, flat.

Raises: TypeError: not a C-contiguous uint8 array. ValueError: no whole number of blocks.)")
        .def("decode",
             &rs_decode,
             py::arg("code_blocks").noconvert(),
             R"(Corrects code blocks. code_blocks: uint8, any number of code_block_len_bytes; not changed.

Returns: (uint8 code blocks, flat; uint8 symbols corrected (n_blocks, interleave), 255 where uncorrectable: such a
codeword is returned as it was received).
Raises: TypeError: not a C-contiguous uint8 array. ValueError: no whole number of blocks.)")
        .def("decode_codeword",
             &rs_decode_codeword,
             py::arg("code_block").noconvert(),
             py::arg("codeword"),
             py::arg("erased").noconvert(),
             R"(Corrects one codeword of a code block (uint8, not changed), some symbols of which are doubtful.

Args: codeword: 0 to interleave - 1; erased: uint8, at most 10 different symbols of the codeword as sent. 2 * errors
elsewhere + erasures may be up to parity.
Returns: (uint8 code block; symbols changed, or 255 where uncorrectable: then as it was received).
Raises: TypeError: not a C-contiguous uint8 array. ValueError: wrong length, codeword or erasures.)");
}

/// decode() or encode() of a kernel with state, from array to array of the same size.
template <typename T, typename Kernel>
auto through(void (Kernel::*work)(std::span<const T>, std::span<T>))
{
    return [work](Kernel& self, const in_array<T>& in) {
        auto out = new_array<T>(static_cast<std::size_t>(in.size()));
        const auto from = values(in);
        const auto to = mutable_values(out);
        py::gil_scoped_release unlocked;
        (self.*work)(from, to);
        return out;
    };
}

void bind_bit_coding(py::module_& m)
{
    m.def(
        "apply_randomizer",
        [](const octets& data) {
            auto out = new_array<std::uint8_t>(static_cast<std::size_t>(data.size()));
            std::copy_n(data.data(), data.size(), out.mutable_data());
            apply_randomizer(mutable_values(out));
            return out;
        },
        py::arg("data").noconvert(),
        "Adds the CCSDS pseudo-random sequence to uint8 octets; it starts at data[0]. CCSDS 131.0-B-5, 10.4.");
    m.def(
        "crc16_ccsds",
        [](const octets& data) { return crc16_ccsds(values(data)); },
        py::arg("data").noconvert(),
        "CRC-16 of uint8 octets (0x1021, start 0xffff); 0 over a whole intact frame. CCSDS 732.0-B-4, 4.1.6.");
    py::class_<nrzm_encoder>(m, "NrzmEncoder", "NRZ-M encoder of packed bits; keeps its state from call to call.")
        .def(py::init<>())
        .def("encode", through(&nrzm_encoder::encode), py::arg("packed_bits").noconvert())
        .def("reset", &nrzm_encoder::reset);
    py::class_<nrzm_decoder>(m, "NrzmDecoder", "NRZ-M decoder of packed bits; keeps its state from call to call.")
        .def(py::init<>())
        .def("decode", through(&nrzm_decoder::decode), py::arg("packed_bits").noconvert())
        .def("reset", &nrzm_decoder::reset);
    py::class_<nrzm_soft_decoder>(m, "NrzmSoftDecoder", "NRZ-M decoder of int8 soft bits, each rail on its own.")
        .def(py::init<unsigned>(), py::arg("n_rails"))
        .def("decode", through(&nrzm_soft_decoder::decode), py::arg("soft").noconvert())
        .def("reset", &nrzm_soft_decoder::reset);
}

} // namespace

void bind_fec(py::module_& m)
{
    bind_convolutional(m);
    bind_puncturing(m);
    bind_reed_solomon(m);
    bind_bit_coding(m);
}
