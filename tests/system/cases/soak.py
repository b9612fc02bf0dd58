"""What shows only after minutes: `make soak`."""

import os
import threading
import time

from client import Client, finish
from daemon import Daemon, random_bytes, sanitized, wait_for

UNLIMITED = {"limits": {"sessions": 0, "sessions_per_address": 0,
                        "sessions_per_network": 0}}


def own_memory(pid):
    """KiB of memory that is the process's alone, shared maps aside."""
    with open(f"/proc/{pid}/status", encoding="ascii",
              errors="replace") as text:
        for line in text:
            if line.startswith("RssAnon:"):
                return int(line.split()[1])
    return 0


def open_files(pid):
    """How many descriptors it has; without the right to look, none."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


# -- memory -------------------------------------------------------------------

def visit(server, number):
    """One session as they are: some end well, some in the midst of it."""
    version = "1.2" if number % 2 else "1.3"
    with Client(server.port, version=version) as client:
        client.auth().login()
        client.stor(f"f{number % 50}", b"x" * 20000)
        assert client.retr(f"f{number % 50}") == b"x" * 20000
        client.listing("LIST")
        client.cmd("SIZE none", 550)
        if number % 10 == 0:
            data = client.open_data(f"RETR f{number % 50}")
            data.recv(1)
            data.close()
        elif number % 10 == 1:
            data = client.open_data("STOR broken")
            data.sendall(b"half")
        elif number % 10 != 2:
            client.cmd("QUIT", 221)


def visits(server, first, count, crowd=4):
    """Sessions number first to first + count, some at once."""
    failures = []

    def some(begin):
        try:
            for number in range(begin, first + count, crowd):
                visit(server, number)
        except Exception as error:  # pylint: disable=broad-except
            failures.append(error)

    threads = [threading.Thread(target=some, args=(first + index,))
               for index in range(crowd)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def quiet(server):
    """Waits until nobody is logged in and no agent is left."""
    assert wait_for(lambda: all(
        worker["sessions"] == 0 for worker in
        server.ctl("status")["workers"]), 30)


def measured(server):
    """Per process: its role, its memory, its descriptors."""
    return {pid: (own_memory(pid), open_files(pid))
            for role in ("master", "worker", "login", "keeper", "logger",
                         "checker")
            for pid in server.processes(role)}


def case_memory(binaries):
    """No process grows from the 5,000th session to the 10,000th."""
    steps = 5 if sanitized(binaries) else 10
    with Daemon(binaries, UNLIMITED) as server:
        seen = []
        for step in range(steps):
            visits(server, step * 1000, 1000)
            quiet(server)
            seen.append(measured(server))
            workers = [seen[-1][pid] for pid in server.processes("worker")]
            print(f"{(step + 1) * 1000} sessions; workers have "
                  f"(KiB, descriptors) {workers}")
        middle, end = seen[steps // 2 - 1], seen[-1]
        assert middle.keys() == end.keys(), "a process has been replaced"
        for pid, (memory, files) in end.items():
            # Half a KiB for each session would be 2,500.
            assert memory < middle[pid][0] + 600, (pid, middle, end)
            assert files <= middle[pid][1] + 2, (pid, middle, end)


case_memory.soak = True


# -- reloads ------------------------------------------------------------------

class Visitors:
    """Clients that log in again when they are told that it is over."""

    def __init__(self, server, count):
        self.server = server
        self.contents = random_bytes(300_000, 8)
        self.over = threading.Event()
        self.failures = []
        self.transfers = self.told = 0
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.work, args=(number,))
                        for number in range(count)]
        for thread in self.threads:
            thread.start()

    def work(self, number):
        while not self.over.is_set():
            try:
                self.session(number)
            except Exception as error:  # pylint: disable=broad-except
                self.failures.append(repr(error))
                return

    def session(self, number):
        """Transfers until the end; none that was begun may break."""
        version = "1.2" if number % 2 else "1.3"
        client = data = None
        try:
            client = Client(self.server.port, version=version)
            client.auth().login()
            while not self.over.is_set():
                for command in ("STOR", "RETR"):
                    data = client.open_data(f"{command} f{number}")
                    self.move(client, data, command)
                    data = None
        except (AssertionError, OSError, EOFError) as error:
            # Between transfers 421 may come, or the end of the connection.
            if data or (isinstance(error, AssertionError) and
                        " 421 " not in str(error)):
                raise
            with self.lock:
                self.told += 1
        finally:
            if client:
                client.close()

    def move(self, client, data, command):
        if command == "STOR":
            data.sendall(self.contents)
            finish(data)
        else:
            assert client.read_data(data) == self.contents
        reply = client.reply()
        assert reply.code == 226, reply
        with self.lock:
            self.transfers += 1

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join(60)


def case_reload_storm(binaries):
    """Reloads without a pause for a minute: no transfer breaks."""
    with Daemon(binaries, UNLIMITED) as server:
        before = measured(server)
        visitors = Visitors(server, 6)
        reloads = 0
        try:
            until = time.monotonic() + 60
            while time.monotonic() < until and not visitors.failures:
                server.ctl("reload")
                reloads += 1
                assert len(server.processes("worker")) <= 4
        finally:
            visitors.end()
        print(f"{reloads} reloads, {visitors.transfers} transfers, "
              f"{visitors.told} times told to go")
        assert not visitors.failures, visitors.failures[:5]
        assert reloads > 20 and visitors.transfers > 200, vars(visitors)
        # The master has seen them all, and has grown by none of them.
        master = server.processes("master")
        for pid in master:
            assert own_memory(pid) < before[pid][0] + 1000, \
                (before[pid], own_memory(pid))
            assert open_files(pid) <= before[pid][1] + 20, \
                (before[pid], open_files(pid))


case_reload_storm.soak = True
