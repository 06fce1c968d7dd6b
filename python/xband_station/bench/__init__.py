# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurements behind the figures in the docs: `xband bench`. Ours and a peer's in the same run, on the same input."""
