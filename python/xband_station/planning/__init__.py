# SPDX-License-Identifier: GPL-3.0-or-later
"""Which passes are taken, and why the others are not."""
