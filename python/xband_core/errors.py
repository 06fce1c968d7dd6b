# SPDX-License-Identifier: GPL-3.0-or-later
"""The root of every error that a user can cause and mend."""


class XbandError(Exception):
    """A mistake in what the user gave us; the text names file, field, value and limit.

    The command line prints it on stderr without a traceback and exits with 2.
    """
