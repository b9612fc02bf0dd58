"""What becomes of a slot whose worker does not stay alive."""

import os
import signal
import time

from client import Client
from daemon import Daemon, wait_for


def worker_of_slot(server, slot):
    for process in server.ctl("status")["processes"]:
        if (process["role"], process.get("slot"), process["state"]) == \
                ("worker", slot, "ready"):
            return process["pid"]
    return None


def accepted(server):
    return [worker["accepted"] for worker in server.ctl("status")["workers"]]


def case_crash_loop(binaries):
    """Nobody waits for a worker that dies again and again."""
    with Daemon(binaries) as server:
        server.expect_log("was ended by signal 9")
        lent = "worker 0 accepts for worker 1, too"
        deadline = time.monotonic() + 60
        while server.log().count(lent) < 5:
            assert time.monotonic() < deadline, "the slot is not lent"
            pid = worker_of_slot(server, 1)
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
        # Its next worker comes after a second or more.
        began = time.monotonic()
        for _ in range(12):
            Client(server.port).close()
        assert time.monotonic() - began < 0.7, time.monotonic() - began
        # And then it is the slot's own again.
        assert wait_for(lambda: worker_of_slot(server, 1) is not None)
        before = accepted(server)
        for _ in range(40):
            with Client(server.port) as client:
                client.auth().login()
        after = accepted(server)
        assert all(a > b for a, b in zip(after, before)), (before, after)
        assert sum(after) == sum(before) + 40, (before, after)


def case_hung_worker(binaries):
    """Nor for one that hangs; what it has accepted goes on when it does."""
    with Daemon(binaries) as server:
        pid = worker_of_slot(server, 1)
        clients = [Client(server.port).auth().login() for _ in range(20)]
        os.kill(pid, signal.SIGSTOP)
        try:
            server.wait_log("worker 0 accepts for worker 1, too")
            began = time.monotonic()
            for _ in range(20):
                Client(server.port).close()
            assert time.monotonic() - began < 2
        finally:
            os.kill(pid, signal.SIGCONT)
        for client in clients:
            client.cmd("NOOP", 200)
            client.close()
        before = accepted(server)[1]

        def serves_again():
            Client(server.port).close()
            return accepted(server)[1] > before
        assert wait_for(serves_again)
        assert worker_of_slot(server, 1) == pid
