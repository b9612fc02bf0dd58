"""Ticket keys: their rotation, their end, and logins that outlive them."""

import ctypes
import os
import re
import resource
import struct
import subprocess
import threading
import time

from client import Client
from daemon import IS_ROOT, Daemon, sanitized, wait_for
from run import Skip

# A key each second, the shortest that there is.
FAST = {"age": "60s", "count": 60}


def config_of(keys):
    return {"tls": {"session_tickets": True, "session_ticket_keys": keys}}


def configure(server, keys):
    """Changes the keys of a running server."""
    server.config["tls"]["session_ticket_keys"] = keys
    server.write_config()
    server.ctl("reload")


def ages(server):
    return server.ctl("status")["ticket_key_ages"]


# -- looking into memory -----------------------------------------------------

RING = "memfd:ftpsd-ring"
PIECE = 1 << 17
ZEROES = bytes(PIECE + 64)


def mappings(pid):
    """(begin, end, rest of the line) of all memory of a process but what
    it maps of files and cannot write, as programs and libraries."""
    found = []
    with open(f"/proc/{pid}/maps", encoding="utf-8") as text:
        for line in text:
            area, rights, rest = line.split(None, 2)
            if rights.startswith("r") and "[v" not in rest and \
                    (rights[1] == "w" or " /" not in rest or RING in rest):
                begin, end = (int(x, 16) for x in area.split("-"))
                found.append((begin, end, rest))
    return found


def memory(pid):
    """All of its memory that is not zero, in pieces."""
    with open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for begin, end, _ in mappings(pid):
            while begin < end:
                try:
                    # Some of the next piece, for what lies across.
                    piece = os.pread(mem.fileno(), min(end - begin, PIECE + 64),
                                     begin)
                except OSError:
                    piece = b""
                if piece != ZEROES[:len(piece)]:
                    yield piece
                begin += PIECE


def live_keys(server):
    """The keys in the ring: their names, and all secrets of each."""
    [pid] = server.processes("master") or [server.process.pid]
    [(begin, end, _)] = [area for area in mappings(pid) if RING in area[2]]
    with open(f"/proc/{pid}/mem", "rb", 0) as mem:
        page = os.pread(mem.fileno(), end - begin, begin)
    magic, sequence = struct.unpack_from("<QQ", page)
    assert magic == 0x66747073646b6579, hex(magic)
    at = 16 + (sequence & 1) * (8 + 64 * 128)
    [count] = struct.unpack_from("<Q", page, at)
    keys = {}
    for i in range(count):
        key = page[at + 8 + 128 * i:at + 8 + 128 * (i + 1)]
        keys[key[:16]] = [key[16:48], key[48:80], key[80:112]]
    assert keys and all(any(s) for k in keys.values() for s in k)
    return keys


def holders(server, secrets):
    """Titles of the processes that have any half of these in memory."""
    halves = [half for secret in secrets
              for half in (secret[:16], secret[16:])]
    found = []
    for pid in server.family():
        try:
            if any(half in piece for piece in memory(pid)
                   for half in halves):
                found.append(pid)
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def dead_and_alive(server, before):
    """Secrets of keys that have died since, and of those that have not."""
    now = live_keys(server)
    dead = [s for name, secrets in before.items() if name not in now
            for s in secrets]
    return dead, [s for secrets in now.values() for s in secrets]


def check_wiped(server, before):
    dead, alive = dead_and_alive(server, before)
    assert dead, "no key has died"
    workers = server.processes("worker")
    assert set(workers) <= set(holders(server, alive)), "nothing is found"
    assert not holders(server, dead), holders(server, dead)


# -- load ---------------------------------------------------------------------

class Load:
    """Clients that connect again and again, each with its last session."""

    def __init__(self, server):
        self.server = server
        self.over = threading.Event()
        self.resumed = self.full = 0
        self.failures = []
        self.lock = threading.Lock()
        self.threads = [
            threading.Thread(target=self.run, args=(version,))
            for version in ("1.2", "1.3") for _ in range(2)]
        for thread in self.threads:
            thread.start()

    def once(self, version, context, session):
        with Client(self.server.port, version=version, context=context,
                    session=session) as client:
            client.auth(session).login()
            if session is not None:
                with self.lock:
                    self.resumed += client.socket.session_reused
                    self.full += not client.socket.session_reused
            client.listing("NLST")
            return client.context, client.socket.session

    def run(self, version):
        context = session = None
        while not self.over.is_set():
            try:
                context, session = self.once(version, context, session)
            except (OSError, EOFError, AssertionError) as error:
                self.failures.append(f"{version}: {error!r}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()


def case_rotation_under_load(binaries):
    """A key each second: all resume, nothing fails; nor when keys go."""
    with Daemon(binaries, config_of(FAST)) as server:
        with Load(server) as load:
            time.sleep(6)
        assert not load.failures, load.failures
        assert load.full == 0 and load.resumed > 40, vars(load)
        assert len(ages(server)) >= 6, ages(server)
        counters = server.ctl("status")["counters"]
        assert counters["handshakes_failed"] == 0, counters
        assert counters["data_refused"] == 0, counters
        # Keys vanish below the clients: full handshakes, and no others.
        with Load(server) as load:
            for count in (1, 60, 2, 60):
                time.sleep(1)
                configure(server, {"age": "60s", "count": count})
        assert not load.failures, load.failures
        assert load.resumed > 20, vars(load)


def case_wiped(binaries):
    """No process holds a key that is dead, and workers cannot keep one."""
    if not IS_ROOT:
        raise Skip("needs root to read the memory of processes")
    if sanitized(binaries):
        raise Skip("the memory of a sanitizer is too much to search")
    with Daemon(binaries, config_of(FAST)) as server:
        before = live_keys(server)
        with Load(server), Client(server.port, version="1.2") as idle:
            idle.auth().login()
            time.sleep(3)
            before |= live_keys(server)
            assert len(before) >= 3
            configure(server, {"age": "60s", "count": 1})
            time.sleep(1)
            check_wiped(server, before)
        check_wiped(server, before)
        # A worker that is born later finds none either.
        server.expect_log("was ended by signal 9")
        os.kill(server.processes("worker")[0], 9)
        assert wait_for(lambda: all(
            p["state"] == "ready" for p in server.ctl("status")["processes"]))
        check_wiped(server, before)


def quick_login(server, version):
    client = Client(server.port, version=version).auth().login()
    client.stor("file", b"contents")
    return client


def case_login_outlives_keys(binaries):
    """A reload that throws keys away does not end the transfers of logins."""
    for version in ("1.2", "1.3"):
        with Daemon(binaries, config_of(FAST)) as server:
            with quick_login(server, version) as client, \
                    Client(server.port, context=client.context) as stranger:
                session = client.socket.session
                time.sleep(2.2)
                configure(server, {"age": "60s", "count": 1})
                # At once, with the ticket of a key that is gone.
                data = client.open_data("RETR file")
                assert client.resumed(data)
                assert client.read_data(data) == b"contents"
                assert client.reply().code == 226
                for _ in range(5):
                    assert client.retr("file") == b"contents"
                # It is no good for anything else.
                stranger.auth(session)
                assert not stranger.socket.session_reused


def case_idle_login(binaries):
    """Logins that sleep longer than keys live find their session again."""
    servers = [Daemon(binaries, config_of({"age": "60s", "count": count}))
               for count in (1, 2)]
    clients = []
    # The memory of a process with sanitizers is too much to search.
    searched = IS_ROOT and not sanitized(binaries)
    try:
        for server in servers:
            server.start()
            before = live_keys(server) if searched else None
            clients += [(server, before, quick_login(server, version))
                        for version in ("1.2", "1.3")]
        time.sleep(64)
        for server, before, client in clients:
            data = client.open_data("RETR file")
            assert client.resumed(data)
            assert client.read_data(data) == b"contents"
            assert client.reply().code == 226
            client.cmd("NOOP", 200)
            assert client.retr("file") == b"contents"
            if before is not None:
                check_wiped(server, before)
            client.close()
    finally:
        for server in servers:
            server.stop()


case_idle_login.idle = True


# -- what a ticket says -------------------------------------------------------

def connect(server, version, resume):
    """One visit of s_client: the name of the key that the ticket which it got
    is sealed with (None: it got none), and whether it was resumed."""
    path = os.path.join(server.folder, "session" + version)
    command = ["openssl", "s_client", "-msg", "-connect",
               f"127.0.0.1:{server.implicit_port}", "-tls" + version,
               "-sess_out", path]
    if resume:
        command += ["-sess_in", path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as client:
        lines = []
        for line in client.stdout:
            lines.append(line)
            # Tickets of TLS 1.3 come with the greeting.
            if line.startswith("220"):
                break
        client.stdin.write("QUIT\n")
        client.stdin.close()
        text = "".join(lines) + client.stdout.read()
    found = re.search(r"Handshake \[length [0-9a-f]+\], NewSessionTicket\n"
                      r"((?: +[0-9a-f]{2}(?: [0-9a-f]{2})*\n)+)", text)
    if found is None:
        return None, "Reused, TLS" in text
    message = bytes.fromhex(found.group(1).replace("\n", ""))
    # Lifetime, and in TLS 1.3 age_add and a nonce, and a length.
    start = 4 + 4 + 2 if version == "1_2" else \
        4 + 4 + 4 + 1 + message[12] + 2
    return message[start:start + 16].hex(), "Reused, TLS" in text


def case_renewed(binaries):
    """Who comes with a ticket of an older key gets one of the newest."""
    with Daemon(binaries, config_of({"age": "60s", "count": 20})) as server:
        for version in ("1_2", "1_3"):
            first, _ = connect(server, version, False)
            assert first
            time.sleep(3.2)
            second, resumed = connect(server, version, True)
            assert resumed and second, (version, first)
            assert second != first, (version, first)
        # One of the newest key stays as it is in TLS 1.2.
        found = []
        for _ in range(3):
            assert connect(server, "1_2", False)[0]
            found.append(connect(server, "1_2", True))
        assert (None, True) in found, found


def case_rubbish_tickets(binaries):
    """Tickets that were changed, or that nobody sealed, mean full ones."""
    with Daemon(binaries, config_of(FAST)) as server:
        path = os.path.join(server.folder, "session1_2")
        connect(server, "1_2", False)
        der = subprocess.run(
            ["openssl", "sess_id", "-in", path, "-outform", "DER"],
            check=True, capture_output=True).stdout
        ticket = subprocess.run(
            ["openssl", "sess_id", "-in", path, "-text", "-noout"],
            check=True, capture_output=True, text=True).stdout
        rows = re.findall(r"[0-9a-f]{4} - ((?:[0-9a-f]{2}[ -]){16})", ticket)
        sealed = bytes.fromhex("".join(rows).replace("-", " "))
        at = der.index(sealed[:32])
        # The key's name, the IV, what is sealed, the end of it.
        for place in (at, at + 20, at + 40, at + len(sealed) - 1):
            bad = bytearray(der)
            bad[place] ^= 1
            with open(path + ".der", "wb") as out:
                out.write(bad)
            subprocess.run(["openssl", "sess_id", "-inform", "DER", "-in",
                            path + ".der", "-out", path], check=True,
                           capture_output=True)
            _, resumed = connect(server, "1_2", True)
            assert not resumed, place
        counters = server.ctl("status")["counters"]
        assert counters["handshakes_failed"] == 0, counters


# -- locked memory ------------------------------------------------------------

def locked(pid):
    """Whether the ring's mapping is locked in a process, and not dumped."""
    with open(f"/proc/{pid}/smaps", encoding="utf-8") as text:
        area = re.search(RING + r".*?\nVmFlags: (.*)\n", text.read(), re.S)
    return area and {"lo", "dd"} <= set(area.group(1).split())


class Unlocked(Daemon):
    """A server that may not lock any memory."""

    def limit_files(self):
        super().limit_files()
        if IS_ROOT:  # PR_CAPBSET_DROP, CAP_IPC_LOCK
            ctypes.CDLL(None).prctl(24, 14, 0, 0, 0)
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))


def case_locked(binaries):
    """Ticket keys are locked in memory; where they cannot be, it says so."""
    if sanitized(binaries):
        raise Skip("the sanitizer locks no memory")
    with Daemon(binaries, config_of(FAST)) as server:
        if IS_ROOT:
            for pid in [server.process.pid, *server.processes("worker")]:
                assert locked(pid), pid
        assert "cannot be locked" not in server.log()
    with Unlocked(binaries, config_of(FAST)) as server:
        server.wait_log("keys cannot be locked in memory")
        with quick_login(server, "1.3") as client:
            assert client.retr("file") == b"contents"


def case_refused(binaries):
    """Ages and counts out of bounds are refused, with their place."""
    server = Daemon(binaries)
    for keys, why in (({"age": "59s"}, "from 60s to 7d"),
                      ({"age": "8d"}, "from 60s to 7d"),
                      ({"count": 0}, "from 1 to 64"),
                      ({"count": 65}, "from 1 to 64"),
                      ({"size": 1}, "unknown key")):
        server.config["tls"]["session_ticket_keys"] = keys
        server.write_config()
        done = subprocess.run(
            [os.path.join(binaries, "ftpsd"), "-t", "-c",
             server.config_path], capture_output=True, text=True,
            check=False)
        assert done.returncode != 0 and why in done.stderr, done.stderr
        assert re.search(r"ftpsd\.yaml:\d+:\d+: ", done.stderr), done.stderr
