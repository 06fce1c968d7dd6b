// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/aligned_vector.h"

#include <cstddef>

namespace xband::core {

/// Planar matched-filter outputs: at each symbol instant and half a symbol later.
struct symbol_buffer {
    aligned_vector<float> on_re, on_im, half_re, half_im;

    std::size_t size() const { return on_re.size(); }
    /// New elements hold anything.
    void resize(std::size_t n)
    {
        for (auto* v : { &on_re, &on_im, &half_re, &half_im })
            v->resize(n);
    }
    /// Grows with silence.
    void pad(std::size_t n)
    {
        for (auto* v : { &on_re, &on_im, &half_re, &half_im })
            v->resize(n, 0.0f);
    }
    void erase_front(std::size_t n)
    {
        for (auto* v : { &on_re, &on_im, &half_re, &half_im })
            v->erase(v->begin(), v->begin() + static_cast<std::ptrdiff_t>(n));
    }
};

} // namespace xband::core
