#!/usr/bin/python3
"""Runs the system tests: each case in a process of its own, two at a time.

    run.py [--binaries build] [--jobs 2] [--label text] [pattern ...]

A case is a function case_NAME(binaries) in cases/*.py; its first line of
documentation is what the output shows.  It passes by returning, is skipped by
raising Skip, and fails by anything else, or after its time (`limit`, seconds).
"""

import argparse
import importlib
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
LIMIT = 120
SKIPPED = 77


class Skip(Exception):
    """Why a case cannot run here."""


def find_cases(patterns):
    """(module, function) of all cases whose full name has a pattern."""
    found = []
    for name in sorted(os.listdir(os.path.join(HERE, "cases"))):
        if not name.endswith(".py") or name.startswith("_"):
            continue
        with open(os.path.join(HERE, "cases", name), encoding="utf-8") as text:
            functions = re.findall(r"^def (case_\w+)\(", text.read(), re.M)
        for function in functions:
            full = f"{name[:-3]}.{function[5:]}"
            if not patterns or any(p in full for p in patterns):
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


def limit_of(module, function):
    case = getattr(importlib.import_module("cases." + module), function)
    return getattr(case, "limit", LIMIT)


class Running:
    """A case that runs in a child."""

    def __init__(self, module, function, arguments):
        self.name = f"{module}.{function[5:]}"
        self.started = time.monotonic()
        self.limit = limit_of(module, function)
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", os.path.abspath(__file__),
             "--binaries", arguments.binaries, "--case", module, function],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.output = b""

    def poll(self):
        """The exit status, None while it runs, -1 when out of time."""
        data = self.process.stdout.read()
        self.output += data or b""
        status = self.process.poll()
        if status is None and time.monotonic() - self.started > self.limit:
            self.process.terminate()
            self.process.wait()
            return -1
        return status

    def seconds(self):
        return time.monotonic() - self.started


def report(running, status, counts, label):
    """Prints one row and counts it."""
    output = (running.output + (running.process.stdout.read() or b""))
    text = output.decode("utf-8", "replace")
    row = f"{label}{running.name} ({running.seconds():.1f} s)"
    if status == 0:
        counts["passed"] += 1
        print("ok   " + row)
        for line in text.splitlines():
            print("       " + line)
    elif status == SKIPPED:
        counts["skipped"] += 1
        print("skip " + row + ": " + text.strip().splitlines()[-1])
    else:
        counts["failed"] += 1
        why = "out of time" if status == -1 else f"exit status {status}"
        print(f"FAIL {row}: {why}\n{text}")
    sys.stdout.flush()


def run_all(arguments):
    waiting = find_cases(arguments.pattern)
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    label = arguments.label + " " if arguments.label else ""
    active = []
    while waiting or active:
        while waiting and len(active) < arguments.jobs:
            active.append(Running(*waiting.pop(0), arguments))
        for running in list(active):
            status = running.poll()
            if status is not None:
                active.remove(running)
                report(running, status, counts, label)
        time.sleep(0.02)
    print(f"system: {counts['passed']} passed, {counts['failed']} failed, "
          f"{counts['skipped']} skipped")
    return 1 if counts["failed"] else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binaries", default="build")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--label", default="")
    parser.add_argument("--case", nargs=2)
    parser.add_argument("pattern", nargs="*")
    arguments = parser.parse_args()
    if arguments.case:
        return run_one(*arguments.case, arguments.binaries)
    return run_all(arguments)


if __name__ == "__main__":
    sys.exit(main())
