#!/usr/bin/python3
"""Runs the system tests: each case in a process of its own, a few at a time.

    run.py [--binaries build] [--jobs N] [--label text] [--soak]
           [pattern ...]

A case is a function case_NAME(binaries) in cases/*.py; its first line of
documentation says what it shows.  It passes by returning, is skipped by
raising Skip, and fails by anything else, after its time (`limit`, seconds), or
when a process of it is left.  Cases that mostly wait (`idle`) run beside the
others.  Those that last for minutes (`soak`) run with --soak, and alone then.

When no more than a few have failed, these run once more, alone: what passes
then depends on the machine's load, and is counted as passed and as unsteady.
What it said the first time is printed all the same: it is to be mended.
"""

import argparse
import ctypes
import importlib
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
LIMIT = 120
SOAK_LIMIT = 1800
SKIPPED = 77
# Cases wait more than they compute.
JOBS = 3 * (os.cpu_count() or 1)
IDLE_JOBS = 6
AGAIN_MAX = 3
PR_SET_CHILD_SUBREAPER = 36


class Skip(Exception):
    """Why a case cannot run here."""


def find_cases(patterns, soak):
    """(module, function) of the cases of that kind whose full name has a
    pattern."""
    found = []
    for name in sorted(os.listdir(os.path.join(HERE, "cases"))):
        if not name.endswith(".py") or name.startswith("_"):
            continue
        with open(os.path.join(HERE, "cases", name), encoding="utf-8") as text:
            functions = re.findall(r"^def (case_\w+)\(", text.read(), re.M)
        for function in functions:
            full = f"{name[:-3]}.{function[5:]}"
            if patterns and not any(p in full for p in patterns):
                continue
            if attribute(name[:-3], function, "soak", False) == soak:
                found.append((name[:-3], function))
    return found


def run_one(module, function, binaries):
    """In the child: the case itself."""
    case = getattr(importlib.import_module("cases." + module), function)
    try:
        case(os.path.abspath(binaries))
    except Exception as error:  # pylint: disable=broad-except
        if type(error).__name__ == "Skip":
            print(error)
            return SKIPPED
        raise
    return 0


def bury(seconds):
    """Waits for what a case has left; kills it after that time."""
    from daemon import descendants, process_title
    deadline = time.monotonic() + seconds
    while True:
        left = [pid for pid in descendants(os.getpid()) if pid != os.getpid()]
        if left and time.monotonic() > deadline:
            print("processes left behind:", {pid: process_title(pid)
                                             for pid in left})
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            return False
        try:
            while os.waitpid(-1, os.WNOHANG)[0] > 0:
                pass
        except ChildProcessError:
            return True
        if not left:
            return True
        time.sleep(0.02)


def remove(folder):
    """The folder with all in it, whatever rights a case has left there."""
    for path, folders, _ in os.walk(folder):
        for name in folders:
            below = os.path.join(path, name)
            if os.geteuid() != 0 and not os.path.islink(below):
                os.chmod(below, 0o700)
    shutil.rmtree(folder, ignore_errors=True)


def guard(module, function, binaries):
    """Runs the case in a child; ends and removes whatever it leaves."""
    # Orphans become children of this process.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    folder = tempfile.mkdtemp(prefix="ftpsd-")
    os.chmod(folder, 0o755)
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    pid = os.fork()
    if pid == 0:
        return run_one(module, function, binaries)
    signal.signal(signal.SIGTERM, lambda *_: os.kill(pid, signal.SIGKILL))
    try:
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if not bury(3 if status in (0, SKIPPED) else 0):
            status = status if status not in (0, SKIPPED) else 1
    finally:
        remove(folder)
    return status if status >= 0 else 1


def attribute(module, function, name, default):
    case = getattr(importlib.import_module("cases." + module), function)
    return getattr(case, name, default)


def become(module, function, binaries, writer):
    """In the child: runs the case, which says what it says into writer."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(writer, 1)
    os.dup2(writer, 2)
    os.closerange(3, 256)
    status = 1
    try:
        status = guard(module, function, binaries)
    except BaseException:  # pylint: disable=broad-except
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


class Running:
    """A case that runs in a child."""

    def __init__(self, module, function, arguments):
        self.case = (module, function)
        self.name = f"{module}.{function[5:]}"
        self.started = time.monotonic()
        self.limit = attribute(module, function, "limit",
                               SOAK_LIMIT if arguments.soak else LIMIT)
        self.idle = attribute(module, function, "idle", False)
        sys.stdout.flush()
        self.reader, writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            become(module, function, arguments.binaries, writer)
        os.close(writer)
        os.set_blocking(self.reader, False)
        self.output = b""

    def read(self):
        """Takes what the case has said so far."""
        try:
            while data := os.read(self.reader, 65536):
                self.output += data
        except BlockingIOError:
            pass

    def poll(self):
        """The exit status, None while it runs, -1 when out of time."""
        self.read()
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0 and time.monotonic() - self.started > self.limit:
            os.kill(self.pid, signal.SIGTERM)
            os.waitpid(self.pid, 0)
            self.end()
            return -1
        if pid == 0:
            return None
        self.end()
        return os.waitstatus_to_exitcode(status)

    def end(self):
        self.read()
        os.close(self.reader)

    def seconds(self):
        return time.monotonic() - self.started


def report(running, status, label):
    """Prints one row; returns what it counts as."""
    text = running.output.decode("utf-8", "replace")
    row = f"{label}{running.name} ({running.seconds():.1f} s)"
    kind = {0: "passed", SKIPPED: "skipped"}.get(status, "failed")
    if kind == "passed":
        print("ok   " + row)
        for line in text.splitlines():
            print("       " + line)
    elif kind == "skipped":
        print("skip " + row + ": " + text.strip().splitlines()[-1])
    else:
        why = "out of time" if status == -1 else f"exit status {status}"
        print(f"FAIL {row}: {why}\n{text}")
    sys.stdout.flush()
    return kind


def start_next(waiting, active, arguments):
    """Starts what may run now."""
    idle = sum(running.idle for running in active)
    busy = len(active) - idle
    for item in list(waiting):
        if attribute(*item, "idle", False):
            if idle == IDLE_JOBS:
                continue
            idle += 1
        else:
            if busy == arguments.jobs:
                continue
            busy += 1
        waiting.remove(item)
        active.append(Running(*item, arguments))


def run_cases(cases, arguments, label):
    """Runs them all; returns how many passed and so on, and who failed."""
    waiting = list(cases)
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    failed = []
    active = []
    while waiting or active:
        start_next(waiting, active, arguments)
        for running in list(active):
            status = running.poll()
            if status is not None:
                active.remove(running)
                kind = report(running, status, label)
                counts[kind] += 1
                if kind == "failed":
                    failed.append(running.case)
        time.sleep(0.02)
    return counts, failed


def run_all(arguments):
    label = arguments.label + " " if arguments.label else ""
    counts, failed = run_cases(
        find_cases(arguments.pattern, arguments.soak), arguments, label)
    unsteady = 0
    if 0 < len(failed) <= AGAIN_MAX:
        arguments.jobs = 1
        again, _ = run_cases(failed, arguments, label + "again ")
        unsteady = again["passed"]
        counts["failed"] -= unsteady
        counts["passed"] += unsteady
    print(f"system: {counts['passed']} passed, {counts['failed']} failed, "
          f"{counts['skipped']} skipped"
          + (f"; {unsteady} at the second run only" if unsteady else ""))
    return 1 if counts["failed"] else 0


def main():
    parser = argparse.ArgumentParser(
        description="Runs the system tests, each in a process of its own.")
    parser.add_argument("--binaries", default="build",
                        help="the folder with ftpsd and ftpsctl")
    parser.add_argument("--jobs", type=int, default=JOBS,
                        help="how many run at once, but for those that wait")
    parser.add_argument("--label", default="",
                        help="a word before each name in the report")
    parser.add_argument("--soak", action="store_true",
                        help="those that last for minutes, and no others")
    parser.add_argument("pattern", nargs="*",
                        help="a part of the names of those to run")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    return run_all(arguments)


if __name__ == "__main__":
    sys.exit(main())
