"""Where the benchmark works: folders, certificate, files to transfer."""

import ctypes
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile

from daemon import IS_ROOT, make_certificate

MIB = 1 << 20
# Everybody's account: what all servers let in, and find no file of.
ACCOUNT_UID = 65534 if IS_ROOT else os.getuid()
ACCOUNT_GID = 65534 if IS_ROOT else os.getgid()
SOCKET_PATH_ROOM = 70


def reachable(folder):
    """Whether processes without privilege can get there."""
    while IS_ROOT and folder != "/":
        if not os.stat(folder).st_mode & 0o001:
            return False
        folder = os.path.dirname(folder)
    return True


def file_system(path):
    """The kind of file system that a path is on."""
    best = ("", "?")
    with open("/proc/mounts", encoding="utf-8") as mounts:
        for line in mounts:
            _, point, kind, *_ = line.split()
            if (path + "/").startswith(point.rstrip("/") + "/") and \
                    len(point) >= len(best[0]):
                best = (point, kind)
    return best[1]


class Place:
    """Folders below BUILD/bench, and what lies in them."""

    def __init__(self, build, on_tmpfs):
        self.build = os.path.abspath(build)
        self.bench = os.path.join(self.build, "bench")
        self.passing = []   # removed at the end
        os.makedirs(self.bench, exist_ok=True)
        self.lock = self.lock_it()
        self.run = self.folder_for_run()
        if on_tmpfs:
            self.data = self.passing_folder("/dev/shm")
        elif reachable(self.bench):
            self.data = self.renew(os.path.join(self.bench, "data"))
        else:
            self.data = self.passing_folder(tempfile.gettempdir())
        self.data_kind = file_system(self.data)
        self.cert, self.key = make_certificate(self.run, "server")
        self.home = self.make_home("bench")
        self.small = 4096
        self.write("small", self.small)
        self.made = {"small": self.small}

    def lock_it(self):
        """One benchmark at a time works in this folder."""
        lock = open(os.path.join(self.bench, "lock"), "wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.exit(f"{self.bench}: a benchmark is running there")
        return lock

    def folder_for_run(self):
        folder = os.path.join(self.bench, "run")
        if len(folder) > SOCKET_PATH_ROOM or not reachable(self.bench):
            return self.passing_folder(tempfile.gettempdir())
        return self.renew(folder)

    def passing_folder(self, parent):
        folder = tempfile.mkdtemp(prefix="ftpsd-bench-", dir=parent)
        os.chmod(folder, 0o755)
        self.passing.append(folder)
        return folder

    def renew(self, folder):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder, mode=0o755)
        self.passing.append(folder)
        return folder

    def make_home(self, account):
        home = os.path.join(self.data, account)
        os.makedirs(home, exist_ok=True)
        self.give(home)
        up = os.path.join(home, "up")
        os.makedirs(up, exist_ok=True)
        self.give(up)
        return home

    @staticmethod
    def give(path):
        if IS_ROOT:
            os.chown(path, ACCOUNT_UID, ACCOUNT_GID)

    def write(self, name, size):
        """A file of the account's with contents that are no holes."""
        path = os.path.join(self.home, name)
        block = os.urandom(min(size, MIB))
        with open(path, "wb") as out:
            for _ in range(max(1, size // len(block))):
                out.write(block)
        self.give(path)

    def need(self, name, size):
        """Makes a file of that size, or a directory with that many."""
        if self.made.get(name) == size:
            return
        self.made[name] = size
        if name == "many":
            self.make_many(size)
        else:
            self.write(name, size)

    def make_many(self, count):
        folder = os.path.join(self.home, "many")
        shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(folder, 0o755)
        for number in range(count):
            os.close(os.open(
                os.path.join(folder, f"file-{number:06d}.txt"),
                os.O_CREAT | os.O_WRONLY, 0o644))
        self.give(folder)

    def link(self, name, account):
        """The same file in the home of another account."""
        path = os.path.join(self.data, account, name)
        if not os.path.exists(path):
            os.link(os.path.join(self.home, name), path)

    def clear_uploads(self):
        """What was uploaded goes, before it has to be written to disk."""
        folder = os.path.join(self.home, "up")
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))

    def certificates(self, count):
        """A certificate and key for each of so many hosts; kept in BUILD."""
        folder = os.path.join(self.bench, f"hosts-{count}")
        if not os.path.exists(os.path.join(folder, "done")):
            os.makedirs(folder, exist_ok=True)
            subprocess.run([os.path.join(self.bench, "certs"), folder,
                            str(count)], check=True)
            with open(os.path.join(folder, "done"), "wb"):
                pass
        return folder

    def close(self):
        for folder in self.passing:
            shutil.rmtree(folder, ignore_errors=True)


def library_version():
    """The version of OpenSSL that programs here are linked with."""
    library = ctypes.CDLL("libcrypto.so.3")
    library.OpenSSL_version.restype = ctypes.c_char_p
    return library.OpenSSL_version(0).decode()
