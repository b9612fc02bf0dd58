"""A real ftpsd on loopback, in a folder of its own, for one test case."""

import ctypes
import ctypes.util
import json
import os
import pwd
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time

IS_ROOT = os.geteuid() == 0
UID = 61001 if IS_ROOT else os.getuid()
GID = 61001 if IS_ROOT else os.getgid()
# Accounts that every Debian system has, for the roles that drop root.
SERVICE_USERS = ("proxy", "backup", "irc")
OCSP_USER = "uucp"
PASSWORD = "correct horse"
READY_SECONDS = 60


def crypt_hash(password, setting="$6$rounds=1000$ftpsdtestsalt$"):
    """A crypt(5) hash that costs next to nothing to check."""
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    return library.crypt(password.encode(), setting.encode()).decode()


RESERVED = []  # the names of ports that are ours until we end


def reserve(port):
    """Whether the port is ours alone: cases run beside each other, and one may
    listen on a port only long after it has drawn it."""
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0ftpsd-test-port-{port}")
    except OSError:
        name.close()
        return False
    RESERVED.append(name)
    return True


def free_port():
    """A loopback port that nobody listens on now, never the same twice.  It is
    below those that outgoing and passive connections get, of which other cases
    have many."""
    while True:
        port = random.SystemRandom().randrange(12000, 30000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if reserve(port):
            return port


def make_certificate(folder, name, subject="localhost", kind="ec", days="30"):
    """A self-signed pair; returns the paths of certificate and key."""
    cert = os.path.join(folder, name + ".pem")
    key = os.path.join(folder, name + ".key")
    newkey = {
        "ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        "rsa": ["-newkey", "rsa:2048"],
    }[kind]
    subprocess.run(
        ["openssl", "req", "-x509", *newkey, "-nodes", "-days", days,
         "-subj", "/CN=" + subject,
         "-addext", "subjectAltName=DNS:" + subject + ",IP:127.0.0.1",
         "-out", cert, "-keyout", key],
        check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.chmod(key, 0o600)
    return cert, key


def to_yaml(value, indent=0):
    """The few shapes that configurations have, as YAML."""
    pad = "  " * indent
    lines = []
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, (dict, list)) and item:
                lines.append(f"{pad}{key}:")
                lines.append(to_yaml(item, indent + 1))
            else:
                lines.append(f"{pad}{key}: {scalar(item)}")
    else:
        for item in value:
            if isinstance(item, dict):
                text = to_yaml(item, indent + 1)
                lines.append(f"{pad}- {text.lstrip()}")
            else:
                lines.append(f"{pad}- {scalar(item)}")
    return "\n".join(lines)


def scalar(item):
    if isinstance(item, bool):
        return "on" if item else "off"
    if isinstance(item, int):
        return str(item)
    if isinstance(item, (dict, list)):
        return "[]" if isinstance(item, list) else "{}"
    return json.dumps(str(item))


def merge(base, changes):
    """base with changes laid over it, mapping by mapping."""
    result = dict(base)
    for key, item in changes.items():
        if isinstance(item, dict) and isinstance(result.get(key), dict):
            result[key] = merge(result[key], item)
        elif item is None:
            result.pop(key, None)
        else:
            result[key] = item
    return result


class Daemon:
    """Starts, watches and ends one ftpsd; use it in a with statement."""

    def __init__(self, binaries, config=None, users=("alice",), files=None):
        self.binaries = binaries
        self.files = files  # limit of open files, None: as it is
        self.folder = tempfile.mkdtemp(prefix="ftpsd-")
        os.chmod(self.folder, 0o755)
        self.port = free_port()
        self.implicit_port = free_port()
        self.process = None
        self.cert, self.key = make_certificate(self.folder, "server")
        self.run_directory = os.path.join(self.folder, "run")
        self.log_path = os.path.join(self.folder, "stderr.log")
        self.socket_path = os.path.join(self.run_directory, "control.sock")
        self.config_path = os.path.join(self.folder, "ftpsd.yaml")
        self.users_path = os.path.join(self.folder, "users")
        self.homes = {}
        self.expected = []
        for name in users:
            self.homes[name] = os.path.join(self.folder, "home-" + name)
            os.mkdir(self.homes[name], 0o755)
            os.chown(self.homes[name], UID, GID)
        self.home = self.homes[users[0]] if users else None
        self.write_users({name: crypt_hash(PASSWORD) for name in users})
        self.config = merge(self.default_config(), config or {})
        self.write_config()

    def default_config(self):
        config = {
            "run_directory": self.run_directory,
            "workers": 2,
            "listen": [
                {"address": "127.0.0.1", "port": self.port},
                {"address": "127.0.0.1", "port": self.implicit_port,
                 "implicit": True},
            ],
            "log": {"level": "debug"},
            "auth": {"order": ["file"], "users_file": self.users_path},
            "timeouts": {"login_delay": "0s"},
            "tls": {
                "engine": True,
                "certificates": [{"cert": self.cert, "key": self.key}],
                "required": "on",
            },
        }
        if IS_ROOT:
            config["user"], config["cache_user"], config["log_user"] = \
                SERVICE_USERS
            config["ocsp_user"] = OCSP_USER
        return config

    def write_config(self, text=None):
        with open(self.config_path, "w", encoding="utf-8") as out:
            out.write(text if text is not None else
                      to_yaml(self.config) + "\n")

    def write_users(self, hashes, extra=""):
        with open(self.users_path, "w", encoding="utf-8") as out:
            for name, value in hashes.items():
                out.write(f"{name}:{value}:{UID}:{GID}:{name}:"
                          f"{self.homes[name]}:/bin/sh\n")
            out.write(extra)
        os.chmod(self.users_path, 0o600)

    # -- life ---------------------------------------------------------------

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, value, trace):
        try:
            self.stop()
            if kind is None:
                self.check_log()
        finally:
            if kind is not None:
                print(self.log()[-6000:])
            shutil.rmtree(self.folder, ignore_errors=True)
        return False

    def start(self):
        notify_path = os.path.join(self.folder, "notify")
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(notify_path)
        os.chmod(notify_path, 0o777)
        notify.settimeout(READY_SECONDS)
        environment = dict(os.environ, NOTIFY_SOCKET=notify_path)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [os.path.join(self.binaries, "ftpsd"), "-c",
                 self.config_path],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=environment, start_new_session=True,
                preexec_fn=self.limit_files)
        deadline = time.monotonic() + READY_SECONDS
        notify.settimeout(0.2)
        while True:
            try:
                if b"READY=1" in notify.recv(4096):
                    break
            except socket.timeout:
                pass
            if self.process.poll() is not None:
                raise AssertionError(
                    f"ftpsd ended at start, {self.process.returncode}:\n"
                    + self.log())
            if time.monotonic() > deadline:
                raise AssertionError("ftpsd is not ready:\n" + self.log())
        notify.close()
        os.unlink(notify_path)

    def limit_files(self):
        if self.files is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE,
                               (self.files, self.files))

    def stop(self, how=signal.SIGINT):
        """Ends the daemon; nothing of it may be left afterwards."""
        if self.process is None:
            return
        family = self.family()
        late = False
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                late = True
                self.process.kill()
                self.process.wait()
        self.process = None
        self.await_end(family, 15)
        assert not late, "ftpsd does not stop"

    def family(self):
        """All processes of this server that live now."""
        return descendants(self.process.pid)

    @staticmethod
    def await_end(family, seconds):
        """Waits until these processes have gone; kills what is left."""
        if wait_for(lambda: not any(map(alive, family)), seconds):
            return
        left = {pid: process_title(pid) for pid in family if alive(pid)}
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        raise AssertionError(f"processes left behind: {left}")

    def kill_master(self):
        """kill -9 of the master; returns the processes that were its."""
        family = self.family()
        self.process.kill()
        self.process.wait()
        self.process = None
        return [pid for pid in family if alive(pid)]

    # -- looking at it ------------------------------------------------------

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as text:
            return text.read()

    def expect_log(self, pattern):
        """Lines that match are no failure of the test."""
        self.expected.append(re.compile(pattern))

    def check_log(self):
        """No error, no sanitizer report, that the case did not expect."""
        for line in self.log().splitlines():
            if not re.search(r"\b(error|ERROR|Sanitizer|runtime error)\b",
                             line):
                continue
            if not any(p.search(line) for p in self.expected):
                raise AssertionError("in the log: " + line)

    def wait_log(self, pattern, seconds=20):
        """Waits until the log has a line that matches."""
        found = wait_for(lambda: re.search(pattern, self.log()), seconds)
        if not found:
            raise AssertionError(f"never in the log: {pattern}\n" +
                                 self.log()[-3000:])
        return found

    def ctl(self, *arguments, check=True, json_output=True):
        """Runs ftpsctl; returns its JSON, or the completed process."""
        command = [os.path.join(self.binaries, "ftpsctl"), "-s",
                   self.socket_path]
        if json_output:
            command.append("--json")
        done = subprocess.run(command + list(arguments), text=True,
                              capture_output=True, timeout=60, check=False,
                              stdin=subprocess.DEVNULL)
        if check and done.returncode != 0:
            raise AssertionError(f"ftpsctl {arguments}: {done.returncode} "
                                 f"{done.stdout}{done.stderr}")
        if json_output and check:
            return json.loads(done.stdout)
        return done

    def processes(self, role):
        """The pids of our processes whose title is that role."""
        found = []
        for pid in self.family():
            title = process_title(pid)
            if re.fullmatch(r"ftpsd: " + role + r"( .*)?", title):
                found.append(pid)
        return sorted(found)


def process_title(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as text:
            return text.read().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""


def stat_fields(pid):
    """What follows the name in /proc/PID/stat, or nothing."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii",
                  errors="replace") as text:
            return text.read().rpartition(")")[2].split()
    except OSError:
        return []


def alive(pid):
    fields = stat_fields(pid)
    return bool(fields) and fields[0] not in "ZX"


def descendants(pid):
    """The living processes that come from pid, itself among them."""
    children = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        fields = stat_fields(entry)
        if fields and fields[0] not in "ZX":
            children.setdefault(int(fields[1]), []).append(int(entry))
    found = [pid] if alive(pid) else []
    waiting = [pid]
    while waiting:
        more = children.get(waiting.pop(), [])
        found += more
        waiting += more
    return sorted(found)


def wait_for(check, seconds=20):
    """Polls until check() is true; returns its value, or a false one."""
    deadline = time.monotonic() + seconds
    while True:
        value = check()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(0.02)


def sanitized(binaries):
    """Whether these binaries were built with sanitizers."""
    return "san" in os.path.basename(os.path.normpath(binaries))


def random_bytes(size, seed=1):
    return random.Random(seed).randbytes(size)


def service_uid(index):
    return pwd.getpwnam(SERVICE_USERS[index]).pw_uid
