// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/simd_target.h"
#include <boost/test/unit_test.hpp>

/// Runs check(name) on every SIMD target of this CPU, the scalar reference included.
template <typename Check>
void on_each_target(Check&& check)
{
    for (const std::string& name : xband::core::supported_targets()) {
        BOOST_TEST_CONTEXT("SIMD target " << name)
        {
            const xband::core::scoped_target use(name);
            check(name);
        }
    }
}
