// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/simd_target.h"
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <stdexcept>
#ifdef XBAND_SIMD
#include <hwy/highway.h>
#include <hwy/targets.h>
#endif

namespace xband::core {
namespace {

// The only file beside *_simd.cc that knows Highway.

struct target {
    std::string name;
    long long highway_bit; // HWY_AVX2 and so on; 0 without Highway
    bool has_gfni = false; // which Highway does not know
};

bool is_gfni_selected = false;

std::vector<target> find_targets()
{
    std::vector<target> found;
#ifdef XBAND_SIMD
    // Highway numbers better targets lower; SCALAR is the highest bit.
    for (int bit = 0; bit < HWY_HIGHEST_TARGET_BIT_SCALAR; ++bit) {
        const long long mask = 1LL << bit;
        if (mask & hwy::SupportedTargets() & HWY_TARGETS) {
            std::string name = hwy::TargetName(mask);
            std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
#if HWY_ARCH_X86
            if ((mask == HWY_AVX3 || mask == HWY_AVX2) && __builtin_cpu_supports("gfni"))
                found.push_back({ name + "_gfni", mask, true });
#endif
            found.push_back({ name, mask });
        }
    }
    static_assert(HWY_TARGETS & HWY_SCALAR, "HWY_COMPILE_ALL_ATTAINABLE must be set: the reference is a target");
    found.push_back({ std::string(scalar_target), HWY_SCALAR });
#else
    found.push_back({ std::string(scalar_target), 0 });
#endif
    return found;
}

const std::vector<target>& targets()
{
    static const std::vector<target> found = find_targets();
    return found;
}

const target& find_target(std::string_view name, std::string_view who)
{
    std::string allowed;
    for (const target& candidate : targets()) {
        if (candidate.name == name)
            return candidate;
        allowed += (allowed.empty() ? "" : ", ") + candidate.name;
    }
    throw std::invalid_argument(std::string(who) + ": SIMD target '" + std::string(name) + "' is not one of " +
                                allowed);
}

void select(const target& chosen)
{
#ifdef XBAND_SIMD
    hwy::GetChosenTarget().Update(chosen.highway_bit);
#endif
    is_gfni_selected = chosen.has_gfni;
}

std::string& active()
{
    static std::string name = [] {
        const char* wanted = std::getenv("XBAND_SIMD_TARGET");
        const target& first = wanted && *wanted ? find_target(wanted, "XBAND_SIMD_TARGET") : targets().front();
        select(first);
        return first.name;
    }();
    return name;
}

} // namespace

std::vector<std::string> supported_targets()
{
    std::vector<std::string> names;
    for (const target& found : targets())
        names.push_back(found.name);
    return names;
}

std::string active_target() { return active(); }

bool is_gfni_active() noexcept { return is_gfni_selected; }

scoped_target::scoped_target(std::string_view name) : d_previous(active())
{
    select(find_target(name, "scoped_target"));
    active() = name;
}

scoped_target::~scoped_target()
{
    select(find_target(d_previous, "scoped_target"));
    active() = d_previous;
}

} // namespace xband::core
