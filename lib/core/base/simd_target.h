// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace xband::core {

/// Name of the target that runs the scalar reference kernels. Always supported.
inline constexpr std::string_view scalar_target = "scalar";

/// Instruction sets this build has kernels for and this CPU can run, best first, "scalar" last.
/// Names on x86: "avx3" (AVX-512), "avx2", "sse4", "ssse3", the first two also with "_gfni"; on arm64: "neon", "sve", ...
std::vector<std::string> supported_targets();

/// The target that every kernel of lib/core uses now. All targets give the same output; they differ in speed only.
/// At first use: the best supported one, or the one named by the environment variable XBAND_SIMD_TARGET.
/// Throws std::invalid_argument if that variable names none of supported_targets().
std::string active_target();

/// True if the active target includes GFNI, x86's arithmetic of 256-element fields. False until active_target() has run.
bool is_gfni_active() noexcept;

/// Runs every kernel of the process on one target while it lives, then restores the one before.
/// For tests and benchmarks: not for use while other threads run kernels.
class scoped_target
{
public:
    /// \param name one of supported_targets(); anything else throws std::invalid_argument.
    explicit scoped_target(std::string_view name);
    ~scoped_target();
    scoped_target(const scoped_target&) = delete;
    scoped_target& operator=(const scoped_target&) = delete;

private:
    std::string d_previous;
};

} // namespace xband::core
