"""Processes that die or hang while transfers run."""

import os
import re
import signal
import socket
import ssl
import threading
import time

from client import Client, finish
from daemon import Daemon, IS_ROOT, PASSWORD, random_bytes, sanitized, wait_for
from run import Skip

SIZE = 3_000_000


class Load:
    """Sessions that move files until they are told to stop."""

    def __init__(self, server, count=8):
        self.server = server
        self.contents = random_bytes(SIZE, 5)
        self.stopping = threading.Event()
        self.clients = []
        self.failures = {}
        self.transfers = 0
        self.pause = 0  # between two transfers
        self.lock = threading.Lock()
        while len(self.clients) < count or not self.everywhere():
            client = Client(server.port, version="1.3").auth().login()
            client.stor(f"f{len(self.clients)}", self.contents)
            self.clients.append(client)
        self.threads = [threading.Thread(target=self.work, args=(n,))
                        for n in range(len(self.clients))]
        for thread in self.threads:
            thread.start()

    def everywhere(self):
        """Whether each worker has a session: chance may give one all."""
        workers = self.server.ctl("status")["workers"]
        return all(worker["sessions"] > 0 for worker in workers)

    def work(self, number):
        client = self.clients[number]
        try:
            while not self.stopping.is_set():
                assert client.retr(f"f{number}") == self.contents
                client.stor(f"up{number}", self.contents)
                with self.lock:
                    self.transfers += 1
                self.stopping.wait(self.pause)
        except Exception as error:  # pylint: disable=broad-except
            self.failures[number] = error

    def wait_progress(self, more=6):
        """Until that many further transfers are done."""
        wanted = self.transfers + more
        assert wait_for(lambda: self.transfers >= wanted or
                        len(self.failures) == len(self.clients), 90), \
            f"no progress: {self.failures}"

    def end(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(100)
        for client in self.clients:
            client.close()

    def check_files(self):
        """Under a final name there is a whole file or none."""
        for name in os.listdir(self.server.home):
            if name.startswith(".ftpsd."):
                continue
            path = os.path.join(self.server.home, name)
            with open(path, "rb") as contents:
                assert contents.read() == self.contents, f"{name} is broken"


def respawned(server, role, old):
    """Waits until other processes of that role have taken over."""
    def fresh():
        now = server.processes(role)
        return now and not set(now) & set(old) and \
            (role != "worker" or len(now) == 2)
    assert wait_for(fresh, 30), f"no new {role}"


# What the sessions that the fault hits may see: None = not even they.
KILLED = {
    "logger": None,
    "keeper": None,
    "login": None,
    "checker": None,
    "agent": r"42[56]|45[01]|550",
    "worker": r".*",
}


def kill_case(binaries, role):
    with Daemon(binaries) as server:
        server.expect_log(rf"{role}|killed|signal")
        load = Load(server)
        try:
            load.wait_progress()
            old = server.processes(role)
            assert old, f"no {role} runs"
            victims = old[:1] if role in ("worker", "checker") else old
            for pid in victims:
                os.kill(pid, signal.SIGKILL)
            if role == "agent":
                assert wait_for(lambda: load.failures, 30)
            elif role == "worker":
                respawned(server, role, victims)
            else:
                respawned(server, role, victims)
                load.wait_progress(16)
        finally:
            load.end()
        allowed = KILLED[role]
        if allowed is None:
            assert not load.failures, load.failures
        elif role == "worker":
            assert 0 < len(load.failures) < len(load.clients), load.failures
        for error in load.failures.values():
            text = str(error)
            assert allowed and (re.search(allowed, text) or
                                isinstance(error, (EOFError, OSError,
                                                   ssl.SSLError))), text
        load.check_files()
        with Client(server.port) as client:
            client.auth().login()
            client.stor("after", load.contents)
            assert client.retr("after") == load.contents


def case_kill_logger(binaries):
    """kill -9 of the logger: no session notices."""
    kill_case(binaries, "logger")


def case_kill_keeper(binaries):
    """kill -9 of the keeper: no session notices."""
    kill_case(binaries, "keeper")


def case_kill_login(binaries):
    """kill -9 of login: no session notices."""
    kill_case(binaries, "login")


def case_kill_checker(binaries):
    """kill -9 of a checker: no session notices, logins go on."""
    kill_case(binaries, "checker")


def case_kill_agent(binaries):
    """kill -9 of the agents: transfers fail cleanly, sessions live on."""
    with Daemon(binaries) as server:
        server.expect_log("agent")
        contents = random_bytes(SIZE, 9)
        with Client(server.port) as client:
            client.auth().login()
            client.stor("old", b"old contents")
            data = client.open_data("STOR old")
            data.sendall(contents[:100000])
            # Not before the upload has its temporary file.
            assert wait_for(lambda: len(os.listdir(server.home)) > 1)
            for pid in server.processes("agent"):
                os.kill(pid, signal.SIGKILL)
            assert wait_for(lambda: not server.processes("agent"), 20)
            try:
                data.sendall(contents)
            except OSError:
                pass
            finish(data)
            reply = client.reply()
            assert reply.code in (426, 450, 451, 550), reply
            assert client.retr("old") == b"old contents"
            client.stor("new", contents)
            assert client.retr("new") == contents
            names = client.listing("NLST").split()
            assert sorted(names) == [b"new", b"old"], names


def case_kill_worker(binaries):
    """kill -9 of a worker: only its sessions end."""
    kill_case(binaries, "worker")


def stop_case(binaries, role, others_run):
    """SIGSTOP for 10 s: transfers of the others go on meanwhile."""
    with Daemon(binaries) as server:
        load = Load(server, 6)
        try:
            load.wait_progress()
            pids = server.processes(role)
            if role in ("worker", "checker"):
                pids = pids[:1]
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            began = time.monotonic()
            if others_run:
                load.wait_progress(10)
            load.pause = 0.5
            wait_for(lambda: False, 10 - (time.monotonic() - began))
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
            load.pause = 0
            load.wait_progress(10)
        finally:
            load.end()
        assert not load.failures, load.failures
        load.check_files()


def case_stop_logger(binaries):
    """SIGSTOP of the logger for 10 s: transfers go on."""
    stop_case(binaries, "logger", True)


def case_stop_keeper(binaries):
    """SIGSTOP of the keeper for 10 s: transfers go on."""
    stop_case(binaries, "keeper", True)


def case_stop_login(binaries):
    """SIGSTOP of login for 10 s: transfers go on."""
    stop_case(binaries, "login", True)


def case_stop_checker(binaries):
    """SIGSTOP of a checker for 10 s: transfers go on."""
    stop_case(binaries, "checker", True)


def case_stop_agent(binaries):
    """SIGSTOP of the agents for 10 s: everything goes on afterwards."""
    stop_case(binaries, "agent", False)


def case_stop_worker(binaries):
    """SIGSTOP of a worker for 10 s: the other's sessions go on."""
    stop_case(binaries, "worker", True)


def case_stop_master(binaries):
    """SIGSTOP of the master for 10 s: transfers go on."""
    stop_case(binaries, "master", True)


for case in (case_stop_logger, case_stop_keeper, case_stop_login,
             case_stop_checker, case_stop_agent, case_stop_worker,
             case_stop_master):
    case.idle = True


def case_signals_to_all(binaries):
    """What a "killall" sends reaches all; only the master makes use of it."""
    with Daemon(binaries) as server:
        client = Client(server.port, version="1.3").auth().login()
        # Those that stay; a helper may end meanwhile.
        family = set(server.processes(
            "(agent|checker|keeper|logger|login|worker)"))
        assert len(family) >= 6, family
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT,
                       signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
            for pid in family:
                os.kill(pid, number)
        server.process.send_signal(signal.SIGUSR2)
        client.stor("after", b"signals")
        assert client.retr("after") == b"signals"
        assert Client(server.port, version="1.3").auth().login()
        assert family <= set(server.family()), server.log()


def case_kill_master(binaries):
    """kill -9 of the master: running transfers finish, then all ends."""
    with Daemon(binaries, {"grace_time": "20s"}) as server:
        server.expect_log("the master is gone")
        contents = random_bytes(SIZE, 4)
        client = Client(server.port).auth().login()
        client.stor("file", contents)
        data = client.open_data("RETR file")
        first = data.recv(1000)
        orphans = server.kill_master()
        rest = client.read_data(data)
        assert first + rest == contents
        assert client.reply().code == 226

        def refused():
            try:
                with socket.create_connection(("127.0.0.1", server.port), 5):
                    return False
            except OSError:
                return True

        assert wait_for(refused, 30), "something still accepts"
        client.close()
        server.await_end(orphans, 40)


def case_keeper_stopped_hundred(binaries):
    """100 transfers in one login with the keeper stopped, 1.2 and 1.3."""
    for version in ("1.2", "1.3"):
        with Daemon(binaries) as server:
            with Client(server.port, version=version) as client:
                client.auth().login()
                client.stor("file", b"contents")
                for pid in server.processes("keeper"):
                    os.kill(pid, signal.SIGSTOP)
                for _ in range(100):
                    assert client.retr("file") == b"contents"
                with Client(server.port, version=version) as other:
                    other.auth().login()
                    assert other.retr("file") == b"contents"
                for pid in server.processes("keeper"):
                    os.kill(pid, signal.SIGCONT)


def case_kill_login_hundred_sessions(binaries):
    """login dies under 100 sessions: the next file command of each works."""
    config = {"limits": {"sessions_per_user": 100}}
    with Daemon(binaries, config) as server:
        server.expect_log("login")
        clients = [Client(server.port).auth().login() for _ in range(100)]
        old = server.processes("login")
        os.kill(old[0], signal.SIGKILL)
        respawned(server, "login", old)
        for number, client in enumerate(clients):
            client.cmd(f"MKD d{number}", 257)
        # The successor counts them as its predecessor did.
        with Client(server.port) as client:
            client.auth()
            client.cmd("USER alice", 331)
            assert client.cmd("PASS " + PASSWORD).code in (421, 530)
        clients.pop().close()

        def room():
            with Client(server.port) as client:
                client.auth()
                client.cmd("USER alice", 331)
                return client.cmd("PASS " + PASSWORD).code == 230

        assert wait_for(room, 20), "a place was not given back"
        for client in clients:
            client.close()


def memory_of(pid):
    """All readable memory of a process (root only)."""
    chunks = []
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, \
            open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
            if not match or "[v" in line:
                continue
            start, end = (int(text, 16) for text in match.groups())
            try:
                memory.seek(start)
                chunks.append(memory.read(end - start))
            except (OSError, ValueError, OverflowError):
                continue
    return b"\0".join(chunks)


def case_no_secret_in_successors(binaries):
    """Successors and agents hold no private key and no password."""
    if not IS_ROOT:
        raise Skip("needs root to read the memory of other processes")
    if sanitized(binaries):
        raise Skip("the sanitizer's memory is too large to read")
    password = "Zx9-unusual-password-7q"
    from daemon import crypt_hash
    with Daemon(binaries) as server:
        server.expect_log("keeper|login|logger")
        server.write_users({"alice": crypt_hash(password)})
        with open(server.key, "rb") as text:
            pem = text.read()
        body = b"".join(pem.split(b"\n")[1:-2])
        import base64
        der = base64.b64decode(body)
        # The 32 bytes of the private number of a P-256 key in PKCS #8.
        secret = der[der.index(b"\x02\x01\x01\x04\x20") + 5:][:32]
        needles = {"the key's number": secret,
                   "the key's text": pem.split(b"\n")[1],
                   "a password": password.encode()}
        for role in ("login", "keeper", "logger"):
            old = server.processes(role)
            os.kill(old[0], signal.SIGKILL)
            respawned(server, role, old)
        with Client(server.port) as client:
            client.auth().login("alice", password)
            client.stor("file", b"x")
            with Client(server.port) as other:
                other.auth().login("alice", password)
                other.stor("file2", b"x")
                for role in ("login", "keeper", "logger", "checker", "agent"):
                    pids = server.processes(role)
                    assert pids, role
                    for pid in pids:
                        memory = memory_of(pid)
                        assert len(memory) > 100000
                        for what, needle in needles.items():
                            assert needle not in memory, (role, what)
        for pid in server.processes("worker"):
            assert password.encode() not in memory_of(pid), "worker"


def case_worker_killed_twenty_times(binaries):
    """A worker killed 20 times under load loses only its own sessions."""
    with Daemon(binaries) as server:
        server.expect_log("worker")
        steady = None
        killed = 0
        while killed < 20:
            if steady is None:
                steady = Client(server.port).auth().login()
                mine = worker_of(server, steady)
                steady.stor("steady", b"s" * 1000)
            others = [pid for pid in server.processes("worker")
                      if pid != mine]
            if not others:
                continue
            os.kill(others[0], signal.SIGKILL)
            killed += 1
            assert wait_for(lambda: len([p for p in server.processes("worker")
                                         if p not in (mine, others[0])]) == 1,
                            30)
            assert steady.retr("steady") == b"s" * 1000
        steady.close()

        def login():
            try:
                with Client(server.port) as client:
                    client.auth().login()
                    return True
            except (OSError, EOFError, AssertionError):
                return False

        for _ in range(6):
            assert wait_for(login, 20)


def worker_of(server, client):
    """The pid of the worker that has the client's connection."""
    local = client.socket.getsockname()
    inode = None
    wanted = f"{local[1]:04X}"
    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in table:
            fields = line.split()
            if len(fields) > 9 and fields[2].endswith(":" + wanted) and \
                    fields[1].endswith(f":{server.port:04X}"):
                inode = fields[9]
    for pid in server.processes("worker"):
        folder = f"/proc/{pid}/fd"
        try:
            names = os.listdir(folder)
        except PermissionError:
            raise Skip("needs root to see a worker's descriptors") from None
        for name in names:
            try:
                if os.readlink(f"{folder}/{name}") == f"socket:[{inode}]":
                    return pid
            except OSError:
                continue
    raise AssertionError("no worker has the connection")


for _case in list(globals().values()):
    if callable(_case) and getattr(_case, "__name__", "").startswith("case_"):
        _case.limit = 240
