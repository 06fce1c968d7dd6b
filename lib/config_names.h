// SPDX-License-Identifier: GPL-3.0-or-later
// The words that mission files, GRC and Python use for the kernels' enumerations.
#pragma once
#include "core_namespace.h"
#include "dsp/equaliser.h"
#include "dsp/iq_conditioner.h"
#include "dsp/iq_front_end.h"
#include "framing/framing_config.h"

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace gr::xband {

template <class Enum, std::size_t N>
using name_table = std::array<std::pair<std::string_view, Enum>, N>;

inline constexpr name_table<core::modulation, 3> modulation_names{
    { { "bpsk", core::modulation::bpsk }, { "qpsk", core::modulation::qpsk }, { "oqpsk", core::modulation::oqpsk } }
};
inline constexpr name_table<core::iq_format, 3> iq_format_names{
    { { "cs8", core::iq_format::cs8 }, { "cs16", core::iq_format::cs16 }, { "cf32", core::iq_format::cf32 } }
};
inline constexpr name_table<core::equaliser_mode, 3> equaliser_mode_names{ { { "off", core::equaliser_mode::off },
                                                                             { "auto",
                                                                               core::equaliser_mode::automatic },
                                                                             { "on", core::equaliser_mode::on } } };
inline constexpr name_table<core::conditioner_mode, 2> conditioner_mode_names{
    { { "off", core::conditioner_mode::off }, { "auto", core::conditioner_mode::automatic } }
};
inline constexpr name_table<core::inner_code, 6> inner_code_names{ { { "none", core::inner_code::none },
                                                                     { "conv_k7_r12", core::inner_code::conv_k7_r12 },
                                                                     { "conv_k7_r23", core::inner_code::conv_k7_r23 },
                                                                     { "conv_k7_r34", core::inner_code::conv_k7_r34 },
                                                                     { "conv_k7_r56", core::inner_code::conv_k7_r56 },
                                                                     { "conv_k7_r78",
                                                                       core::inner_code::conv_k7_r78 } } };
inline constexpr name_table<core::code_rate, 5> code_rate_names{ { { "1/2", core::code_rate::r12 },
                                                                   { "2/3", core::code_rate::r23 },
                                                                   { "3/4", core::code_rate::r34 },
                                                                   { "5/6", core::code_rate::r56 },
                                                                   { "7/8", core::code_rate::r78 } } };
inline constexpr name_table<core::rail_mapping, 3> rail_mapping_names{ { { "serial", core::rail_mapping::serial },
                                                                         { "c1_c2", core::rail_mapping::c1_c2 },
                                                                         { "per_rail",
                                                                           core::rail_mapping::per_rail } } };
inline constexpr name_table<core::differential, 4> differential_names{
    { { "none", core::differential::none },
      { "nrz_m", core::differential::nrz_m },
      { "nrz_m_per_rail", core::differential::nrz_m_per_rail },
      { "four_phase", core::differential::four_phase } }
};
inline constexpr name_table<core::frame_kind, 3> frame_kind_names{
    { { "aos", core::frame_kind::aos }, { "tm", core::frame_kind::tm }, { "raw", core::frame_kind::raw } }
};

/// \throws std::invalid_argument naming the field, the value and what is allowed.
template <class Enum, std::size_t N>
Enum from_name(const name_table<Enum, N>& table, std::string_view field, std::string_view name)
{
    std::string allowed;
    for (const auto& [word, value] : table) {
        if (word == name)
            return value;
        allowed += allowed.empty() ? "" : ", ";
        allowed += word;
    }
    throw std::invalid_argument(std::string(field) + " '" + std::string(name) + "' is not one of " + allowed);
}

} // namespace gr::xband
