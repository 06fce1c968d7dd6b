// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "base/aligned_vector.h"

#include <algorithm>
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
    /// Takes n elements of another buffer, from its first-th on, to here from at on.
    void copy(const symbol_buffer& from, std::size_t first, std::size_t n, std::size_t at)
    {
        for (auto rail :
             { &symbol_buffer::on_re, &symbol_buffer::on_im, &symbol_buffer::half_re, &symbol_buffer::half_im })
            std::copy_n((from.*rail).data() + first, n, (this->*rail).data() + at);
    }
    void erase_front(std::size_t n)
    {
        for (auto* v : { &on_re, &on_im, &half_re, &half_im })
            v->erase(v->begin(), v->begin() + static_cast<std::ptrdiff_t>(n));
    }
};

} // namespace xband::core
