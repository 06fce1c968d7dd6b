// SPDX-License-Identifier: GPL-3.0-or-later
#include "arrays.h"
#include "bindings.h"
#include "framing/cadu_encoder.h"
#include "framing/frame_decoder.h"

#include <array>
#include <optional>
#include <pybind11/stl.h>
#include <stdexcept>
#include <string>
#include <string_view>

namespace py = pybind11;
using namespace xband::core;

namespace {

/// The enumerator of a name; ValueError with the allowed names otherwise.
template <typename Enum, std::size_t n>
Enum by_name(const char* field, std::string_view name, const std::array<std::pair<std::string_view, Enum>, n>& names)
{
    std::string allowed;
    for (const auto& [key, value] : names) {
        if (key == name)
            return value;
        allowed += allowed.empty() ? std::string(key) : ", " + std::string(key);
    }
    throw std::invalid_argument(std::string(field) + " \"" + std::string(name) + "\" not in " + allowed);
}

framing_config make_config(const std::string& modulation_name,
                           const std::string& inner_code_name,
                           const std::string& rail_mapping_name,
                           const std::string& differential_name,
                           bool randomized,
                           std::uint32_t sync_marker,
                           bool has_rs,
                           const rs_config& rs,
                           std::size_t frame_len_bytes,
                           bool has_fecf,
                           const std::string& frame_kind_name,
                           bool is_contiguous,
                           std::optional<unsigned> scid,
                           std::size_t segment_bits)
{
    using modulation_name_t = std::pair<std::string_view, modulation>;
    using inner_name_t = std::pair<std::string_view, inner_code>;
    using mapping_name_t = std::pair<std::string_view, rail_mapping>;
    using differential_name_t = std::pair<std::string_view, differential>;
    using kind_name_t = std::pair<std::string_view, frame_kind>;
    static constexpr std::array modulations{ modulation_name_t{ "bpsk", modulation::bpsk },
                                             modulation_name_t{ "qpsk", modulation::qpsk },
                                             modulation_name_t{ "oqpsk", modulation::oqpsk } };
    static constexpr std::array inner_codes{ inner_name_t{ "none", inner_code::none },
                                             inner_name_t{ "conv_k7_r12", inner_code::conv_k7_r12 },
                                             inner_name_t{ "conv_k7_r23", inner_code::conv_k7_r23 },
                                             inner_name_t{ "conv_k7_r34", inner_code::conv_k7_r34 },
                                             inner_name_t{ "conv_k7_r56", inner_code::conv_k7_r56 },
                                             inner_name_t{ "conv_k7_r78", inner_code::conv_k7_r78 } };
    static constexpr std::array mappings{ mapping_name_t{ "serial", rail_mapping::serial },
                                          mapping_name_t{ "c1_c2", rail_mapping::c1_c2 },
                                          mapping_name_t{ "per_rail", rail_mapping::per_rail } };
    static constexpr std::array differentials{ differential_name_t{ "none", differential::none },
                                               differential_name_t{ "nrz_m", differential::nrz_m },
                                               differential_name_t{ "nrz_m_per_rail", differential::nrz_m_per_rail },
                                               differential_name_t{ "four_phase", differential::four_phase } };
    static constexpr std::array kinds{ kind_name_t{ "aos", frame_kind::aos },
                                       kind_name_t{ "tm", frame_kind::tm },
                                       kind_name_t{ "raw", frame_kind::raw } };
    return { .modulation = by_name("modulation", modulation_name, modulations),
             .inner_code = by_name("inner_code", inner_code_name, inner_codes),
             .rail_mapping = by_name("rail_mapping", rail_mapping_name, mappings),
             .differential = by_name("differential", differential_name, differentials),
             .randomized = randomized,
             .sync_marker = sync_marker,
             .has_rs = has_rs,
             .rs = rs,
             .frame_len_bytes = frame_len_bytes,
             .has_fecf = has_fecf,
             .frame_kind = by_name("frame_kind", frame_kind_name, kinds),
             .is_contiguous = is_contiguous,
             .scid = scid,
             .segment_bits = segment_bits };
}

/// Declares init(keyword arguments of a framing_config, then `extra`).
template <typename Class, typename Make, typename... Extra>
void def_init(py::class_<Class>& cls, Make make, Extra... extra)
{
    cls.def(py::init(make),
            py::kw_only(),
            py::arg("modulation") = "qpsk",
            py::arg("inner_code") = "conv_k7_r12",
            py::arg("rail_mapping") = "serial",
            py::arg("differential") = "nrz_m",
            py::arg("randomized") = true,
            py::arg("sync_marker") = 0x1ACFFC1D,
            py::arg("has_rs") = true,
            py::arg("rs_parity") = 32,
            py::arg("rs_dual_basis") = true,
            py::arg("rs_interleave") = 4,
            py::arg("rs_virtual_fill") = 0,
            py::arg("frame_len_bytes") = 892,
            py::arg("has_fecf") = false,
            py::arg("frame_kind") = "aos",
            py::arg("is_contiguous") = true,
            py::arg("scid") = py::none(),
            py::arg("segment_bits") = 1024,
            extra...);
}

py::dict stats_of(const frame_decoder& decoder)
{
    const frame_decoder_stats s = decoder.stats();
    py::dict d;
    d["soft_bits_in"] = s.soft_bits_in;
    d["frames_good"] = s.frames_good;
    d["frames_corrected"] = s.frames_corrected;
    d["frames_uncorrectable"] = s.frames_uncorrectable;
    d["frames_not_checked"] = s.frames_not_checked;
    d["frames_backfilled"] = s.frames_backfilled;
    d["frames_flywheel"] = s.frames_flywheel;
    d["frames_abandoned"] = s.frames_abandoned;
    d["frames_truncated"] = s.frames_truncated;
    d["frames_by_erasures"] = s.frames_by_recovery[std::size_t(frame_recovery::erasures)];
    d["frames_by_rs_pinned"] = s.frames_by_recovery[std::size_t(frame_recovery::rs_pinned)];
    d["frames_by_data_aided"] = s.frames_by_recovery[std::size_t(frame_recovery::data_aided)];
    d["frames_by_stitched"] = s.frames_by_recovery[std::size_t(frame_recovery::stitched)];
    py::dict margins;
    for (std::size_t i = 0; i < s.frames_by_rs_margin.size(); ++i) {
        if (s.frames_by_rs_margin[i] > 0)
            margins[py::str(std::to_string(int(i) - 1))] = s.frames_by_rs_margin[i];
    }
    d["frames_by_rs_margin"] = margins;
    d["locks"] = s.locks;
    d["sync_losses"] = s.sync_losses;
    d["bit_slips"] = s.bit_slips;
    d["ambiguity_changes"] = s.ambiguity_changes;
    d["rs_corrected_symbols"] = s.rs_corrected_symbols;
    d["marker_bits"] = s.marker_bits;
    d["marker_bit_errors"] = s.marker_bit_errors;
    d["channel_bits"] = s.channel_bits;
    d["channel_bit_errors"] = s.channel_bit_errors;
    d["ambiguity"] = s.ambiguity;
    d["is_locked"] = s.is_locked;
    return d;
}

py::array_t<std::uint8_t> pull_records(frame_decoder& decoder)
{
    const std::size_t stride = decoder.record_stride();
    py::array_t<std::uint8_t> records({ decoder.available(), stride });
    const std::span<std::uint8_t> out(records.mutable_data(), std::size_t(records.size()));
    py::gil_scoped_release unlocked;
    decoder.pull(out);
    return records;
}

void bind_decoder(py::module_& m)
{
    py::class_<frame_decoder> cls(m,
                                  "FrameDecoder",
                                  R"(Soft bits to frame records: ambiguities, Viterbi, NRZ-M, frame sync, Reed-Solomon.

Keyword arguments as Mission.decoder_config() gives them. Raises ValueError naming the field, its value and the limit.
The output does not depend on how the stream is cut into push() calls. Not for use from two threads at once.)");
    def_init(cls,
             [](const std::string& modulation_name,
                const std::string& inner_code_name,
                const std::string& rail_mapping_name,
                const std::string& differential_name,
                bool randomized,
                std::uint32_t sync_marker,
                bool has_rs,
                unsigned parity,
                bool dual_basis,
                unsigned interleave,
                unsigned virtual_fill,
                std::size_t frame_len_bytes,
                bool has_fecf,
                const std::string& kind,
                bool is_contiguous,
                std::optional<unsigned> scid,
                std::size_t segment_bits) {
                 return frame_decoder(make_config(modulation_name,
                                                  inner_code_name,
                                                  rail_mapping_name,
                                                  differential_name,
                                                  randomized,
                                                  sync_marker,
                                                  has_rs,
                                                  { parity, dual_basis, interleave, virtual_fill },
                                                  frame_len_bytes,
                                                  has_fecf,
                                                  kind,
                                                  is_contiguous,
                                                  scid,
                                                  segment_bits));
             });
    cls.def_property_readonly("record_stride", &frame_decoder::record_stride, "Octets of one record.")
        .def(
            "push",
            [](frame_decoder& self, const in_array<soft_bit>& soft) {
                const auto in = values(soft);
                py::gil_scoped_release unlocked;
                self.push(in);
            },
            py::arg("soft").noconvert(),
            "Takes int8 soft bits: I, Q, I, Q...; BPSK one a symbol. TypeError: other dtype. RuntimeError: after "
            "flush().")
        .def(
            "mark",
            [](frame_decoder& self, const py::array_t<clock_mark>& marks) {
                for (py::ssize_t i = 0; i < marks.size(); ++i)
                    self.mark(marks.at(i));
            },
            py::arg("marks").noconvert(),
            "Takes clock marks, an array of CLOCK_MARK, before the push() that completes their symbols.")
        .def("available", &frame_decoder::available, "Whole records that pull() would give.")
        .def("pull", &pull_records, "Whole records so far: uint8 array (n, record_stride); see xband_core.records.")
        .def(
            "flush",
            [](frame_decoder& self) {
                py::gil_scoped_release unlocked;
                self.flush();
            },
            "End of stream: decodes what is buffered; pull() once more.")
        .def("stats", &stats_of, "Counters since the start, by name.");
}

void bind_encoder(py::module_& m)
{
    py::class_<cadu_encoder> cls(m, "CaduEncoder", R"(Transfer frames to channel bits, the counterpart of FrameDecoder.

Keyword arguments as for FrameDecoder, and g2_inverted (CCSDS 131.0-B-5, 3.3.2). State goes on from call to call.)");
    def_init(
        cls,
        [](const std::string& modulation_name,
           const std::string& inner_code_name,
           const std::string& rail_mapping_name,
           const std::string& differential_name,
           bool randomized,
           std::uint32_t sync_marker,
           bool has_rs,
           unsigned parity,
           bool dual_basis,
           unsigned interleave,
           unsigned virtual_fill,
           std::size_t frame_len_bytes,
           bool has_fecf,
           const std::string& kind,
           bool is_contiguous,
           std::optional<unsigned> scid,
           std::size_t segment_bits,
           bool g2_inverted) {
            return cadu_encoder(make_config(modulation_name,
                                            inner_code_name,
                                            rail_mapping_name,
                                            differential_name,
                                            randomized,
                                            sync_marker,
                                            has_rs,
                                            { parity, dual_basis, interleave, virtual_fill },
                                            frame_len_bytes,
                                            has_fecf,
                                            kind,
                                            is_contiguous,
                                            scid,
                                            segment_bits),
                                g2_inverted);
        },
        py::arg("g2_inverted") = true);
    cls.def(
           "encode",
           [](cadu_encoder& self, const in_array<std::uint8_t>& frames) {
               if (frames.ndim() != 2)
                   throw std::invalid_argument("frames has " + std::to_string(frames.ndim()) +
                                               " dimensions, must be (n, frame_len_bytes)");
               const auto n_frames = static_cast<std::size_t>(frames.shape(0));
               auto bits = new_array<std::uint8_t>(self.channel_bits(n_frames));
               const auto in = values(frames);
               const auto out = mutable_values(bits);
               py::gil_scoped_release unlocked;
               self.encode(in, out);
               return bits;
           },
           py::arg("frames").noconvert(),
           R"(Args: frames: uint8 (n, frame_len_bytes). Returns: uint8 channel bits, one (0 or 1) an octet, c1, c2 or I, Q order.)")
        .def("reset", &cadu_encoder::reset, "Back to the state before the first frame.");
}

} // namespace

void bind_framing(py::module_& m)
{
    bind_decoder(m);
    bind_encoder(m);
}
