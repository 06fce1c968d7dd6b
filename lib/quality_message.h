// SPDX-License-Identifier: GPL-3.0-or-later
// Messages of the "quality" ports: a dictionary with a key for each field.
#pragma once
#include <pmt/pmt.h>

#include <cstdint>
#include <tuple>
#include <type_traits>

namespace gr::xband {

inline const pmt::pmt_t quality_port = pmt::intern("quality");

/// Stream tag at the soft bit before which the demodulator made a report.
inline const pmt::pmt_t report_key = pmt::intern("xband_report");

template <class Value>
pmt::pmt_t to_pmt(Value value)
{
    if constexpr (std::is_same_v<Value, bool>)
        return pmt::from_bool(value);
    else if constexpr (std::is_floating_point_v<Value>)
        return pmt::from_double(value);
    else
        return pmt::from_uint64(value);
}

/// \param fields  tuple of pairs of a name and a pointer to a member of `state`
template <class State, class Fields>
pmt::pmt_t to_message(const State& state, const Fields& fields)
{
    pmt::pmt_t message = pmt::make_dict();
    const auto add = [&](const auto& field) {
        message = pmt::dict_add(message, pmt::intern(field.first), to_pmt(state.*field.second));
    };
    std::apply([&](const auto&... field) { (add(field), ...); }, fields);
    return message;
}

} // namespace gr::xband
