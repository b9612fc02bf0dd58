"""Ticket keys that live as short as they may, for many of their lives."""

import time

from cases.soak import UNLIMITED, measured
from cases.tickets import FAST, Load, ages, config_of
from client import Client
from daemon import Daemon

SECONDS = 200   # a key lives for 60, and there is another one each second


class Login:
    """One that stays: it transfers now and then, or only at the end."""

    def __init__(self, server, version, pause):
        self.client = Client(server.port, version=version).auth().login()
        self.name = f"f{version}-{pause}"
        self.client.stor(self.name, b"contents")
        self.pause, self.transfers = pause, 0
        self.next = time.monotonic() + pause

    def turn(self):
        if time.monotonic() < self.next:
            return
        self.next = time.monotonic() + self.pause
        data = self.client.open_data("RETR " + self.name)
        assert self.client.resumed(data), (self.name, self.transfers)
        assert self.client.read_data(data) == b"contents"
        assert self.client.reply().code == 226
        self.transfers += 1


def case_rotation(binaries):
    """A key each second for minutes: nothing fails, all resume, and logins
    outlive them all, busy or idle."""
    config = {**config_of(FAST), **UNLIMITED}
    with Daemon(binaries, config) as server:
        before = measured(server)
        logins = [Login(server, version, pause)
                  for version in ("1.2", "1.3")
                  for pause in (0.5, 7, 45, SECONDS - 20)]
        with Load(server) as load:
            until = time.monotonic() + SECONDS
            while time.monotonic() < until and not load.failures:
                for login in logins:
                    login.turn()
                time.sleep(0.1)
        assert not load.failures, load.failures
        assert load.full == 0, vars(load)
        assert all(login.transfers for login in logins)
        for login in logins:
            login.client.cmd("QUIT", 221)
        # As many keys as may live, and no more, and nobody has grown.
        assert 55 <= len(ages(server)) <= 60, ages(server)
        assert max(ages(server)) <= 61, ages(server)
        counters = server.ctl("status")["counters"]
        assert counters["handshakes_failed"] == 0, counters
        assert counters["data_refused"] == 0, counters
        now = measured(server)
        assert now.keys() == before.keys(), "a process has been replaced"
        for pid, (memory, files) in now.items():
            assert memory < before[pid][0] + 8000, (pid, before, now)
            assert files <= before[pid][1] + 60, (pid, before, now)
        print(f"{load.resumed} resumed, "
              f"{sum(login.transfers for login in logins)} transfers")


case_rotation.soak = True
