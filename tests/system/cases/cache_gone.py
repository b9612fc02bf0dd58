"""The directory of all caches taken away under a server that runs, and the
lock of their readers held."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys

from cases.cache import facts, facts_path, resumes
from cases.stapling import Rig
from client import Client
from daemon import Daemon, random_bytes, wait_for


def cache_of(server):
    return os.path.join(server.run_directory, "cache")


def remove(path):
    """The keeper may make something there while we are at it."""
    assert wait_for(lambda: shutil.rmtree(path, ignore_errors=True) or
                    not os.path.exists(path), 10)


def move(path):
    os.rename(path, path + "-elsewhere")


def put_file(path):
    move(path)
    with open(path, "w", encoding="ascii") as out:
        out.write("no directory\n")


def put_link(path):
    move(path)
    os.symlink("/", path)


def put_own(path):
    """By somebody who does not know what it has to be."""
    move(path)
    os.mkdir(path, 0o755)


HARMS = {
    "it is removed": remove,
    "it is moved away": move,
    "a file takes its place": put_file,
    "a link takes its place": put_link,
    "an empty directory takes its place": put_own,
}


def everything(binaries):
    """A server with all three caches: sessions, responses, staples."""
    rig = Rig(binaries)
    rig.config["tls"].update({
        "verify_client": "optional", "verify_order": "ocsp",
        "ca_certificate_file": rig.root.path("cert.pem")})
    return rig


def is_back(server, before):
    """Three environments, none of which was there before."""
    try:
        found = set(os.listdir(cache_of(server)))
    except OSError:
        return False
    return len(found) == 3 and found.isdisjoint(before) and \
        os.path.basename(facts_path(server)) in found


def case_taken_away(binaries):
    """Whoever takes it: no process and no session ends, all is back soon."""
    with everything(binaries) as rig:
        server = rig.server
        server.expect_log("cache|environment")
        processes = [server.processes(role) for role in ("worker", "keeper")]
        with Client(server.port, version="1.2") as client:
            client.auth().login()
            client.stor("file", b"contents")
            for number, (what, harm) in enumerate(HARMS.items(), 1):
                rig.stapled()
                assert resumes(server), what
                before = os.listdir(cache_of(server))
                hits = facts(server)["hits"]
                # Else all might be there again before it is done.
                [keeper] = server.processes("keeper")
                os.kill(keeper, signal.SIGSTOP)
                harm(cache_of(server))
                os.kill(keeper, signal.SIGCONT)
                assert wait_for(lambda b=before: is_back(server, b), 10), what
                rig.stapled()
                assert wait_for(lambda: resumes(server), 10), what
                assert client.retr("file") == b"contents", what
                now = facts(server)
                assert now["renewed"] >= number and now["hits"] >= hits, now
                shutil.rmtree(cache_of(server) + "-elsewhere",
                              ignore_errors=True)
        assert len(rig.entries()) == 1
        assert processes == [server.processes(role)
                             for role in ("worker", "keeper")]
        # Once for each, however many caches were in it.
        assert server.log().count("it is made anew") == len(HARMS) - 1
        server.wait_log("session cache: environment .* is given up")
        server.wait_log("stapling cache: environment .* is given up")


case_taken_away.limit = 240


def case_processes_begin(binaries):
    """Nobody who has to begin then finds no place to be."""
    with everything(binaries) as rig:
        server = rig.server
        server.expect_log("cache|environment|killed|signal|worker|keeper")
        for role in ("worker", "keeper"):
            # The one that would ask for it does not.
            [keeper] = server.processes("keeper")
            os.kill(keeper, signal.SIGSTOP)
            remove(cache_of(server))
            old = server.processes(role)
            os.kill(old[0], signal.SIGKILL)
            assert wait_for(lambda r=role, o=old: len(server.processes(r)) ==
                            len(o) and old[0] not in server.processes(r), 20)
            if role == "worker":
                os.kill(keeper, signal.SIGCONT)
            assert wait_for(lambda: len(server.processes("keeper")) == 1, 20)
            assert wait_for(lambda: is_back(server, []), 20)
            assert wait_for(lambda: resumes(server), 20)
            rig.stapled()


class Holder:
    """A process that has the lock of an environment's readers, as a worker
    has for a moment when it opens it."""

    CODE = """
import ctypes, mmap, sys
with open(sys.argv[1], "r+b") as file:
    area = mmap.mmap(file.fileno(), 4096)
lock = ctypes.addressof(ctypes.c_char.from_buffer(area)) + 8
assert ctypes.CDLL(None).pthread_mutex_lock(ctypes.c_void_p(lock)) == 0
print("held", flush=True)
sys.stdin.read()
"""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [sys.executable, "-c", self.CODE,
             os.path.join(folder, "lock.mdb")], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)

    def __enter__(self):
        assert self.process.stdout.readline() == b"held\n"
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def case_lock_is_held(binaries):
    """Who opens an environment while somebody keeps its lock: no worker
    waits, and all is well when he is gone."""
    with Daemon(binaries) as server:
        server.expect_log("signal|killed|worker|keeper|cache")
        assert resumes(server)
        with Holder(facts(server)["path"]):
            old = server.processes("worker")
            server.ctl("reload")
            assert wait_for(lambda: not set(old).intersection(
                server.processes("worker")), 20)
            workers = server.processes("worker")
            for version in ("1.2", "1.3") * 4:
                with Client(server.port, version=version) as client:
                    client.auth().login()
                    client.stor("file", b"contents")
            hung = [process for process in server.ctl("status")["processes"]
                    if process["state"] == "hung"]
            assert not hung and workers == server.processes("worker"), hung
        assert wait_for(lambda: resumes(server), 20)


def case_locks_are_held(binaries):
    """The locks of all caches held, and one thread for files: these are read
    and written."""
    contents = random_bytes(3_000_000, 7)
    rig = everything(binaries)
    rig.config["threads"] = 1
    with rig, contextlib.ExitStack() as holders:
        server = rig.server
        server.expect_log("signal|killed|worker|keeper|cache")
        rig.stapled()
        cache = cache_of(server)
        for name in os.listdir(cache):
            holders.enter_context(Holder(os.path.join(cache, name)))
        old = server.processes("worker")
        server.ctl("reload")
        assert wait_for(lambda: not set(old).intersection(
            server.processes("worker")), 20)
        with Client(server.port) as client:
            client.auth().login()
            client.stor("file", contents)
            assert client.retr("file") == contents


case_locks_are_held.limit = 60
