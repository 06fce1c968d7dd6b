// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace xband::core {
} // namespace xband::core

namespace gr::xband {

/// Inside gr::xband the name "xband" means gr::xband, so the kernels need another one.
namespace core = ::xband::core;

} // namespace gr::xband
