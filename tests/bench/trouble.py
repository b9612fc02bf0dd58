"""Special modes: what others' misbehaviour costs those who behave."""

import math
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import measure
import special
from authority import Authority, read, write
from contestants import Unavailable
from daemon import IS_ROOT, SERVICE_USERS, wait_for
from responder import Responder

HERE = os.path.dirname(os.path.abspath(__file__))
WAYS = ("index", "hang", "trickle", "reset", "huge", "stranger")
ASK_AGAIN = 0.2         # seconds between two orders to ask all anew
PAUSE = 0.0005          # between two commands whose answers are timed
FLOODERS = 4


# -- responders of OCSP -------------------------------------------------------


class Stapling:
    """A responder, and the options of a server whose certificate names it."""

    def __init__(self, place):
        self.folder = tempfile.mkdtemp(prefix="staple-", dir=place.run)
        os.chmod(self.folder, 0o755)
        self.authority = Authority(self.folder, "root")
        stranger = Authority(self.folder, "stranger")
        self.responder = Responder(self.authority, stranger)
        pair = self.authority.issue("server",
                                    more=self.responder.extension()).path
        write(pair, read(pair) + self.authority.cert)
        os.chmod(pair, 0o600)
        self.options = {"config": {"tls": {
            "certificates": [{"cert": pair, "key": pair}],
            "stapling_timeout": "2s",
            "stapling_cache": {"type": "lmdb", "directory": os.path.join(
                self.folder, "store")}}}}
        if IS_ROOT:
            self.options["config"]["ocsp_user"] = SERVICE_USERS[1]

    def __enter__(self):
        self.responder.__enter__()
        return self

    def __exit__(self, *_):
        self.responder.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Asking:
    """Has the server ask its responder again and again, meanwhile."""

    def __init__(self, server):
        self.command = [os.path.join(server.binaries, "ftpsctl"), "-s",
                        server.control, "ocspcache"]
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def order(self, *words):
        return subprocess.run(self.command + list(words), text=True,
                              capture_output=True, check=False).stdout

    def run(self):
        while not self.over.wait(ASK_AGAIN):
            self.order("clear")

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def responders(runner, mode, tls):
    """Latency of full handshakes, for each way to behave."""
    with Stapling(runner.place) as stapling:
        def one(server):
            asking = Asking(server)
            if not wait_for(lambda: "good, stapled" in asking.order(
                    "info", "-v"), 20):
                raise Unavailable("nothing is stapled: " +
                                  asking.order("info", "-v"))
            runs = {way: [] for way in WAYS}
            for _ in range(runner.arguments.rounds):
                for way in WAYS:
                    runs[way].append(beside(runner, mode, tls, server,
                                            stapling.responder, way))
            special.add_row(runner, mode, tls, 8, server, {
                f"{label} beside {NAMES.get(way, way)}, us":
                statistics.median(run[key] for run in runs[way])
                for way in WAYS
                for key, label in (("p50_us", "p50"), ("p99_us", "p99"))})

        special.each(runner, mode, tls, special.contestants(
            runner, mode, stapling.options), one)


NAMES = {"index": "a good one", "hang": "one that hangs",
         "trickle": "one that trickles", "reset": "one that resets",
         "huge": "one that sends 10 MiB", "stranger": "a stranger"}


def beside(runner, mode, tls, server, responder, way):
    responder.mode = way
    with Asking(server):
        time.sleep(ASK_AGAIN)
        return special.figures_of(runner.load.run(
            server.port, mode.load,
            {**runner.options(mode, tls, 8), "o": True}))


# -- floods -------------------------------------------------------------------


def floods(runner, mode, tls):
    """How long another client of the same worker waits for an answer."""
    options = {"workers": 1, "config": {
        "tls": {"options": ["AllowClientRenegotiations"]},
        "limits": {"sessions": 0}}}
    what = "renegotiations" if tls == "1.2" else "key updates"

    def one(server):
        alone, flooded, cut = [], [], []
        for _ in range(runner.arguments.rounds):
            alone += answers(runner, server)
            with Flood(server.port, tls) as flood:
                flooded += answers(runner, server)
            cut.append(flood.cut / flood.seconds)
        if not min(cut):
            raise ValueError("no flooder was cut")
        figures = {f"{name} {label}, us": value
                   for label, times in (("alone", alone),
                                        (f"beside {what}", flooded))
                   for name, value in summary(times).items()}
        figures["flooders cut a second"] = statistics.median(cut)
        special.add_row(runner, mode, tls, FLOODERS, server, figures)

    special.each(runner, mode, tls, special.contestants(
        runner, mode, options), one)


def summary(times):
    times = sorted(times)
    return {"p50": times[len(times) // 2],
            "p99": times[math.ceil(len(times) * 0.99) - 1],
            "longest": times[-1]}


class Undisturbed:
    """We and the workers wait for no processor: it is the loop that is looked
    at.  Without root it is both."""

    def __init__(self, server):
        self.pids = [0] + [pid for pid in server.meter.pids()
                           if measure.role(pid) == "worker"]

    def set(self, policy, priority):
        for pid in self.pids:
            try:
                os.sched_setscheduler(pid, policy | os.SCHED_RESET_ON_FORK,
                                      os.sched_param(priority))
            except PermissionError:
                pass

    def __enter__(self):
        self.set(os.SCHED_FIFO, 1)

    def __exit__(self, *_):
        self.set(os.SCHED_OTHER, 0)


def answers(runner, server):
    """Microseconds of each, for as long as a run takes."""
    times = []
    with Undisturbed(server), \
            socket.create_connection(("127.0.0.1", server.port), 30) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.recv(4096)
        end = time.perf_counter() + runner.arguments.seconds
        while time.perf_counter() < end:
            began = time.perf_counter()
            client.sendall(b"NOOP\r\n")
            if not client.recv(4096).endswith(b"\r\n"):
                raise ValueError("the other client is not served")
            times.append((time.perf_counter() - began) * 1e6)
            time.sleep(PAUSE)
    return times


class Flood:
    """Clients in processes of their own; how many times one was cut."""

    def __init__(self, port, tls):
        self.command = [sys.executable, os.path.join(HERE, "flooder.py"),
                        str(port), tls]

    def __enter__(self):
        self.processes = [
            subprocess.Popen(self.command, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)
            for _ in range(FLOODERS)]
        for process in self.processes:
            process.stdout.readline()   # it has begun
        self.began = time.monotonic()
        return self

    def __exit__(self, *_):
        self.seconds = time.monotonic() - self.began
        self.cut = sum(int(process.communicate()[0] or 0)
                       for process in self.processes)


MEASURE = {"responders": responders, "floods": floods}
