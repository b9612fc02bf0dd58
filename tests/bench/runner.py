"""Runs the modes: servers in turn, round by round."""

import json
import os
import select
import statistics
import subprocess

import measure
import report
import special
import trouble
from contestants import PASSWORD, Unavailable

LOAD_PATIENCE = 90
SPECIAL = {**special.MEASURE, **trouble.MEASURE}
RESUMING = ("resumed", "session-resumed")
# Of a mode's connections, where those must be resumed.
RESUMED_LEAST = 0.99


class Pool:
    """Servers that run; one is kept while modes have use for it."""

    def __init__(self):
        self.running = {}

    def get(self, server, load):
        """A running server like this one, filled by the load generator."""
        key = (server.label, repr(server.options))
        known = self.running.get(key)
        if known is not None and known.ended():
            self.drop(known)
            known = None
        if known is None:
            server.start()
            server.fill(load)
            self.running[key] = known = server
        return known

    def drop(self, server):
        """Ends it; the next one will be fresh."""
        self.running = {key: known for key, known in self.running.items()
                        if known is not server}
        server.stop()

    def keep(self, servers):
        """Ends all but those that are like one of these."""
        keys = {(s.label, repr(s.options)) for s in servers}
        for key, server in list(self.running.items()):
            if key not in keys:
                self.drop(server)

    def close(self):
        """Ends all, whatever one of them says."""
        self.keep([])


class Load:
    """The load generator, with what all runs have in common."""

    def __init__(self, place):
        self.binary = os.path.join(place.bench, "load")
        self.children = []

    def words(self, port, mode, options):
        words = [self.binary, "-m", mode, "-p", str(port), "-u", "bench",
                 "-w", PASSWORD]
        for name, value in options.items():
            words += [f"-{name}"] if value is True else \
                [f"-{name}", str(value)]
        return words

    def run(self, port, mode, options, patience=LOAD_PATIENCE, ready=None):
        """One run; what it says, or its error.

        ready is called when the clients are prepared (logged in, where a
        mode wants it), and before any of them begins.
        """
        if ready:
            options = {**options, "g": True}
        process = self.begin(port, mode, options,
                             subprocess.PIPE if ready else subprocess.DEVNULL)
        try:
            if ready and select.select([process.stdout], [], [], patience)[0]:
                process.stdout.readline()
                ready()
            output, _ = process.communicate(
                "\n" if ready else None,
                timeout=patience + options.get("s", 0))
        except subprocess.TimeoutExpired:
            return {"errors": 1, "first_error": "no end in time"}
        finally:
            self.end(process)
        return parse(output)

    def begin(self, port, mode, options, stdin=subprocess.PIPE):
        """Starts a run that goes on until end()."""
        process = subprocess.Popen(
            self.words(port, mode, options), stdin=stdin,
            stdout=subprocess.PIPE, text=True)
        self.children.append(process)
        return process

    def end(self, process):
        if process.stdin:
            process.stdin.close()
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(2)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        process.stdout.close()
        self.children.remove(process)

    def end_all(self):
        for process in list(self.children):
            process.kill()
            self.end(process)


def parse(output):
    """The last JSON object of what the load generator printed."""
    lines = output.strip().splitlines()
    try:
        said = json.loads(lines[-1])
    except (IndexError, ValueError):
        return {"errors": 1, "first_error": "the load generator said "
                + repr(output[-200:])}
    return said


def check_resumed(said, mode):
    """It is an error when less was resumed than the mode is about."""
    if mode.load not in RESUMING:
        return
    count = said.get("operations", 0)
    resumed = said.get("resumed_control", 0)
    if not said.get("errors") and resumed < count * RESUMED_LEAST:
        said["errors"] = count - resumed
        said["first_error"] = f"only {resumed} of {count} were resumed"


def sample_of(said, cpu, unit):
    """A run as figures for each operation, or for each GB."""
    count = said.get("operations", 0)
    if said.get("errors") or not count:
        return {"error": said.get("first_error") or "no operation ended",
                "errors": said.get("errors", 0), "said": said}
    rate = count / said["seconds"]
    if unit == "GB":
        count = said["bytes"] / 1e9
        rate = said["bytes"] / 1e6 / said["seconds"]
    return {"rate": rate, "p50": said["p50_us"], "p99": said["p99_us"],
            "cpu": cpu / count, "said": said}


class Start:
    """What a server had used when the clock started."""

    def __init__(self, meter):
        self.meter = meter
        self.usage = 0
        self.roles = {}

    def take(self):
        self.usage = measure.settle(self.meter)
        self.roles = measure.roles(self.meter)


class Runner:
    """Measures modes and collects rows."""

    def __init__(self, place, arguments, roster):
        self.place = place
        self.arguments = arguments
        self.roster = roster
        self.pool = Pool()
        self.load = Load(place)
        self.rows = []
        self.absent = {}        # labels, and why
        self.failed = 0         # those of them that are not peers

    def mode(self, mode):
        """All cells of one mode."""
        if mode.file and not mode.file.startswith("up/"):
            self.place.need(mode.file, self.scaled(mode))
        for tls in mode.tls:
            if self.arguments.tls and tls not in self.arguments.tls:
                continue
            for clients in self.clients(mode):
                if mode.special:
                    SPECIAL[mode.special](self, mode, tls)
                else:
                    self.cell(mode, tls, clients)

    def scaled(self, mode):
        """The size of what is transferred, smaller in a smoke run."""
        return min(mode.size, mode.smoke_size) if self.arguments.smoke \
            else mode.size

    def clients(self, mode):
        if self.arguments.smoke:
            return mode.clients[:2][-1:]
        if self.arguments.clients and len(mode.clients) > 1:
            return self.arguments.clients
        return mode.clients

    def cell(self, mode, tls, clients):
        """One mode, version and number of clients: all servers, in turn."""
        servers = self.roster.servers(mode, clients)
        self.pool.keep(servers)
        samples = {server.label: [] for server in servers}
        for _ in range(self.arguments.rounds):
            for server in servers:
                sample = self.sample(server, mode, tls, clients)
                if sample is not None:
                    samples[server.label].append(sample)
        rows = []
        for server in servers:
            if not samples[server.label]:
                continue
            row = {"mode": mode.name, "tls": tls, "clients": clients,
                   "server": server.label, "peer": not server.ours,
                   "unit": mode.unit}
            row.update(report.summary(samples[server.label]))
            row["samples"] = samples[server.label]
            rows.append(row)
        if mode.file == "many":
            rows.append(self.scan(mode, tls))
        report.ratios(rows)
        self.rows += rows
        for row in rows:
            print(report.show(report.line(row)), flush=True)
            report.show_notes(row)

    def sample(self, server, mode, tls, clients):
        """One run against one server, or nothing if it is not to be had."""
        if server.label in self.absent:
            return None
        try:
            server = self.pool.get(server, self.load)
        except Unavailable as reason:
            self.absent[server.label] = str(reason)
            self.failed += server.ours
            print(f"{server.label}: does not take part: {reason}")
            return None
        options = {**self.options(mode, tls, clients), **server.extra}
        word = "tcp" if getattr(server, "bare", False) else mode.load
        start = Start(server.meter)
        said = self.load.run(server.port, word, options, ready=start.take)
        used = measure.settle(server.meter) - start.usage
        if not self.arguments.smoke:
            check_resumed(said, mode)
        sample = sample_of(said, used, mode.unit)
        if "error" in sample:
            self.pool.drop(server)
        elif self.arguments.roles:
            after = measure.roles(server.meter)
            sample["roles"] = {
                name: (after[name] - start.roles.get(name, 0)) * sample["cpu"]
                / used for name in after}
        if mode.load in ("up", "bulk-up"):
            self.place.clear_uploads()
        return sample

    def options(self, mode, tls, clients):
        """What the load generator is told."""
        options = {"t": tls, "c": clients}
        if mode.operations:
            options["n"] = clients if self.arguments.smoke \
                else mode.operations
        else:
            options["s"] = self.arguments.seconds
        if mode.file == "many":
            options["d"] = mode.file
        elif mode.file:
            options["f"] = mode.file
        if mode.size:
            options["b"] = self.scaled(mode)
        if self.arguments.smoke or mode.load in RESUMING:
            options["x"] = True     # check_resumed() looks at how many were
        return options

    def scan(self, mode, tls):
        """What reading the directory alone takes, as one more row."""
        done = subprocess.run(
            [os.path.join(self.place.bench, "scan"),
             os.path.join(self.place.home, mode.file), "9"],
            capture_output=True, text=True, check=True)
        took = statistics.median(json.loads(line)["us"] for line in
                                 done.stdout.splitlines())
        return {"mode": mode.name, "tls": tls, "clients": 1, "peer": False,
                "server": "readdir, statx", "unit": "op", "samples": [],
                "rate": 1e6 / took, "p50": took, "p99": took, "cpu": took}

    def close(self):
        self.load.end_all()
        self.pool.close()
