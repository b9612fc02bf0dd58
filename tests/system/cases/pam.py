"""Logins by PAM, and a PAM module that hangs."""

import os
import pwd
import shutil
import statistics
import subprocess
import threading
import time

from client import Client
from daemon import IS_ROOT, PASSWORD, Daemon, wait_for
from run import Skip


class Account:
    """An account of the system, for the time of the test."""

    def __init__(self, name, home):
        self.name = name
        subprocess.run(["useradd", "--no-create-home", "--home-dir", home,
                        "--shell", "/usr/sbin/nologin", name],
                       check=True, capture_output=True)
        subprocess.run(["chpasswd"], check=True, capture_output=True,
                       input=f"{name}:{PASSWORD}\n".encode())
        entry = pwd.getpwnam(name)
        os.chown(home, entry.pw_uid, entry.pw_gid)

    def remove(self):
        subprocess.run(["userdel", "--force", self.name], check=False,
                       capture_output=True)


class PamServer:
    """A server whose accounts are those of a PAM service of its own."""

    def __init__(self, binaries, stack, names, more=None):
        if not IS_ROOT:
            raise Skip("needs root to make accounts")
        self.service = f"ftpsd-test-{os.getpid()}"
        self.path = "/etc/pam.d/" + self.service
        config = {"auth": {"order": ["pam"], "pam_service": self.service,
                           **(more or {})},
                  "limits": {"login_attempts": 100}}
        self.server = Daemon(binaries, config, users=names)
        self.accounts = []
        self.stack = stack

    def __enter__(self):
        with open(self.path, "w", encoding="ascii") as out:
            out.write(self.stack)
        for name, home in self.server.homes.items():
            self.accounts.append(Account(name, home))
        self.server.__enter__()
        return self.server

    def __exit__(self, *reason):
        try:
            return self.server.__exit__(*reason)
        finally:
            for account in self.accounts:
                account.remove()
            os.unlink(self.path)


UNIX = "auth required pam_unix.so\naccount required pam_unix.so\n"


def case_login(binaries):
    """An account of the system logs in by PAM, others do not."""
    name = f"fa{os.getpid()}"
    with PamServer(binaries, UNIX, (name,),
                   {"order": ["file", "pam"]}) as server:
        server.write_users({})
        with Client(server.port) as client:
            client.auth().login(name)
            client.stor("file", b"by pam")
            path = os.path.join(server.homes[name], "file")
            assert os.stat(path).st_uid == pwd.getpwnam(name).pw_uid
            assert client.retr("file") == b"by pam"
        # That the users file does not have it is nobody's concern.
        assert " warning " not in server.log(), server.log()
        for user, password in ((name, "wrong"), ("nobody", PASSWORD),
                               ("root", PASSWORD), ("daemon", PASSWORD)):
            with Client(server.port) as client:
                client.auth()
                client.cmd("USER " + user, 331)
                client.cmd("PASS " + password, 530)


def login_seconds(server, name):
    began = time.monotonic()
    with Client(server.port) as client:
        client.auth().login(name)
    return time.monotonic() - began


def case_hung_module(binaries):
    """A checker hung in PAM holds up nobody, and is killed in time."""
    name, hung = f"fb{os.getpid()}", f"fc{os.getpid()}"
    sleeper = shutil.which("sleep")
    stack = ("auth [success=1 default=ignore] pam_succeed_if.so quiet user != "
             f"{hung}\nauth required pam_exec.so quiet {sleeper} 600\n" + UNIX)
    with PamServer(binaries, stack, (name, hung),
                   {"timeout": "8s"}) as server:
        server.expect_log("checker|answer")
        login_seconds(server, name)
        usual = statistics.median(login_seconds(server, name)
                                  for _ in range(20))
        with Client(server.port) as stuck:
            stuck.auth()
            stuck.cmd("USER " + hung, 331)
            before = set(server.processes("checker"))
            replies = []
            waiter = threading.Thread(target=lambda: replies.append(
                stuck.cmd("PASS " + PASSWORD)))
            waiter.start()
            meanwhile = statistics.median(login_seconds(server, name)
                                          for _ in range(20))
            print(f"median of a login {usual * 1000:.0f} ms, with one hung "
                  f"{meanwhile * 1000:.0f} ms")
            assert not replies, "the hung login was answered"
            assert meanwhile < 2 * usual, (usual, meanwhile)
            waiter.join(60)
            assert replies[0].code in (421, 430, 530, 451), replies
            assert wait_for(lambda: set(server.processes("checker")) != before,
                            20)
        with Client(server.port) as client:
            client.auth().login(name)
        subprocess.run(["pkill", "-f", f"{sleeper} 600"], check=False)
