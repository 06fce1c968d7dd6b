# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of ``xband bench quality``, in small."""

import json

from xband_station.bench import quality


def test_points_and_table():
    points = quality.run(1, [10.0], 200_000)
    assert [point.modulation for point in points] == ["bpsk", "qpsk", "oqpsk"]
    for point in points:
        assert abs(point.bias_db) < 0.2
        assert point.stretches_unknown == 0
        assert json.dumps(point.as_dict())
    assert quality.table(points).count("10") >= 3
