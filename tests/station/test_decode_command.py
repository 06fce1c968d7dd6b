# SPDX-License-Identifier: GPL-3.0-or-later
"""``xband decode``: exit codes and messages, also for the worst input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from modulator import encode_cadus, modulate

from xband_core.mission import mission_names
from xband_station.cli import main

CADU_DIR = Path(__file__).resolve().parents[3] / "shared" / "data" / "cadu"
N_NOISE_SAMPLES = 400_000


def xband_decode(*args: object, mission: str = "suomi-npp", out: Path) -> int:
    return main(["decode", *map(str, args), "--mission", mission, "--out", str(out)])


@pytest.fixture(scope="module")
def snpp_sigmf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = CADU_DIR / "snpp_synchronized_cadus.dat"
    if not file.exists():
        pytest.skip(f"real CADUs not found in {CADU_DIR}")
    iq = modulate(
        encode_cadus(file.read_bytes()[: 20 * 1024]),
        "qpsk",
        2.2,
        sample_rate_hz=33e6,
        offset_hz=-60e3,
        eb_n0_db=6.0,
        quantise="cs16",
    )
    directory = tmp_path_factory.mktemp("sigmf")
    iq.tofile(directory / "snpp.sigmf-data")
    meta = {
        "global": {"core:datatype": "ci16_le", "core:sample_rate": 33e6},
        "captures": [{"core:sample_start": 0, "core:datetime": "2026-07-22T00:00:00Z"}],
    }
    (directory / "snpp.sigmf-meta").write_text(json.dumps(meta))
    return directory / "snpp.sigmf-meta"


def test_sigmf_to_table_and_json(snpp_sigmf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert xband_decode(snpp_sigmf, out=tmp_path) == 0
    text = capsys.readouterr().out
    assert "20 good" in text
    assert "16 VIIRS" in text
    assert xband_decode(snpp_sigmf, "--json", out=tmp_path) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary == json.loads((tmp_path / "summary.json").read_text())
    assert summary["frames_good"] == 20
    assert summary["start_time_utc"] == "2026-07-22T00:00:00.000000000Z"


@pytest.mark.parametrize("mission", mission_names())
def test_every_mission_decodes_its_own_signal(mission: str, tmp_path: Path) -> None:
    """All frames that the simulator sent come back, in order and on their channels."""
    recording, truth_file = tmp_path / "sent.sigmf-meta", tmp_path / "truth.json"
    options = ["--seconds", "0.04", "--es-n0-db", "13", "--frequency-offset-hz", "5e4", "--iq-swap"]
    assert main(["simulate", "--mission", mission, "--out", str(recording), "--truth", str(truth_file), *options]) == 0
    assert xband_decode(recording, mission=mission, out=tmp_path / "out") == 0
    truth = json.loads(truth_file.read_text())
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["frames_uncorrectable"] == 0
    assert {
        str(channel["vcid"]): {
            "frames": channel["frames"],
            "first_count": channel["first_vc_count"],
            "last_count": channel["last_vc_count"],
        }
        for channel in summary["virtual_channels"]
    } == truth["virtual_channels"]


def test_own_mission_file(snpp_sigmf: Path, tmp_path: Path) -> None:
    from xband_core.mission_loader import SHIPPED_DIR

    own = tmp_path / "own.yml"
    own.write_text((SHIPPED_DIR / "suomi-npp.yml").read_text().replace("name: suomi-npp", "name: own"))
    assert xband_decode(snpp_sigmf, mission=str(own), out=tmp_path / "out") == 0
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["mission"] == "own"


@pytest.mark.parametrize("kind", ["zero", "noise", "nan", "infinity", "huge", "one sample"])
def test_no_signal_is_exit_3(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    n = N_NOISE_SAMPLES
    noise = np.random.default_rng(1).standard_normal(2 * n).astype(np.float32)
    samples = {
        "zero": np.zeros(2 * n, np.float32),
        "noise": noise,
        "nan": np.full(2 * n, np.nan, np.float32),
        "infinity": np.where(noise > 0, np.inf, -np.inf).astype(np.float32),
        "huge": np.full(2 * n, 3e38, np.float32),
        "one sample": noise[:2],
    }[kind]
    samples.tofile(tmp_path / "a.cf32")
    assert xband_decode(tmp_path / "a.cf32", "--sample-rate", "33e6", out=tmp_path / "out") == 3
    assert "no frame of Suomi NPP" in capsys.readouterr().err
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["frames_good"] == 0
    assert summary["first_lock_s"] is None
    assert (tmp_path / "out" / "frames.bin").stat().st_size == 0


@pytest.mark.parametrize("mission", ["noaa-20", "aqua"])
def test_wrong_mission_is_exit_3(snpp_sigmf: Path, mission: str, tmp_path: Path) -> None:
    assert xband_decode(snpp_sigmf, mission=mission, out=tmp_path / "out") == 3


@pytest.mark.parametrize(
    ("args", "mission", "message"),
    [
        (["absent.cs8", "--sample-rate", "33e6"], "suomi-npp", "absent.cs8: cannot be read: No such file"),
        (["byte.cs8", "--sample-rate", "33e6"], "suomi-npp", "no whole number of 2-byte cs8 samples"),
        (["byte.dat", "--sample-rate", "33e6"], "suomi-npp", "--format"),
        (["empty.cs8", "--sample-rate", "33e6"], "suomi-npp", "no samples"),
        (["good.cs8"], "suomi-npp", "--sample-rate"),
        (["good.cs8", "--sample-rate", "-1"], "suomi-npp", "sample rate -1.0 Hz is not above 0"),
        (["good.cs8", "--sample-rate", "1e6"], "suomi-npp", "does not fit mission"),
        (["good.cs8", "--sample-rate", "33e6", "--frequency-offset", "nan"], "suomi-npp", "frequency_offset_hz"),
        (["good.cs8", "--sample-rate", "33e6", "--start-time", "noon"], "suomi-npp", "--start-time"),
        (["good.cs8", "--sample-rate", "33e6"], "suomi", "did you mean suomi-npp"),
        (["good.cs8", "--sample-rate", "33e6"], "./absent.yml", "absent.yml: cannot be read"),
        (["good.cs8", "--sample-rate", "33e6", "--out", "good.cs8/x"], "suomi-npp", "cannot write"),
        (["good.cs8", "--sample-rate", "33e6", "--out", "/proc/x"], "suomi-npp", "cannot write"),
        ([".", "--sample-rate", "33e6", "--format", "cs8"], "suomi-npp", "Is a directory"),
    ],
)
def test_users_error_is_exit_2(
    args: list[str],
    mission: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, size in (("byte.cs8", 1), ("byte.dat", 1), ("empty.cs8", 0), ("good.cs8", 100_000)):
        Path(name).write_bytes(bytes(size))
    out = [] if "--out" in args else ["--out", "out"]
    assert main(["decode", *args, "--mission", mission, *out]) == 2
    error = capsys.readouterr().err
    assert error.startswith("xband: ")
    assert message in error
    assert error.count("\n") == 1


@settings(max_examples=40, deadline=None, derandomize=True)
@given(content=st.binary(max_size=3000), name=st.sampled_from(["f.cs8", "f.cs16", "f.cf32", "f.sigmf-meta", "f"]))
def test_any_file_gives_2_or_3(content: bytes, name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.getbasetemp()
    (directory / name).write_bytes(content)
    assert xband_decode(directory / name, "--sample-rate", "33e6", out=directory / "out") in (2, 3)


def test_full_disk_is_a_clear_error(snpp_sigmf: Path, tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: the same error, without root."""
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000));"
        "from xband_station.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, "decode", snpp_sigmf, "--mission", "suomi-npp", "--out", tmp_path / "out"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 2
    assert result.stderr.startswith("xband: cannot write")
    assert "Traceback" not in result.stderr
    assert (tmp_path / "out" / "frames.bin").stat().st_size % 892 == 0
    assert not (tmp_path / "out" / "summary.json").exists()


def test_plots_are_a_page_of_their_own(snpp_sigmf: Path, tmp_path: Path) -> None:
    assert xband_decode(snpp_sigmf, "--plots", out=tmp_path) == 0
    page = (tmp_path / "quality.html").read_text()
    assert page.count("<svg") == 7
    assert "offset from centre in MHz" in page
    assert "Es/N0 in dB" in page
    assert page.count("<circle") > 100
