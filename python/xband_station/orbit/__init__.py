# SPDX-License-Identifier: GPL-3.0-or-later
"""Orbit data and what follows from it: positions, passes, Doppler."""
