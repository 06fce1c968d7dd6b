# SPDX-License-Identifier: GPL-3.0-or-later
"""How the dish follows: mount, planned track, pointing model, safety envelope, drivers, and the follower of a pass."""
