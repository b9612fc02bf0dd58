"""The cache of sessions: its kinds, its counts, and harm to its files."""

import json
import os
import shutil
import signal
import subprocess
import time

from client import Client
from daemon import IS_ROOT, Daemon, make_certificate, wait_for
from cases.ocsp import Rig, settled
from run import Skip

VERSIONS = ("1.2", "1.3")


def facts(server):
    return server.ctl("sesscache", "info")


def visit(server, version=None, context=None, session=None):
    """One login; the context, its session, and whether it resumed."""
    with Client(server.port, version=version, context=context) as client:
        client.auth(session).login()
        first = client.socket.session
        client.cmd("NOOP", 200)
        return client.context, first, client.socket.session_reused


def remembered(server):
    """A session that is in the cache.  What a worker puts before it has heard
    where the cache is, is dropped."""
    for _ in range(5):
        before = facts(server)["stored"]
        context, session, _ = visit(server, "1.2")
        if wait_for(lambda n=before: facts(server)["stored"] > n, 3):
            return context, session
    raise AssertionError("nothing is stored")


def resumes(server, version="1.2"):
    """Whether what one login was given is good for another one, soon."""
    context, session, _ = visit(server, version)
    return wait_for(lambda: visit(server, context=context,
                                  session=session)[2], 5)


# -- kinds -------------------------------------------------------------------

def case_internal(binaries):
    """type internal: resumed by its worker, counted, nothing in files."""
    config = {"workers": 1, "tls": {"session_cache": {"type": "internal"}}}
    with Daemon(binaries, config) as server:
        for version in VERSIONS:
            context, session, again = visit(server, version)
            assert not again
            assert visit(server, context=context, session=session)[2]
        cache = os.path.join(server.run_directory, "cache")
        assert os.listdir(cache) == [], os.listdir(cache)
        assert wait_for(lambda: facts(server)["hits"] == 2, 10)
        now = facts(server)
        assert now["state"] == now["provider"] == "internal", now
        assert now["stored"] >= 2 and now["errors"] == 0, now
        text = server.ctl("sesscache", "info", json_output=False).stdout
        assert "provided by 'internal'" in text, text
        assert "Cache lifetime hits: 2" in text and "Path:" not in text, text
        for action in ("clear", "remove"):
            done = server.ctl("sesscache", action, check=False)
            assert "not implemented" in str(done).lower(), done
        server.ctl("reload")
        assert not visit(server, context=context, session=session)[2]


def case_internal_transfers(binaries):
    """type internal, two workers: data connections resume all the same."""
    config = {"tls": {"session_cache": {"type": "internal", "size": "1MiB"}}}
    with Daemon(binaries, config) as server:
        for version in VERSIONS:
            with Client(server.port, version=version) as client:
                client.auth().login()
                client.stor("file", b"contents")
                for _ in range(5):
                    assert client.retr("file") == b"contents"


def case_off(binaries):
    """off: a warning, no demand of resumption, no sessions, no actions."""
    with Daemon(binaries, {"tls": {"session_cache": "off"}}) as server:
        server.wait_log("session_cache is off: data connections need not")
        context, session, _ = visit(server, "1.2")
        assert not visit(server, context=context, session=session)[2]
        with Client(server.port, version="1.2") as client:
            client.auth().login()
            data = client.passive()
            client.cmd("NLST", 150)
            client.wrap_data(data, None).close()
            assert client.reply().code == 226
        text = server.ctl("sesscache", "info", json_output=False).stdout
        assert text == "No TLSSessionCache configured\n", text
        done = server.ctl("sesscache", "clear", check=False)
        assert "not implemented" in str(done).lower(), done


# -- counts ------------------------------------------------------------------

def case_counts(binaries):
    """Hits, misses, stored, deleted, expired, errors, as they come."""
    config = {"tls": {"session_cache": {"size": "1MiB", "timeout": "8s"}}}
    with Daemon(binaries, config) as server:
        context, session = remembered(server)
        assert visit(server, context=context, session=session)[2]
        assert wait_for(lambda: facts(server)["hits"] == 1, 10)
        now = facts(server)
        assert now["stored"] == 1 and now["misses"] == 0, now
        # Cleared ones were not deleted, and the counts stay.
        server.ctl("sesscache", "clear")
        assert not visit(server, context=context, session=session)[2]
        assert wait_for(lambda: facts(server)["misses"] == 1, 10)
        now = facts(server)
        assert now["hits"] == 1 and now["deleted"] == 0, now
        assert wait_for(lambda: facts(server)["expired"] == 1, 30)
        assert facts(server)["current"] == 0
        # After a removal all begins anew.
        server.ctl("sesscache", "remove")
        server.ctl("reload")
        now = facts(server)
        assert now["state"] == "on", now
        assert not any(now[key] for key in ("hits", "misses", "stored",
                                            "expired", "current")), now


# -- another policy ----------------------------------------------------------

def case_policy_changes(binaries):
    """A reload that asks for other clients forgets all; another does not."""
    with Daemon(binaries) as server:
        ca, _ = make_certificate(server.folder, "ca", "authority")
        context, session = remembered(server)
        server.config["limits"] = {"sessions": 100}
        server.write_config()
        server.ctl("reload")
        assert facts(server)["current"] == 1
        assert visit(server, context=context, session=session)[2]
        changes = [{"verify_client": "optional", "ca_certificate_file": ca},
                   {"verify_depth": 3}, {"protocol": ["TLSv1.2"]},
                   {"options": ["AllowWeakDH"]}]
        for change in changes:
            context, session = remembered(server)
            server.config["tls"].update(change)
            server.write_config()
            server.ctl("reload")
            assert wait_for(lambda: facts(server)["current"] == 0, 10), change
            assert not visit(server, context=context, session=session)[2], \
                change
        # The same name, and other bytes.
        context, session = remembered(server)
        make_certificate(server.folder, "ca", "another")
        server.ctl("reload")
        assert wait_for(lambda: facts(server)["current"] == 0, 10)
        assert not visit(server, context=context, session=session)[2]


# -- harm --------------------------------------------------------------------

def data_of(folder):
    return os.path.join(folder, "data.mdb")


def locks_of(folder):
    return os.path.join(folder, "lock.mdb")


def fill(path, make):
    with open(path, "r+b") as out:
        size = os.fstat(out.fileno()).st_size
        out.write(make(size))


def cut_in_half(folder):
    os.truncate(data_of(folder), os.stat(data_of(folder)).st_size // 8192 *
                4096)


def remove_all(folder):
    """The keeper may be faster with the second half of it."""
    shutil.rmtree(folder, ignore_errors=True)


HARMS = {
    "data.mdb is empty": lambda folder: os.truncate(data_of(folder), 0),
    "data.mdb is cut": cut_in_half,
    "data.mdb is zeroed": lambda folder: fill(data_of(folder), bytes),
    "data.mdb is rubbish": lambda folder: fill(data_of(folder), os.urandom),
    "data.mdb is removed": lambda folder: os.remove(data_of(folder)),
    "lock.mdb is empty": lambda folder: os.truncate(locks_of(folder), 0),
    "lock.mdb is removed": lambda folder: os.remove(locks_of(folder)),
    "the directory is removed": remove_all,
}


def environments(server):
    """Of sessions first, as the keeper says."""
    cache = os.path.join(server.run_directory, "cache")
    mine = facts(server).get("path", "")
    found = [os.path.join(cache, name) for name in os.listdir(cache)]
    return sorted(found, key=lambda path: path != mine)


def case_harmed_files(binaries):
    """Whatever happens to the files: no session ends, and all is well soon."""
    with Daemon(binaries) as server:
        server.expect_log("cache|keeper|environment|signal")
        workers = server.processes("worker")
        with Client(server.port, version="1.2") as client:
            client.auth().login()
            client.stor("file", b"contents")
            for what, harm in HARMS.items():
                assert resumes(server), what
                [mine] = environments(server)
                harm(mine)
                began = time.monotonic()
                # Some handshakes that look there, and some that put.
                context, session, _ = visit(server, "1.2")
                visit(server, context=context, session=session)
                assert wait_for(lambda mine=mine: os.path.isdir(
                    facts_path(server)) and facts_path(server) != mine, 10), \
                    what
                took = time.monotonic() - began
                assert took < 5, (what, took)
                assert wait_for(lambda: resumes(server), 10), what
                assert client.retr("file") == b"contents", what
        assert server.processes("worker") == workers, "a worker has died"


def facts_path(server):
    """Where the environment is; nowhere while there is no keeper."""
    done = server.ctl("sesscache", "info", check=False)
    return json.loads(done.stdout).get("path", "") if done.stdout else ""


def case_harm_is_counted(binaries):
    """An environment that is replaced is counted, and the counts stay."""
    with Daemon(binaries) as server:
        server.expect_log("cache|environment")
        assert resumes(server)
        assert wait_for(lambda: facts(server)["hits"] >= 1, 10)
        for number in range(1, 4):
            remove_all(facts(server)["path"])
            assert wait_for(lambda n=number: facts(server)["renewed"] == n, 10)
            assert wait_for(lambda: facts(server)["state"] == "on", 10)
            assert wait_for(lambda: resumes(server), 10)
        assert facts(server)["hits"] >= 1
        text = server.ctl("sesscache", "info", json_output=False).stdout
        assert "environments replaced: 3" in text, text


def case_harmed_responses(binaries):
    """The same for the cache of OCSP: who comes asks again, and gets in."""
    with Rig(binaries) as rig:
        server = rig.server
        server.expect_log("cache|keeper|environment|signal")
        alice = rig.issue("alice")
        workers = server.processes("worker")
        for what, harm in HARMS.items():
            rig.admitted(alice).close()
            [_, theirs] = wait_for(lambda: both(server), 10)
            harm(theirs)
            for _ in range(4):
                rig.admitted(alice).close()
            assert wait_for(lambda theirs=theirs: both(server) and
                            theirs not in both(server), 10), what
            assert wait_for(lambda: settled(rig, alice), 10), what
        assert server.processes("worker") == workers, "a worker has died"


def both(server):
    try:
        found = environments(server)
    except (AssertionError, subprocess.CalledProcessError):
        return None
    return found if len(found) == 2 else None


def case_disk_full(binaries):
    """No room for files: full handshakes, and all is well when there is."""
    if not IS_ROOT:
        raise Skip("needs root to mount a file system")
    server = Daemon(binaries, {"tls": {"session_cache": {"size": "64MiB"}}})
    cache = os.path.join(server.run_directory, "cache")
    os.makedirs(cache)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "cache",
                           cache], stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        shutil.rmtree(server.folder)
        raise Skip("cannot mount: " + done.stderr.decode().strip())
    try:
        with server:
            server.expect_log("cache|environment")
            disk_full(server, cache)
    finally:
        subprocess.run(["umount", "-l", cache], check=False)
        shutil.rmtree(server.folder, ignore_errors=True)


def disk_full(server, cache):
    assert resumes(server)
    filler = os.path.join(cache, "filler")
    with open(filler, "wb", buffering=0) as out:
        try:
            while True:
                out.write(bytes(4096))
        except OSError:
            pass
    stored = facts(server)["stored"]
    with Client(server.port, version="1.2") as client:
        client.auth().login()
        client.stor("file", b"contents")
        for _ in range(20):
            visit(server, "1.2")
        assert client.retr("file") == b"contents"
    assert wait_for(lambda: facts(server)["errors"] > 0 or
                    facts(server)["stored"] >= stored + 20, 10)
    os.remove(filler)
    assert wait_for(lambda: resumes(server), 10)


def case_keeper_killed(binaries):
    """The keeper killed in its work, again and again, with clients there."""
    with Daemon(binaries) as server:
        server.expect_log("keeper|signal|cache")
        context, session, _ = visit(server, "1.2")
        for _ in range(20):
            keepers = server.processes("keeper")
            if keepers:
                os.kill(keepers[0], signal.SIGKILL)
            context, session, _ = visit(server, "1.2", context, session)
        assert wait_for(lambda: resumes(server), 20)


def case_keeper_stopped(binaries):
    """A keeper that hangs: handshakes go on, none waits for it."""
    with Daemon(binaries) as server:
        [keeper] = server.processes("keeper")
        os.kill(keeper, signal.SIGSTOP)
        try:
            slowest = 0.0
            for _ in range(30):
                began = time.monotonic()
                visit(server, "1.2")
                slowest = max(slowest, time.monotonic() - began)
            assert slowest < 5, slowest
        finally:
            os.kill(keeper, signal.SIGCONT)
        assert wait_for(lambda: resumes(server), 20)
