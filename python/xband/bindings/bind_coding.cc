// SPDX-License-Identifier: GPL-3.0-or-later
#include "bindings.h"

#include <gnuradio/xband/conv_encoder.h>
#include <gnuradio/xband/crc16_append.h>
#include <gnuradio/xband/crc16_check.h>
#include <gnuradio/xband/nrzm_decoder.h>
#include <gnuradio/xband/nrzm_encoder.h>
#include <gnuradio/xband/randomizer.h>
#include <gnuradio/xband/reed_solomon_decoder.h>
#include <gnuradio/xband/reed_solomon_encoder.h>
#include <gnuradio/xband/viterbi_decoder.h>

namespace py = pybind11;
using namespace gr::xband;

namespace {

void bind_frame_codes(py::module_& m)
{
    py::class_<randomizer, gr::block, gr::basic_block, randomizer::sptr>(
        m, "randomizer", "Adds the CCSDS pseudo-random sequence to frames; doing it twice takes it away again.")
        .def(py::init(&randomizer::make), py::arg("frame_len_bytes"));

    py::class_<crc16_append, gr::block, gr::basic_block, crc16_append::sptr>(
        m, "crc16_append", "Appends the frame error control field to frames.")
        .def(py::init(&crc16_append::make), py::arg("frame_len_bytes"));

    py::class_<crc16_check, gr::block, gr::basic_block, crc16_check::sptr>(
        m, "crc16_check", "Checks the frame error control field of frames and tags them.")
        .def(py::init(&crc16_check::make), py::arg("frame_len_bytes"))
        .def("frames_right", &crc16_check::frames_right)
        .def("frames_wrong", &crc16_check::frames_wrong);

    py::class_<reed_solomon_encoder, gr::block, gr::basic_block, reed_solomon_encoder::sptr>(
        m, "reed_solomon_encoder", "Appends Reed-Solomon check symbols to frames.")
        .def(py::init(&reed_solomon_encoder::make),
             py::arg("parity") = 32,
             py::arg("dual_basis") = true,
             py::arg("interleave") = 4,
             py::arg("virtual_fill") = 0)
        .def("data_len_bytes", &reed_solomon_encoder::data_len_bytes)
        .def("code_block_len_bytes", &reed_solomon_encoder::code_block_len_bytes);

    py::class_<reed_solomon_counters>(m, "reed_solomon_counters", "Counters since the block was made.")
        .def_readonly("code_blocks", &reed_solomon_counters::code_blocks)
        .def_readonly("code_blocks_uncorrectable", &reed_solomon_counters::code_blocks_uncorrectable)
        .def_readonly("corrected_symbols", &reed_solomon_counters::corrected_symbols);
    py::class_<reed_solomon_decoder, gr::block, gr::basic_block, reed_solomon_decoder::sptr>(
        m, "reed_solomon_decoder", "Corrects code blocks and takes their check symbols off.")
        .def(py::init(&reed_solomon_decoder::make),
             py::arg("parity") = 32,
             py::arg("dual_basis") = true,
             py::arg("interleave") = 4,
             py::arg("virtual_fill") = 0)
        .def("data_len_bytes", &reed_solomon_decoder::data_len_bytes)
        .def("code_block_len_bytes", &reed_solomon_decoder::code_block_len_bytes)
        .def("counters", &reed_solomon_decoder::counters);
}

void bind_bit_codes(py::module_& m)
{
    py::class_<nrzm_encoder, gr::sync_block, gr::block, gr::basic_block, nrzm_encoder::sptr>(
        m, "nrzm_encoder", "Encodes NRZ-M: a one becomes a change of level, a zero none.")
        .def(py::init(&nrzm_encoder::make));
    py::class_<nrzm_decoder, gr::sync_block, gr::block, gr::basic_block, nrzm_decoder::sptr>(
        m, "nrzm_decoder", "Decodes NRZ-M: a change of level is a one.")
        .def(py::init(&nrzm_decoder::make));

    py::class_<conv_encoder, gr::block, gr::basic_block, conv_encoder::sptr>(
        m, "conv_encoder", "Convolutional encoder K=7, G1 = 171, G2 = 133 octal, rate 1/2 or punctured.")
        .def(py::init(&conv_encoder::make), py::arg("g2_inverted") = true, py::arg("rate") = "1/2");
    py::class_<viterbi_decoder, gr::block, gr::basic_block, viterbi_decoder::sptr>(
        m, "viterbi_decoder", "Soft-decision Viterbi decoder of the K=7 code, rate 1/2 or punctured, phase known.")
        .def(py::init(&viterbi_decoder::make),
             py::arg("g2_inverted") = true,
             py::arg("segment_bits") = 1024,
             py::arg("rate") = "1/2")
        .def("channel_bits", &viterbi_decoder::channel_bits)
        .def("channel_bit_errors", &viterbi_decoder::channel_bit_errors);
}

} // namespace

void bind_coding(py::module_& m)
{
    bind_frame_codes(m);
    bind_bit_codes(m);
}
