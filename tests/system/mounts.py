"""File systems of a test's own, in a mount namespace of its own."""

import ctypes
import os
import subprocess

from daemon import GID, IS_ROOT, UID
from run import Skip

CLONE_NEWNS = 0x20000


def private_mounts():
    """From now on, what this process mounts is seen by it and its children
    alone, and goes with them."""
    if not IS_ROOT:
        raise Skip("needs root to mount file systems")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0 or \
            subprocess.run(["mount", "--make-rprivate", "/"],
                           check=False).returncode != 0:
        raise Skip("may not make a mount namespace")


def mount(kind, path, options=None, source="none"):
    """Mounts below path, which is made and belongs to the account; or skips,
    with the reason."""
    os.makedirs(path, exist_ok=True)
    command = ["mount", "-t", kind]
    command += ["-o", options] if options else []
    done = subprocess.run([*command, source, path], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        raise Skip(f"cannot mount {kind} ({options}): "
                   f"{done.stderr.strip().splitlines()[0]}")
    os.chown(path, UID, GID)
    return path


def remount(path, options):
    subprocess.run(["mount", "-o", "remount," + options, path], check=True)


def umount(path):
    subprocess.run(["umount", path], check=True)


def make_file_system(kind, image, megabytes, arguments=()):
    """A file system in a file, to be mounted with -o loop."""
    with open(image, "wb") as out:
        out.truncate(megabytes << 20)
    program = "mkfs." + kind
    try:
        subprocess.run([program, *arguments, image], check=True,
                       stdin=subprocess.DEVNULL, capture_output=True)
    except FileNotFoundError:
        raise Skip("no " + program) from None
    except subprocess.CalledProcessError as error:
        raise Skip(f"{program}: {error.stderr.decode()}") from None
