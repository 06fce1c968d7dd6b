// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

/// Compiles a function once per x86-64 level and picks one at run time. For loops whose result does not depend on the vector
/// width: element-wise arithmetic and sums of fixed order (xband-core is built with -ffp-contract=off, so no FMA sneaks in).
#if !defined(XBAND_SINGLE_VERSION) && defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define XBAND_MULTIVERSION __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define XBAND_MULTIVERSION
#endif
