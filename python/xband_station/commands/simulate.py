# SPDX-License-Identifier: GPL-3.0-or-later
"""``xband simulate``: a mission's signal into a file, or over TCP as from a radio."""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xband_core.errors import OutputError, XbandError

if TYPE_CHECKING:
    from xband_core.channel_response import ChannelResponse
    from xband_core.mission import Mission
    from xband_core.simulate import SimulationSettings
    from xband_station.cli import Subparsers

DESCRIPTION = """\
Makes the signal that a mission's satellite would send: valid frames with counters and space packets (or the frames of
a file), coded, modulated, with Doppler, oscillator errors and noise, as samples of a receiver."""

EPILOG = """\
examples:
  xband simulate --mission suomi-npp --out snpp.sigmf-meta --eb-n0-db 5
  xband decode snpp.sigmf-meta --mission suomi-npp --out decoded

  xband simulate --mission aqua --out aqua.cs16 --format cs16 --samples-per-symbol 2.5 \\
      --es-n0-db 9 --frequency-offset-hz -120e3 --ramp-hz-s 2000 --clock-ppm 30 --linewidth-hz 100
  xband simulate --mission suomi-npp --out echo.cs8 --eb-n0-db 5 --multipath 1.3,-6,60 --band-filter 1.1,6
  xband simulate --mission suomi-npp --frames cadus.bin --out again.cs8 --seconds 3
  xband simulate --mission suomi-npp --serve tcp://127.0.0.1:5000 --realtime --seconds 600 \\
      --plan pass.json --truth truth.json

--out NAME.sigmf-data (or .sigmf-meta, or no suffix) writes a SigMF pair; any other suffix raw samples, described in
NAME.sigmf-meta. The same seed gives the same samples again.

--plan PASS.json gives a whole pass: {"sample_rate_hz": 33e6, "first_sample_time_ns": ...,
"doppler": [{"start_sample": 0, "coefficients_hz": [180e3, -90.0]}], "es_n0_db": [[0, 4], [300, 12]] (seconds, dB),
"fades": [{"start_s": 12, "length_s": 0.5, "depth_db": 30}]}; every key may be left out.

--serve speaks xband-iq: one line of JSON, then samples. Without --realtime the signal waits for its client; with it the
clock starts at the first client and what is not taken is dropped and counted (see --truth).
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "simulate",
        help="make a mission's signal: a recording, or a server of live samples",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--mission", required=True, metavar="NAME|FILE", help="shipped mission or mission file")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--out", type=Path, metavar="FILE", help="write a recording")
    target.add_argument("--serve", metavar="URI", help="serve samples at tcp://HOST:PORT (port 0: any free one)")
    parser.add_argument(
        "--realtime", action="store_true", help="with --serve: keep to the clock, drop what is not taken"
    )
    parser.add_argument("--seconds", type=float, metavar="S", help="length; default: 1 for --out, endless for --serve")
    parser.add_argument("--frames", type=Path, metavar="FILE", help="repeat these transfer frames or CADUs")
    parser.add_argument("--format", choices=["cs8", "cs16", "cf32"], default="cs8", help="of the samples; default: cs8")
    rate = parser.add_mutually_exclusive_group()
    rate.add_argument("--sample-rate", type=float, metavar="HZ", help="default: 2.2 samples per symbol")
    rate.add_argument("--samples-per-symbol", type=float, metavar="N", help="any real number from 1.2 to 64")
    noise = parser.add_mutually_exclusive_group()
    noise.add_argument("--es-n0-db", type=float, metavar="DB", help="per channel symbol; default: no noise")
    noise.add_argument("--eb-n0-db", type=float, metavar="DB", help="per bit before the inner code")
    parser.add_argument("--frequency-offset-hz", type=float, default=0.0, metavar="HZ", help="carrier from centre")
    parser.add_argument("--ramp-hz-s", type=float, default=0.0, metavar="HZ/S", help="drift of the carrier")
    parser.add_argument("--clock-ppm", type=float, default=0.0, metavar="PPM", help="symbol rate above nominal")
    parser.add_argument("--linewidth-hz", type=float, default=0.0, metavar="HZ", help="of the oscillators' phase noise")
    path = parser.add_argument_group("path between transmitter and receiver (Es/N0 is that of the signal behind it)")
    path.add_argument(
        "--multipath",
        type=_numbers("DELAY,DB,DEG"),
        action="append",
        default=[],
        metavar="DELAY,DB,DEG",
        help="an echo: delay in symbols, level against the direct ray, phase; may be given several times",
    )
    path.add_argument("--tilt-db", type=float, default=0.0, metavar="DB", help="upper over lower edge of the band")
    path.add_argument(
        "--ripple-db", type=_numbers("DB,PERIOD"), metavar="DB,PERIOD", help="peak to peak; period in symbol rates"
    )
    path.add_argument(
        "--band-filter",
        type=_numbers("WIDTH,ORDER"),
        metavar="WIDTH,ORDER",
        help="Butterworth: -3 dB width in symbol rates, order 1 to 12",
    )
    parser.add_argument("--iq-swap", action="store_true", help="exchange I and Q")
    parser.add_argument("--spectral-inversion", action="store_true", help="mirror the spectrum")
    parser.add_argument("--plan", type=Path, metavar="FILE", help="Doppler, Es/N0 and fades of a pass, see below")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of noise and made-up frames; default: 1")
    parser.add_argument("--truth", type=Path, metavar="FILE", help="write what was sent (JSON) at the end")


def run(args: argparse.Namespace) -> int:
    from xband_core.mission import load_mission
    from xband_core.simulate import make_simulator, write_recording
    from xband_station.progress import ProgressBar

    mission = load_mission(args.mission)
    if args.realtime and not args.serve:
        raise XbandError("--realtime goes with --serve")
    simulator = make_simulator(mission, _settings(args, mission), args.frames)
    served: dict[str, Any] = {}
    if args.serve:
        from xband_core.iq_server import IqServer

        server = IqServer(args.serve, simulator, realtime=args.realtime)
        print(f"serving {mission.name} at {server.uri}", flush=True)
        with ProgressBar("serving", simulator.n_samples, "samples") as bar:
            server.run(_stop_on_signals(), bar)
        served = {"server": server.summary()}
    else:
        with ProgressBar("writing", simulator.n_samples, "samples") as bar:
            data = write_recording(args.out, simulator, bar)
        print(f"{data}: {simulator.position} samples, {simulator.frames_sent()} frames")
    if args.truth:
        _write_json(args.truth, simulator.truth() | served)
    return 0


def _settings(args: argparse.Namespace, mission: Mission) -> SimulationSettings:
    from xband_core.simulate import DEFAULT_SAMPLES_PER_SYMBOL, SimulationSettings, es_n0_from_eb_n0_db
    from xband_core.simulation_plan import SimulationPlan, load_simulation_plan

    plan = load_simulation_plan(args.plan) if args.plan else SimulationPlan()
    symbol_rate_hz = mission.modulation.symbol_rate_hz
    if args.sample_rate is not None:
        sample_rate_hz = args.sample_rate
    elif args.samples_per_symbol is not None:
        sample_rate_hz = args.samples_per_symbol * symbol_rate_hz
    else:
        sample_rate_hz = plan.sample_rate_hz or DEFAULT_SAMPLES_PER_SYMBOL * symbol_rate_hz
    if plan.sample_rate_hz not in (None, sample_rate_hz):
        raise XbandError(
            f"{args.plan}: sample_rate_hz {plan.sample_rate_hz:g} differs from {sample_rate_hz:g} asked for"
        )
    es_n0_db = args.es_n0_db
    if args.eb_n0_db is not None:
        es_n0_db = es_n0_from_eb_n0_db(mission, args.eb_n0_db)
    if es_n0_db is not None and plan.es_n0_db:
        raise XbandError(f"{args.plan}: has es_n0_db, so --es-n0-db and --eb-n0-db cannot be given")
    seconds = args.seconds if args.seconds is not None or args.serve else 1.0
    return SimulationSettings(
        sample_rate_hz=sample_rate_hz,
        seconds=seconds,
        iq_format=args.format,
        es_n0_db=plan.es_n0_db if es_n0_db is None else ((0.0, es_n0_db),),
        frequency_offset_hz=args.frequency_offset_hz,
        frequency_ramp_hz_s=args.ramp_hz_s,
        clock_error_ppm=args.clock_ppm,
        linewidth_hz=args.linewidth_hz,
        iq_swap=args.iq_swap,
        spectral_inversion=args.spectral_inversion,
        path=_path(args),
        doppler=plan.doppler,
        fades=plan.fades,
        first_sample_time_ns=plan.first_sample_time_ns,
        seed=args.seed,
    )


def _numbers(names: str) -> Callable[[str], tuple[float, ...]]:
    """Reads numbers with commas between them."""

    def read(text: str) -> tuple[float, ...]:
        try:
            values = tuple(float(part) for part in text.split(","))
        except ValueError:
            values = ()
        if len(values) != len(names.split(",")) or not all(math.isfinite(value) for value in values):
            raise argparse.ArgumentTypeError(f"'{text}' is not {names}")
        return values

    return read


def _path(args: argparse.Namespace) -> ChannelResponse:
    from xband_core.channel_response import ChannelResponse, Echo

    settings: dict[str, Any] = {"echoes": tuple(Echo(*echo) for echo in args.multipath), "tilt_db": args.tilt_db}
    if args.ripple_db is not None:
        settings |= {"ripple_db": args.ripple_db[0], "ripple_period_norm": args.ripple_db[1]}
    if args.band_filter is not None:
        width, order = args.band_filter
        if order != int(order):
            raise XbandError(f"--band-filter: order {order:g} is not a whole number")
        settings |= {"filter_width_norm": width, "filter_order": int(order)}
    return ChannelResponse(**settings)


def _stop_on_signals() -> threading.Event:
    """Set by SIGTERM and SIGINT: a served simulation that is stopped has ended well."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _write_json(file: Path, content: dict[str, Any]) -> None:
    part = file.with_name(file.name + ".part")
    try:
        part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        os.replace(part, file)
    except OSError as error:
        raise OutputError(file, error.strerror or str(error)) from error
    finally:
        part.unlink(missing_ok=True)
