"""`make run`, as a newcomer uses it: in a terminal, copying what it prints."""

import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from daemon import IS_ROOT, alive, descendants, free_port, wait_for

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))
TOOLS = os.path.join(TOP, "tests", "tools")


class Terminal:
    """`make run` in a terminal and a folder of its own."""

    def __init__(self, binaries, **environment):
        self.folder = tempfile.mkdtemp(prefix="ftpsd-")
        os.chmod(self.folder, 0o755)
        shutil.copy(os.path.join(TOP, "README.md"), self.folder)
        # The rule of GNUmakefile, without a build.
        with open(os.path.join(self.folder, "GNUmakefile"), "w",
                  encoding="ascii") as out:
            out.write(f"run:\n\t@sh {TOOLS}/run.sh {binaries}\n")
        ports = {"FTPSD_PORT": str(free_port()),
                 "FTPSD_IMPLICIT_PORT": str(free_port())}
        self.output = b""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(self.folder)
            # Not the child of a make that runs the tests.
            for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
                os.environ.pop(name, None)
            os.environ.update(ports)
            os.environ.update(environment)
            os.execvp("make", ["make", "run"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pid in descendants(self.pid):
            os.kill(pid, signal.SIGKILL)
        os.close(self.terminal)
        shutil.rmtree(self.folder)

    def text(self):
        return self.output.decode("utf-8", "replace").replace("\r\n", "\n")

    def read(self, seconds=0.1):
        """Takes what has come; False at the end."""
        if not select.select([self.terminal], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.terminal, 65536)
        except OSError:
            return False
        self.output += data
        return data != b""

    def wait_text(self, pattern, seconds=60):
        """Waits for what matches."""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.text()):
            assert self.read(), "it ended: " + self.text()
            assert time.monotonic() < deadline, self.text()

    def press(self, key):
        os.write(self.terminal, key)

    def end(self, seconds=60):
        """Waits until it ends; the exit status."""
        deadline = time.monotonic() + seconds
        while self.read():
            assert time.monotonic() < deadline, self.text()
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def lines_to_copy(self):
        """The commands that it printed, continued lines joined."""
        text = self.text().replace("\\\n", " ")
        return re.findall(r"^  ((?:curl|lftp|\S*ftpsctl) .*)$", text, re.M)


def copy_and_paste(terminal):
    """Runs the printed lines, literally; what they print."""
    lines = terminal.lines_to_copy()
    assert len(lines) == 5, terminal.text()
    results = []
    for line in lines:
        done = subprocess.run(
            ["sh", "-c", line], cwd=terminal.folder, text=True, timeout=60,
            capture_output=True, stdin=subprocess.DEVNULL, check=False,
            env=dict(os.environ, HOME=terminal.folder))
        assert done.returncode == 0, (line, done, terminal.text())
        results.append(done.stdout)
    return results


def case_newcomer(binaries):
    """The lines for curl, lftp and ftpsctl work as printed; Ctrl-C ends it."""
    with Terminal(binaries) as terminal:
        terminal.wait_text("serving with")
        family = descendants(terminal.pid)
        _, listing, lftp, status, sessions = copy_and_paste(terminal)
        assert "README.md" in listing and "README.md" in lftp
        assert "worker" in status, status
        assert "BEGIN SSL SESSION" in sessions, sessions
        size = os.path.getsize(os.path.join(TOP, "README.md"))
        assert str(size) in listing, (size, listing)
        terminal.press(b"\x1a")  # Ctrl-Z: it goes on
        terminal.wait_text("Stopped")
        assert "worker" in copy_and_paste(terminal)[3]
        terminal.press(b"\x03")
        assert terminal.end() == 0, terminal.text()
        last = terminal.text().rstrip().splitlines()[-1]
        assert "ftpsd has stopped" in last, terminal.text()
        assert wait_for(lambda: not any(map(alive, family)), 20)


def case_again(binaries):
    """A second start in the same folder keeps certificate and files."""
    with Terminal(binaries) as terminal:
        terminal.wait_text("serving with")
        copy_and_paste(terminal)
        terminal.press(b"\x03")
        assert terminal.end() == 0, terminal.text()
        with open(terminal.folder + "/run/server.pem", "rb") as cert:
            before = cert.read()
        done = subprocess.Popen(
            ["make", "run"], cwd=terminal.folder, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(os.environ, FTPSD_PORT=str(free_port()),
                     FTPSD_IMPLICIT_PORT=str(free_port())))
        try:
            for line in done.stdout:
                if b"serving with" in line:
                    break
            with open(terminal.folder + "/run/server.pem", "rb") as cert:
                assert cert.read() == before
            assert os.path.exists(terminal.folder + "/run/home/README.md")
            # Without a terminal, the signal is for the whole group.
            family = descendants(done.pid)
            os.killpg(done.pid, signal.SIGINT)
            done.stdout.read()
            done.wait(30)
            assert wait_for(lambda: not any(map(alive, family)), 20)
        finally:
            for pid in descendants(done.pid):
                os.kill(pid, signal.SIGKILL)
            done.stdout.close()


def case_terminal_closed(binaries):
    """When make is killed, or its terminal is closed, ftpsd stops."""
    for kill in (True, False):
        with Terminal(binaries) as terminal:
            terminal.wait_text("serving with")
            family = descendants(terminal.pid)
            if kill:
                os.kill(terminal.pid, signal.SIGTERM)
            else:
                os.close(terminal.terminal)
                terminal.terminal = os.open(os.devnull, os.O_RDONLY)
            assert wait_for(lambda: not any(map(alive, family)), 30), \
                terminal.text()
            os.waitpid(terminal.pid, 0)


def case_port_taken(binaries):
    """A port that is taken: one sentence, which says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for name in ("FTPSD_PORT", "FTPSD_IMPLICIT_PORT"):
            with Terminal(binaries, **{name: port}) as terminal:
                assert terminal.end() != 0
                lines = terminal.text().splitlines()
                assert len(lines) == 2 and port in lines[0] and \
                    name in lines[0], lines
                assert lines[1].startswith("make: ***"), lines


def install(folder, apt):
    """Runs install.sh with a package that is missing and that apt-get."""
    with open(folder + "/packages.txt", "w", encoding="ascii") as out:
        out.write("run dpkg what is there\n"
                  "run no-such-package-of-ftpsd the test\n"
                  "check another-such-package only tests\n")
    for name, text in (("apt-get", apt), ("sudo", "exit 1")):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="ascii") as out:
            out.write("#!/bin/sh\n" + text + "\n")
        os.chmod(path, 0o755)
    shutil.copy(TOOLS + "/install.sh", folder)
    return subprocess.run(
        ["sh", folder + "/install.sh", "run"], text=True, timeout=60,
        capture_output=True, stdin=subprocess.DEVNULL, check=False,
        env=dict(os.environ, PATH=folder + ":/usr/bin:/bin"))


def case_missing_package(_):
    """A package that cannot be installed: one sentence with its name."""
    with tempfile.TemporaryDirectory(prefix="ftpsd-") as folder:
        done = install(folder, "echo 'E: Unable to locate it' >&2; exit 100")
        assert done.returncode == 1, done
        assert done.stdout.startswith(
            "missing: no-such-package-of-ftpsd (the test)\n"), done
        lines = done.stderr.splitlines()
        assert len(lines) == 1 and "no-such-package-of-ftpsd" in lines[0]
        assert "another" not in done.stdout + done.stderr
        if not IS_ROOT:
            assert "only root" in lines[0], lines
            return
        assert "Unable to locate it" in lines[0], lines
        done = install(folder, f"echo \"$@\" >>{folder}/asked; exit 0")
        assert done.returncode == 0 and done.stderr == "", done
        with open(folder + "/asked", encoding="ascii") as asked:
            text = asked.read()
        assert "install" in text and "no-such-package-of-ftpsd" in text
        assert "another" not in text, text
