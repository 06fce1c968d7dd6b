# SPDX-License-Identifier: GPL-3.0-or-later
"""The station: orbits, schedule, supervisor, publisher. Never imports gnuradio."""

__version__ = "0.1.0"
