# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m xband_station``: the same as the ``xband`` command."""

import sys

from xband_station.cli import main

if __name__ == "__main__":
    sys.exit(main())
