"""ftpsctl and the control socket."""

import json
import os
import signal
import socket
import subprocess

from client import Client
from daemon import IS_ROOT, Daemon, wait_for
from run import Skip


def one_session(server, version="1.2"):
    with Client(server.port, version=version) as client:
        client.auth().login()
        client.cmd("NOOP", 200)


def current(server):
    return server.ctl("sesscache", "info")["current"]


def cache_state(server):
    done = server.ctl("sesscache", "info", "--json", check=False)
    return json.loads(done.stdout or "{}").get("state")


def case_sesscache(binaries):
    """sesscache info, info -v, clear and remove, in text and JSON."""
    with Daemon(binaries) as server:
        one_session(server)
        assert wait_for(lambda: current(server) >= 1, 10)
        facts = server.ctl("sesscache", "info")
        for key in ("path", "map_size", "map_used", "created", "readers",
                    "maximum", "current", "hits", "misses", "stored",
                    "deleted", "expired", "errors", "too_large", "dropped"):
            assert key in facts, (key, facts)
        text = server.ctl("sesscache", "info", "-v", json_output=False).stdout
        assert "-----BEGIN SSL SESSION PARAMETERS-----" in text, text
        assert "-----END SSL SESSION PARAMETERS-----" in text
        for word in ("Session ID:", "Session ID Context:", "Protocol:",
                     "Started:", "Expires:"):
            assert word in text, (word, text)
        listed = server.ctl("sesscache", "info", "-v")
        assert len(listed["sessions"]) == listed["current"]
        text = server.ctl("sesscache", "clear", json_output=False).stdout
        assert "cleared" in text and "session" in text, text
        assert current(server) == 0
        one_session(server)
        assert wait_for(lambda: current(server) >= 1, 10)
        text = server.ctl("sesscache", "remove", json_output=False).stdout
        assert "removed" in text, text
        one_session(server)
        one_session(server)
        facts = server.ctl("sesscache", "info")
        assert facts["current"] == 0, facts
        # The keeper's successor knows it, too.
        server.expect_log("was ended by signal 9")
        [keeper] = server.processes("keeper")
        os.kill(keeper, signal.SIGKILL)
        assert wait_for(lambda: server.processes("keeper") not in
                        ([], [keeper]))
        assert wait_for(lambda: cache_state(server) == "removed")
        one_session(server)
        facts = server.ctl("sesscache", "info")
        assert facts["stored"] == 0 and facts["current"] == 0, facts
        with Client(server.port) as client:
            client.auth().login()
            client.stor("file", b"x")
            assert client.retr("file") == b"x"
            server.ctl("reload")
            assert client.retr("file") == b"x"
        one_session(server)
        assert wait_for(lambda: current(server) >= 1, 10)


def case_status(binaries):
    """status shows processes, generations and sessions."""
    with Daemon(binaries) as server:
        with Client(server.port) as client:
            client.auth().login()
            client.stor("file", b"x")
            status = server.ctl("status")
            roles = {p["role"] for p in status["processes"]}
            assert {"master", "worker", "keeper", "login", "logger"} <= roles
            for process in status["processes"]:
                assert os.path.exists(f"/proc/{process['pid']}"), process
            assert sum(w["sessions"] for w in status["workers"]) == 1
            assert status["generation"] == 1
            text = server.ctl("status", json_output=False).stdout
            assert "worker" in text and "keeper" in text


def case_exit_status(binaries):
    """ftpsctl's exit status tells what went wrong."""
    with Daemon(binaries) as server:
        wrong = server.ctl("nonsense", check=False)
        missing = subprocess.run(
            [os.path.join(binaries, "ftpsctl"), "-s",
             server.folder + "/none", "status"],
            capture_output=True, check=False)
        assert wrong.returncode not in (0, missing.returncode)
        assert missing.returncode != 0 and missing.stderr


def request(path, data, seconds=20):
    with socket.socket(socket.AF_UNIX) as conn:
        conn.settimeout(seconds)
        conn.connect(path)
        try:
            conn.sendall(data)
        except ConnectionError:
            pass
        text = b""
        while True:
            try:
                chunk = conn.recv(65536)
            except ConnectionError:
                return text
            if not chunk:
                return text
            text += chunk
            if text.endswith(b"\n"):
                return text


def case_hostile_requests(binaries):
    """Garbage, huge lines and silence on the control socket."""
    with Daemon(binaries) as server:
        for data in (b"\n", b"{}\n", b"[]\n", b"{\"command\": 1}\n",
                     b"\0\xff\n", b"x" * 200000 + b"\n",
                     b"[" * 60000 + b"\n"):
            text = request(server.socket_path, data)
            if text:
                assert "error" in json.loads(text), text
        silent = []
        for _ in range(40):
            conn = socket.socket(socket.AF_UNIX)
            conn.connect(server.socket_path)
            silent.append(conn)
        assert wait_for(lambda: server.ctl(
            "status", check=False).returncode == 0, 20)
        for conn in silent:
            conn.close()


def case_acl(binaries):
    """Actions are allowed by user and group; others are closed unread."""
    if not IS_ROOT:
        raise Skip("needs root to ask as other users")
    config = {"control": {"mode": "0666",
                          "acl": [{"actions": ["status"],
                                   "users": ["games"]}]}}
    with Daemon(binaries, config) as server:
        server.expect_log("control|refused|denied")

        def ask(user, *command):
            return subprocess.run(
                ["setpriv", "--reuid", user, "--regid", "nogroup",
                 "--clear-groups", os.path.join(binaries, "ftpsctl"), "-s",
                 server.socket_path, *command],
                capture_output=True, text=True, check=False)

        assert ask("games", "status").returncode == 0
        refused = ask("games", "stop")
        assert refused.returncode != 0
        assert ask("news", "status").returncode != 0
        assert ask("proxy", "status").returncode != 0, "a service user"
        assert server.process.poll() is None


RULES = [
    {"actions": ["info"], "users": ["*"]},
    {"actions": ["sesscache"], "groups": ["audio"]},
    {"actions": ["sesscache clear", "status"], "access": "deny",
     "users": ["news"], "groups": ["video"]},
]
INFO, CLEAR, REMOVE = (("sesscache", action)
                       for action in ("info", "clear", "remove"))
STATUS, STOP = ("status",), ("stop",)
# user, supplementary groups: what they may do
MAY = [
    ("games", "", {INFO, CLEAR, STATUS}),
    ("games", "audio", {INFO, CLEAR, STATUS, REMOVE}),
    ("games", "audio,video", {INFO, REMOVE}),
    ("news", "", {INFO}),
    ("news", "audio", {INFO, REMOVE}),
    ("proxy", "audio", set()),
]


def case_acl_rules(binaries):
    """allow, deny, one word for several actions, groups of any kind, "*"."""
    if not IS_ROOT:
        raise Skip("needs root to ask as other users")
    config = {"control": {"mode": "0666", "acl": RULES}}
    with Daemon(binaries, config) as server:
        server.expect_log("control|refused|denied")
        for user, groups, may in MAY:
            for action in (INFO, STATUS, CLEAR, STOP, REMOVE):
                done = subprocess.run(
                    ["setpriv", "--reuid", user, "--regid", "nogroup",
                     *(["--groups", groups] if groups else
                       ["--clear-groups"]),
                     os.path.join(binaries, "ftpsctl"), "-s",
                     server.socket_path, *action],
                    capture_output=True, text=True, check=False)
                what = (user, groups, action, done)
                assert (done.returncode == 0) == (action in may), what
                if may and action not in may:
                    assert "access denied" in done.stderr, what
        assert server.process.poll() is None
