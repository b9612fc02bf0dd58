"""Directories' settings count where symbolic links lead, not where they are."""

import os
import re

from cases.attributes import mode, put, said
from cases.hashes import hashing, random_bytes, read_lines
from client import logged_in
from daemon import Daemon, wait_for

LARGE = 200000  # goes another way than what fits a message

PRIVATE = {"path": "/private", "umask": "077", "allow_chmod": False,
           "allow_symlinks": False, "hash_max_size": 4,
           "hash_on_upload": ["CRC32"], "rename_replaces": False}
# What is said of a link counts for nothing.
LINK = {"path": "/open", "umask": "0", "allow_chmod": True,
        "allow_symlinks": True, "hash_max_size": 0, "hash_on_upload": "off",
        "rename_replaces": True}


def prepared(binaries, **config):
    """A server, and its log of sums; open leads to private."""
    server, log = hashing(binaries, "off", {
        "directories": [PRIVATE, LINK], "allow_symlinks": True, **config})
    put(server, "private", 0o755, True)
    put(server, "private/f")
    put(server, "f", 0o775)
    os.symlink("private", os.path.join(server.home, "open"))
    os.symlink("private/f", os.path.join(server.home, "to-file"))
    os.symlink("open/new", os.path.join(server.home, "to-new"))
    os.symlink("../f", os.path.join(server.home, "private/out"))
    return server, log


def made(server, name, expected):
    path = os.path.join(server.home, "private", name)
    assert mode(path) == expected, (name, oct(mode(path)))


def case_modes(binaries):
    """umask and file_mode, of all that makes something; SITE UMASK, too."""
    server, _ = prepared(binaries)
    with server, logged_in(server) as client:
        for umask, more in ((None, 0), ("0", 0), ("0200", 0o200)):
            if umask is not None:
                client.cmd("SITE UMASK " + umask, 200)
            file, folder = 0o600 & ~more, 0o700 & ~more
            client.stor("open/small", b"x")
            made(server, "small", file)
            client.stor("open/large", random_bytes(LARGE, 1))
            made(server, "large", file)
            client.stor("to-new", b"x")
            made(server, "new", file)
            client.stor("open/appended", b"x", "APPE")
            made(server, "appended", file)
            client.stor("open/unique", b"x", "STOU")
            made(server, "unique", file)
            client.cmd("MKD open/folder", 257)
            made(server, "folder", folder)
            client.cmd("SITE CPFR f", 350)
            client.cmd("SITE CPTO open/copy", 250)
            made(server, "copy", folder & 0o755)
            client.cmd("COMB open/joined open/small open/copy", 250)
            made(server, "joined", file)
            for name in ("large", "new", "appended", "unique", "joined"):
                client.cmd("DELE open/" + name, 250)
            client.cmd("RMD open/folder", 250)
            client.stor("private/out", b"y")
            assert mode(os.path.join(server.home, "f")) == 0o775


def case_what_is_allowed(binaries):
    """allow_chmod, allow_symlinks, rename_replaces and hash_max_size."""
    server, _ = prepared(binaries)
    with server, logged_in(server) as client:
        for command in ("SITE CHMOD 666 {}", "MFF UNIX.mode=666; {}"):
            for name in ("open/f", "to-file"):
                said(client, command.format(name), 550, "Permissions")
            client.cmd(command.format("private/out"), (200, 213))
        made(server, "f", 0o644)
        said(client, "SITE SYMLINK f open/link", 550, "links may not be made")
        client.cmd("SITE SYMLINK f private/out/../../link", 200)
        for target, code in (("open/f", 553), ("link", 250)):
            client.cmd("RNFR f", 350)
            client.cmd("RNTO " + target, code)
        for command in ("XMD5", "XCRC", "HASH"):
            said(client, command + " open/f", 552, "hash_max_size")
            client.cmd(command + " to-file", 552)
            client.cmd(command + " link", (213, 250))
        client.cmd('XCRC "open/f" 0 4', 250)
        client.cmd('XCRC "open/f" 0 5', 552)
        client.cmd("RANG 4 7", 350)
        client.cmd("HASH open/f", 213)


def case_sums(binaries):
    """hash_on_upload, of what is small or not, and of a name yet to be."""
    server, log = prepared(binaries)
    names = ("open/small", "open/large", "to-new", "open/unique")
    with server, logged_in(server) as client:
        for name in names:
            contents = random_bytes(LARGE if "large" in name else 4, 2)
            client.stor(name, contents, "STOU" if "uni" in name else "STOR")
        client.stor("private/out", b"y")
        assert wait_for(lambda: os.path.exists(log) and
                        len(read_lines(log)) == 5)
        lines = read_lines(log)
        assert all(" CRC32:" in line for line in lines[:4]), lines
        assert lines[4].endswith(" -"), lines


def case_listings(binaries):
    """show_symlinks and list_recursive, of the directory that is read."""
    config = {"list_recursive": True, "directories": [
        {"path": "/private", "show_symlinks": False},
        {"path": "/private/shut", "list_recursive": False},
        {"path": "/private/shut/open", "list_recursive": True},
        {"path": "/private/in", "upload_only": True},
        {"path": "/open", "show_symlinks": True, "list_recursive": True}],
        "deny": ["/private/no"]}
    with Daemon(binaries, config) as server, logged_in(server) as client:
        for name in ("", "/shut", "/shut/open", "/in", "/in/below", "/no",
                     "/free", "/free/below"):
            put(server, "private" + name, 0o755, True)
            put(server, f"private{name}/file")
        for name, target in (("open", "private"), ("to-shut", "open/shut"),
                             ("private/link", "free"), ("outer", "private")):
            os.symlink(target, os.path.join(server.home, name))
        for name in ("open", "private"):
            said(client, f"STAT {name}", 212, r"\n d[^\n]* link\n")
            said(client, f"STAT -d {name}/link", 212, r"\n d[^\n]* link\n")
            for command in ("NLST -R", "LIST -R", "LIST -tR", "NLST -aR"):
                text = client.listing(f"{command} {name}").decode()
                blocks = below(text, name)
                assert blocks == {"", "free", "free/below", "in"} - (
                    {"in"} if "NLST" in command else set()), (command, blocks)
                assert "link" in text and "shut" in text, text
        assert "link" in client.listing("LIST -a open").decode()
        for name in ("private/shut", "open/shut", "to-shut"):
            text = client.listing("LIST -aR " + name).decode()
            assert below(text, name) == {""}, (name, text)
            assert re.search(r" file\r\n", text) and "/" not in text, text
            # Its own entry is what counts below.
            text = client.listing(f"NLST -R {name}/open").decode()
            assert text == f"{name}/open/file\r\n", text


def below(text, name):
    """The directories of which a listing shows what is in them."""
    if ":\r\n" in text:
        heads = re.findall(r"(?:^|\n)([^\r\n]*):\r\n", text)
        return {head[len(name) + 1:] for head in heads} | {""}
    return {os.path.dirname(line)[len(name) + 1:] if "/" in line else ""
            for line in text.splitlines()}
