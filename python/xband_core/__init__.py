# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernels, missions, frames and wire format: everything that needs no GNU Radio."""
