"""Modes that are more than runs of the load generator, one after another."""

import math
import os
import signal
import socket
import statistics
import time

import measure
import report
from contestants import Ftpsd, Unavailable
from daemon import wait_for

UNLIMITED = {"config": {"limits": {"sessions": 0}}}
IDLE_SECONDS = 5
IDLE_COUNTS = (1000, 10000)
IDLE_PEER_COUNT = 200
LOGINS = 200
STORM = 2000
HOSTS = 5000
PATIENCE = 120


def contestants(runner, mode, options, peers=False):
    """ftpsd in all its builds, and whoever else takes part."""
    servers = runner.roster.ftpsds(options)
    if peers and runner.arguments.peers != "none":
        servers += runner.roster.peers(mode, 8)
    return servers


def add_row(runner, mode, tls, clients, server, figures):
    figures = {name: None if math.isnan(value) else value
               for name, value in figures.items()}
    row = {"mode": mode.name, "tls": tls, "clients": clients,
           "server": server.label, "figures": figures}
    runner.rows.append(row)
    report.show_figures(row)


def add_error(runner, mode, tls, clients, server, error):
    row = {"mode": mode.name, "tls": tls, "clients": clients,
           "server": server.label, "error": error}
    runner.rows.append(row)
    print(report.show(report.line(row)), flush=True)


def each(runner, mode, tls, servers, measure_one):
    """Starts each server alone, measures it and ends it."""
    runner.pool.keep([])
    for server in servers:
        try:
            server.start()
            measure_one(server)
        except (Unavailable, ValueError) as error:
            add_error(runner, mode, tls, 1, server, str(error))
        finally:
            runner.load.end_all()
            server.stop()


def figures_of(said, wanted="operations"):
    """What a run said, if it went well."""
    if said.get("errors") or not said.get(wanted):
        raise ValueError(said.get("first_error") or "no operation ended")
    return said


def hold(runner, server, mode, options):
    """Opens sessions that stay; returns the run that holds them."""
    process = runner.load.begin(server.port, mode,
                                {**options, **server.extra})
    for line in process.stdout:
        if '"ready"' in line:
            return process
    raise ValueError("the sessions to be held were not opened: " + mode)


# -- idle sessions ------------------------------------------------------------


def login_time(runner, server, tls):
    """The median time of a login, one after another."""
    said = runner.load.run(server.port, "login", {
        "t": tls, "c": 1, "n": LOGINS if server.ours else 20})
    return figures_of(said)["p50_us"]


def memory(server):
    """PSS of the family in KiB; NaN where only root may see it."""
    measure.settle(server.meter)
    parts = measure.memory(server.meter, measure.PSS)
    return sum(parts.values()) if parts else math.nan


def idle_counts(runner, server):
    if runner.arguments.smoke:
        return (50,)
    return IDLE_COUNTS if server.ours else (IDLE_PEER_COUNT,)


def idle(runner, mode, tls):
    """Memory, processor time and logins beside idle sessions."""
    def one(server):
        figures = {"login alone, us": login_time(runner, server, tls)}
        empty = memory(server)
        figures["PSS without sessions, KiB"] = empty
        for count in idle_counts(runner, server):
            idle_beside(runner, server, tls, count, empty, figures)
        add_row(runner, mode, tls, count, server, figures)

    each(runner, mode, tls, contestants(runner, mode, UNLIMITED, True), one)


def idle_beside(runner, server, tls, count, empty, figures):
    kernel = measure.socket_memory()
    held = hold(runner, server, "idle", {"t": tls, "n": count, "c": 4})
    slope = (memory(server) - empty) / count
    figures[f"PSS of each of {count}, KiB"] = slope
    figures[f"kernel memory of each of {count}, both ends, KiB"] = \
        (measure.socket_memory() - kernel) / count
    before = server.meter.usage()
    seconds = 1 if runner.arguments.smoke else IDLE_SECONDS
    time.sleep(seconds)
    used = server.meter.usage() - before
    figures[f"CPU beside {count}, % of one"] = used / seconds / 1e4
    figures[f"login beside {count}, us"] = login_time(runner, server, tls)
    runner.load.end(held)


# -- a reconnect storm --------------------------------------------------------


def storm(runner, mode, tls):
    """All clients at once, right after a start."""
    count = 100 if runner.arguments.smoke else STORM
    servers = contestants(runner, mode, {}) + [runner.roster.floor(64)]
    found = {server.label: [] for server in servers}

    def one(server):
        before = server.meter.usage()
        said = runner.load.run(server.port, "storm", {"t": tls, "n": count})
        used = measure.settle(server.meter) - before
        said = figures_of(said)
        found[server.label].append({
            "seconds until all are in": said["seconds"],
            "p50, us": said["p50_us"], "p99, us": said["p99_us"],
            "longest, us": said["max_us"],
            "CPU of each, us": used / said["operations"]})

    for _ in range(runner.arguments.rounds):
        each(runner, mode, tls, servers, one)
    for server in servers:
        rounds = found[server.label]
        if rounds:
            add_row(runner, mode, tls, count, server, {
                name: statistics.median(r[name] for r in rounds)
                for name in rounds[0]})


# -- one that is slow, one that is stuck --------------------------------------


def mixed(runner, mode, tls):
    """p99 of the many, with and without two that hold things up."""
    runner.place.need("big", 1 << 22)
    options = {"accounts": ("slow", "stuck"), "config": {"agent_idle": "1s"}}
    for name in options["accounts"]:
        runner.place.make_home(name)
        runner.place.link("big", name)

    def one(server):
        alone, beside = [], []
        for _ in range(runner.arguments.rounds):
            alone.append(sessions(runner, mode, server, tls))
            with_two(runner, server, tls, lambda: beside.append(
                sessions(runner, mode, server, tls)))
        figures = {}
        for name, runs in (("alone", alone), ("beside the two", beside)):
            for key, label in (("p50_us", "p50"), ("p99_us", "p99")):
                figures[f"{label} {name}, us"] = statistics.median(
                    run[key] for run in runs)
        add_row(runner, mode, tls, 8, server, figures)

    each(runner, mode, tls, contestants(runner, mode, options), one)


def sessions(runner, mode, server, tls):
    return figures_of(runner.load.run(
        server.port, mode.load, runner.options(mode, tls, 8)))


def agents_of(server):
    return {pid for pid in server.meter.pids() if measure.role(pid) == "agent"}


def with_two(runner, server, tls, measure_it):
    """Measures while one reads slowly and another one's agent is stopped."""
    big = {"t": tls, "c": 1, "n": 1, "f": "big", "b": 1 << 22}
    slow = hold(runner, server, "slow", {**big, "u": "slow"})
    # What the last round left must be gone: it would be taken for others'.
    wait_for(lambda: len(agents_of(server)) == 1, PATIENCE)
    others = agents_of(server)
    first = hold(runner, server, "slow", {**big, "u": "stuck"})
    agents = agents_of(server) - others
    if not agents:
        raise ValueError("no agent of the stuck account was found")
    for pid in agents:
        os.kill(pid, signal.SIGSTOP)
    try:
        # More sessions of that account come, and hang.
        stuck = runner.load.begin(server.port, "session", {
            "t": tls, "c": 4, "n": 4, "u": "stuck", "f": "big",
            "b": 1 << 22})
        time.sleep(0.2)
        measure_it()
    finally:
        for pid in agents:
            os.kill(pid, signal.SIGCONT)
    for process in (stuck, first, slow):
        runner.load.end(process)


# -- many virtual hosts -------------------------------------------------------


class Timed(Ftpsd):
    """ftpsd, with a look at when it accepts and when it says it is ready."""

    accepting = ready = None

    def start(self):
        os.makedirs(self.folder, mode=0o755, exist_ok=True)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self.notify.bind(os.path.join(self.folder, "notify"))
            self.notify.setblocking(False)
            super().start()
        finally:
            self.notify.close()

    def environment(self):
        return dict(os.environ, NOTIFY_SOCKET=os.path.join(
            self.folder, "notify"))

    def await_ready(self):
        if not wait_for(self.look, PATIENCE) or self.ended():
            raise Unavailable("does not start: " + self.last_words())

    def look(self):
        """Notes what has come true; whether all has."""
        if self.accepting is None and self.greets():
            self.accepting = time.monotonic() - self.started
        try:
            if self.ready is None and b"READY=1" in self.notify.recv(4096):
                self.ready = time.monotonic() - self.started
        except BlockingIOError:
            pass
        return self.ended() or self.accepting and self.ready


def hosts_start(runner, mode, tls):
    """Time to accept and to have checked all; memory of each host."""
    count = 50 if runner.arguments.smoke else HOSTS
    for build, label in runner.roster.builds():
        found = []

        def one(server):
            found.append((server, *(measure.memory(server.meter, kind) for
                                    kind in (measure.RSS, measure.PRIVATE,
                                             measure.PSS))))

        for hosts in (0, count):
            each(runner, mode, tls, [Timed(
                runner.place, {"hosts": hosts}, label, build)], one)
        if len(found) == 2:
            add_row(runner, mode, tls, count, found[1][0],
                    of_hosts(count, *found))


def of_hosts(count, bare, full):
    """What hosts cost: the difference to a server without."""
    server = full[0]
    figures = {"accepting after, ms": server.accepting * 1e3,
               "all checked after, ms": server.ready * 1e3}
    rss, private, pss = ({
        role: (after - before.get(role, 0)) / count
        for role, after in kind.items()}
        for before, kind in zip(bare[1:], full[1:]))
    if pss:
        figures["of each host: RSS of the master, KiB"] = rss["master"]
        figures["of each host: private to a worker, bytes"] = \
            private["worker"] * 1024 / 2
        figures["of each host: PSS of all, KiB"] = sum(pss.values())
    return figures


MEASURE = {"idle": idle, "storm": storm, "mixed": mixed,
           "hosts_start": hosts_start}
