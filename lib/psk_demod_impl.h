// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "dsp/psk_demodulator.h"
#include "stream_adapter.h"

#include <gnuradio/xband/psk_demod.h>

#include <cstdint>
#include <mutex>
#include <vector>

namespace gr::xband {

class psk_demod_impl
    : public stream_adapter<psk_demod, core::psk_demodulator, core::psk_demodulator_config, std::byte, core::soft_bit>
{
public:
    explicit psk_demod_impl(const core::psk_demodulator_config& config);

    psk_demod_status status() const override;
    std::vector<gr_complex> recent_symbols() const override;
    std::vector<gr_complex> recent_samples() const override;
    std::vector<gr_complex> recent_taps() const override;

private:
    void after_pull(std::span<core::soft_bit> soft) override;
    void ended() override { publish(kernel().stats()); }
    void tag_marks();
    void publish(const core::psk_demodulator_stats& report);

    mutable std::mutex d_snapshot_mutex; ///< guards what follows
    core::psk_demodulator_stats d_stats;
    std::vector<gr_complex> d_symbols;
    std::vector<gr_complex> d_samples;
    std::vector<gr_complex> d_taps;
};

} // namespace gr::xband
