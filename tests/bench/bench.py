#!/usr/bin/python3
"""Measures ftpsd beside a bare server (the floor) and other FTP servers."""

import argparse
import ctypes
import os
import resource
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "system")]
sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import contestants
import measure
import report
from modes import MODES
from peers import PEERS
from place import Place
from runner import Runner

PR_SET_CHILD_SUBREAPER = 36
SMOKE_MOST = 100
PEERS_AT = 8            # clients, where the peers take part by default
EXAMPLES = """
examples:
  bench.py --build build --mode session,down --rounds 5
  bench.py --build build --mode down --clients 8 --tls 1.3 --peers none
  bench.py --build build --mode session --against /tmp/other/build --roles

modes:
"""


def arguments():
    modes = "".join(f"  {mode.name:16} {mode.what}\n" for mode in MODES)
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES + modes,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--build", default="build", metavar="DIR",
        help="folder with the binaries; `make bench-tools` fills its bench/")
    add("--mode", default="", metavar="NAME,...",
        help="these modes only (a name, or how names begin and *)")
    add("--rounds", type=int, default=3, help="default 3")
    add("--seconds", type=float, help="of one run; default 1")
    add("--clients", default="", metavar="N,...",
        help="numbers of clients at once, instead of each mode's own")
    add("--tls", default="", metavar="1.3,1.2", help="versions")
    add("--peers", default="some", metavar="WHICH",
        help="some: where there are 8 clients or no choice (default), "
        "all: always, none, or names")
    add("--against", default=[], action="append", metavar="DIR",
        help="one more build of ftpsd that takes part; as often as wanted")
    add("--data", default="disk", choices=("disk", "tmpfs"),
        help="where files are: below the build folder, or /dev/shm")
    add("--roles", action="store_true",
        help="also where the processor time of ftpsd goes")
    add("--quick", action="store_true", help="one short round")
    add("--smoke", action="store_true",
        help="each mode for a moment, only to see that it works")
    result = parser.parse_args()
    return completed(parser, result)


def completed(parser, result):
    """The arguments, each with its value."""
    try:
        result.clients = [int(n) for n in result.clients.split(",") if n]
    except ValueError:
        parser.error("--clients wants numbers")
    result.tls = [version for version in result.tls.split(",") if version]
    result.modes = chosen(parser, result.mode)
    if result.smoke or result.quick:
        result.rounds = 1
    if result.smoke:
        result.peers = "none"
        result.tls = result.tls or ["1.3"]
    if result.seconds is None:
        result.seconds = 0.2 if result.smoke else 0.5 if result.quick else 1
    return result


def chosen(parser, names):
    """The modes of these names."""
    if not names:
        return MODES
    result = []
    for name in names.split(","):
        found = [mode for mode in MODES if mode.name == name or
                 name[-1:] == "*" and mode.name.startswith(name[:-1])]
        if not found:
            parser.error(f"no mode is called {name}; see --help")
        result += [mode for mode in found if mode not in result]
    return result


class Roster:
    """Who takes part in what."""

    def __init__(self, place, options):
        self.place = place
        self.options = options

    def servers(self, mode, clients):
        """All that take part in a mode, in the order of a round."""
        ours = []
        for label, variant in mode.variants:
            ours += self.variant(mode, label, clients,
                                 self.scaled({**mode.options, **variant}))
        return ours + self.peers(mode, clients)

    def scaled(self, options):
        """Options, with less to be made ready for a smoke run."""
        return {name: min(value, SMOKE_MOST) if self.options.smoke and
                name in ("hosts", "sessions") else value
                for name, value in options.items()}

    def variant(self, mode, label, clients, options):
        tail = " " + label if label else ""
        made = self.ftpsds(options, tail)
        if mode.who != "ftpsd":
            made.append(self.floor(clients, options.get("tickets", False)))
        if mode.name == "handshake":
            made += [kind(self.place, {"clients": clients})
                     for kind in (contestants.Bare, contestants.Alone)]
        return made

    def builds(self):
        """Folders with binaries of ftpsd, and what they are called."""
        named = [(self.place.build, "ftpsd")]
        for letter, build in zip("ABCDEFGH", self.options.against):
            named.append((os.path.abspath(build), "ftpsd-" + letter))
        return named

    def ftpsds(self, options, tail=""):
        return [contestants.Ftpsd(self.place, options, label + tail, build)
                for build, label in self.builds()]

    def floor(self, clients, tickets=False):
        return contestants.Floor(self.place, {"tickets": tickets,
                                              "clients": clients})

    def peers(self, mode, clients):
        which = self.options.peers
        if mode.who != "all" or which == "none" or \
                which == "some" and clients != PEERS_AT and \
                len(mode.clients) > 1:
            return []
        made = [peer(self.place) for peer in PEERS
                if mode.name not in peer.unsupported]
        if which in ("some", "all"):
            return made
        return [peer for peer in made
                if peer.name.lower() in which.lower().split(",")]


def run(options, place):
    """Everything; returns how many rows or servers failed."""
    meter = measure.new_meter()
    facts = report.machine(place, meter.how)
    meter.close()
    for name, value in facts.items():
        print(f"{name.replace('_', ' ')}: {value}")
    runner = Runner(place, options, Roster(place, options))
    try:
        print()
        print(report.show(report.COLUMNS), flush=True)
        for mode in options.modes:
            runner.mode(mode)
    finally:
        runner.close()
        report.write_json(os.path.join(place.bench, "result.json"), facts,
                          runner.rows, {"absent": runner.absent})
    print()
    print(report.legend())
    return sum("error" in row for row in runner.rows) + runner.failed


def interrupted(number, _):
    raise KeyboardInterrupt(number)


def main():
    options = arguments()
    # Orphans become children of this process, and are ended with the rest.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGTERM, interrupted)
    signal.signal(signal.SIGHUP, interrupted)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    started = time.monotonic()
    place = Place(options.build, options.data == "tmpfs")
    try:
        errors = run(options, place)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    finally:
        place.close()
    print(f"in {time.monotonic() - started:.0f} seconds; "
          f"{os.path.join(place.bench, 'result.json')} has every run")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
