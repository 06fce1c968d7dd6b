// SPDX-License-Identifier: GPL-3.0-or-later
#include "each_target.h"
#include <stdexcept>

using namespace xband::core;

BOOST_AUTO_TEST_CASE(scalar_is_the_last_resort) { BOOST_TEST(supported_targets().back() == scalar_target); }

BOOST_AUTO_TEST_CASE(scoped_target_switches_and_restores)
{
    const std::string before = active_target();
    on_each_target([](const std::string& name) { BOOST_TEST(active_target() == name); });
    BOOST_TEST(active_target() == before);
}

BOOST_AUTO_TEST_CASE(unknown_target_is_refused_by_name)
{
    const auto names_both = [](const std::invalid_argument& error) {
        const std::string what = error.what();
        return what.find("'avx1024'") != std::string::npos && what.find("scalar") != std::string::npos;
    };
    BOOST_CHECK_EXCEPTION(scoped_target("avx1024"), std::invalid_argument, names_both);
}
