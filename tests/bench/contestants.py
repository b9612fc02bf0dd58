"""Servers that are measured: how one is started, asked and ended."""

import ctypes
import os
import resource
import signal
import socket
import subprocess
import time

import measure
from daemon import (IS_ROOT, SERVICE_USERS, alive, crypt_hash, free_port,
                    merge, stat_fields, to_yaml, wait_for)
from place import ACCOUNT_GID, ACCOUNT_UID

PASSWORD = "secret"
# The cheapest hash that ftpsd takes; bench.py states what it costs.
HASH_SETTING = "$y$j/.$salt5678$"
READY_SECONDS = 30
FILL_SECONDS = 300
SESSIONS_EACH = 2       # that a full handshake leaves, in TLS 1.3
STOP_SECONDS = 10
PR_SET_PDEATHSIG = 1


class Unavailable(Exception):
    """Why a server cannot take part."""


def password_hash():
    return crypt_hash(PASSWORD, HASH_SETTING)


class Server:
    """One server; a subclass says how it is run."""

    name = "server"
    ours = True
    needs_root = False
    how_to_stop = signal.SIGTERM
    unsupported = ()            # modes it has no means for
    files = None                # limit of open files; None: all there may be
    extra = {}                  # more options for the load generator
    made = 0

    def __init__(self, place, options=None, label=None):
        self.place = place
        self.options = options or {}
        self.label = label or self.name
        Server.made += 1
        self.folder = os.path.join(place.run, f"{self.name}-{Server.made}")
        self.port = None
        self.process = None
        self.meter = None
        self.started = None

    def prepare(self):
        """Writes what the server reads at its start."""

    def command(self):
        """The words to start it with, so that it stays in front."""
        raise NotImplementedError

    def environment(self):
        return dict(os.environ)

    def fill(self, load):
        """Brings a server that has started into the state to be measured."""

    # -- life ---------------------------------------------------------------

    def start(self):
        """Starts it and waits for its greeting."""
        if self.needs_root and not IS_ROOT:
            raise Unavailable("needs root")
        os.makedirs(self.folder, mode=0o755, exist_ok=True)
        self.port = free_port()
        self.prepare()
        self.meter = measure.new_meter()
        try:
            self.started = time.monotonic()
            self.process = self.spawn()
            self.meter.watch(self.process.pid)
            self.await_ready()
        except BaseException:
            self.stop()
            raise

    def spawn(self):
        with open(self.error_path(), "ab") as log:
            return subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env=self.environment(), start_new_session=True,
                preexec_fn=self.in_child)

    def in_child(self):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        soft = hard if self.files is None else min(self.files, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        self.meter.enter()

    def error_path(self):
        return os.path.join(self.folder, "stderr.log")

    def await_ready(self):
        if not wait_for(lambda: self.greets() or self.ended(),
                        READY_SECONDS) or self.ended():
            raise Unavailable("does not start: " + self.last_words())

    def ended(self):
        return self.process.poll() is not None

    def greets(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port),
                                          timeout=2) as probe:
                return probe.recv(3) == b"220"
        except OSError:
            return False

    def last_words(self):
        try:
            with open(self.error_path(), encoding="utf-8",
                      errors="replace") as log:
                lines = log.read().strip().splitlines()
        except OSError:
            lines = []
        return lines[-1] if lines else "without a word"

    def stop(self):
        """Ends the whole family; leaves no control group."""
        family = set(self.meter.pids()) if self.meter else set()
        if self.process is not None and not self.ended():
            self.process.send_signal(self.how_to_stop)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.meter is not None:
            self.end_family(family)
            self.meter.close()
        self.process = self.meter = None

    def end_family(self, family):
        """Those that were there, and those that came since."""
        wait_for(lambda: not any(map(alive, family)), 2)
        while True:
            reap()
            family = set(self.meter.pids()) | {
                pid for pid in family if is_ours(pid)}
            if not family:
                return
            for pid in family:
                kill(pid)
            time.sleep(0.01)


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def is_ours(pid):
    """Whether it is a child of this process, as orphans are."""
    fields = stat_fields(pid)
    return bool(fields) and int(fields[1]) == os.getpid()


def reap():
    """Takes note of orphans that became ours and have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0] > 0:
            pass
    except ChildProcessError:
        pass


class Ftpsd(Server):
    """Our server, with its default configuration and logs to files."""

    name = "ftpsd"
    how_to_stop = signal.SIGINT

    def __init__(self, place, options=None, label=None, binaries=None):
        super().__init__(place, options, label)
        self.binaries = binaries or place.build
        self.control = os.path.join(self.folder, "run", "control.sock")

    def prepare(self):
        if IS_ROOT:
            os.chmod(self.folder, 0o777)    # the logger is another user
        with open(os.path.join(self.folder, "users"), "w",
                  encoding="utf-8") as out:
            names = ("bench",) + tuple(self.options.get("accounts", ()))
            for number, name in enumerate(names):
                # An agent serves one uid.
                uid = ACCOUNT_UID - (number if IS_ROOT else 0)
                out.write(f"{name}:{password_hash()}:{uid}:"
                          f"{ACCOUNT_GID}:{name}:"
                          f"{self.place.make_home(name)}:/bin/sh\n")
        os.chmod(out.name, 0o600)
        with open(os.path.join(self.folder, "ftpsd.yaml"), "w",
                  encoding="utf-8") as out:
            out.write(to_yaml(self.configuration()) + "\n")

    def configuration(self):
        config = {
            "run_directory": os.path.join(self.folder, "run"),
            "workers": self.options.get("workers", 2),
            "listen": [{"address": "127.0.0.1", "port": self.port}],
            "log": {"target": "file", "transfer":
                    os.path.join(self.folder, "transfer.log"),
                    "file": os.path.join(self.folder, "ftpsd.log")},
            "auth": {"order": ["file"], "users_file":
                     os.path.join(self.folder, "users")},
            "tls": {"engine": True, "required": "on",
                    "certificates": [{"cert": self.place.cert,
                                      "key": self.place.key}]},
        }
        if IS_ROOT:
            config["user"], config["cache_user"], config["log_user"] = \
                SERVICE_USERS
        else:
            config["auth"]["min_uid"] = max(1, min(1000, os.getuid()))
        if self.options.get("tickets"):
            config["tls"]["session_tickets"] = True
        if self.options.get("hosts"):
            config["hosts"] = self.hosts(self.options["hosts"])
        return merge(config, self.options.get("config", {}))

    def hosts(self, count):
        folder = self.place.certificates(count)
        return [{"name": f"host{number}.example.org", "tls": {
            "engine": True, "required": "on", "certificates": [
                {"cert": f"{folder}/{number}.pem",
                 "key": f"{folder}/{number}.key"}]}}
                for number in range(count)]

    @property
    def extra(self):
        """Clients ask for all hosts in turn where the mode says so."""
        hosts = self.options.get("hosts", 0)
        return {"N": hosts} if self.options.get("named") else {}

    def command(self):
        return [os.path.join(self.binaries, "ftpsd"), "-c",
                os.path.join(self.folder, "ftpsd.yaml")]

    def fill(self, load):
        """Puts as many sessions into the cache as the options say."""
        count = self.options.get("sessions", 0) // SESSIONS_EACH
        if count:
            said = load.run(self.port, "handshake", {
                "t": "1.3", "c": 8, "n": count},
                patience=FILL_SECONDS)
            if said["errors"]:
                raise Unavailable("cannot be filled: " + said["first_error"])

    def last_words(self):
        path = os.path.join(self.folder, "ftpsd.log")
        if not os.path.exists(path):
            return super().last_words()
        with open(path, encoding="utf-8", errors="replace") as log:
            return (log.read().strip().splitlines() or ["silent"])[-1]


class Floor(Server):
    """The bare server: what no server can do without, and nothing else.

    A process of it serves one session at a time, so it has more of them than
    there are clients.
    """

    name = "floor"
    bare = False            # nothing but handshakes, without a greeting
    word = ()

    def command(self):
        words = [os.path.join(self.place.bench, "floor"),
                 "-p", str(self.port), "-n",
                 str(self.options.get("clients", 1) + 1),
                 "-c", self.place.cert, "-k", self.place.key,
                 "-r", self.place.home,
                 "-t", "tickets" if self.options.get("tickets") else "cache"]
        return words + list(self.word)


class Bare(Floor):
    """accept, SSL_accept, close: the limit of the floor's handshakes."""

    name = "bare loop"
    bare = True
    word = ("-b",)

    def greets(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 2).close()
            return True
        except OSError:
            return False


class Alone(Bare):
    """The bare loop's handshakes, made by the code that serves sessions."""

    name = "floor, bare"
    word = ("-a",)
