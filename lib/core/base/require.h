// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <stdexcept>
#include <string>

namespace xband::core {

/// Checks one setting of a kernel.
/// \throws std::invalid_argument "<name> <value> not in <limit>" unless ok.
inline void require(bool ok, const std::string& name, double value, const std::string& limit)
{
    if (!ok)
        throw std::invalid_argument(name + " " + std::to_string(value) + " not in " + limit);
}

} // namespace xband::core
