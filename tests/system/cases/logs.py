"""What is logged, and where."""

import json
import os
import re
import signal

from client import Client
from daemon import IS_ROOT, SERVICE_USERS, Daemon, wait_for


def log_folder(server):
    """A folder that the logger may write to."""
    import pwd
    path = os.path.join(server.folder, "logs")
    os.mkdir(path, 0o755)
    if IS_ROOT:
        entry = pwd.getpwnam(SERVICE_USERS[2])
        os.chown(path, entry.pw_uid, entry.pw_gid)
    return path


def read(path):
    try:
        with open(path, encoding="utf-8") as text:
            return text.read()
    except FileNotFoundError:
        return ""


def case_events(binaries):
    """One line an event, with client, session and user; bytes escaped."""
    with Daemon(binaries) as server:
        with Client(server.port) as client:
            client.auth()
            client.cmd(b"USER bad\x1b[2Jname", (331, 501))
            client.cmd("PASS wrong", (530, 501, 503))
            client.login()
            client.stor("file", b"12345")
            client.retr("file")
        server.wait_log(r"127\.0\.0\.1.*alice.*file")
        text = server.log()
        assert "\x1b" not in text
        assert re.search(r"bad\\x1b\[2Jname\] login failed", text), text
        assert "correct horse" not in text and "wrong" not in \
            re.sub(r"wrong password", "", text)


def case_files(binaries):
    """log.file, tls.log, log.transfer; reopened on SIGUSR1."""
    server = Daemon(binaries)
    folder = log_folder(server)
    main, tls, transfer = (os.path.join(folder, name)
                           for name in ("main.log", "tls.log", "xfer.log"))
    server.config["log"] = {"target": "file", "file": main, "level": "info",
                            "transfer": transfer}
    server.config["tls"]["log"] = tls
    server.write_config()
    with server:
        with Client(server.port) as client:
            client.auth().login()
            client.stor("file name", b"12345")
            assert client.retr("file name") == b"12345"
            assert wait_for(lambda: read(transfer).count("\n") == 2, 20), \
                read(transfer)
            up, down = read(transfer).splitlines()
            # time (5 words), seconds, host, size, name, type, action,
            # direction, mode, user, service, method, user id, completion
            assert re.fullmatch(
                r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4} \d+ 127\.0\.0\.1 5 "
                r"/file_name b _ i r alice \w+ 0 \* c", up), up
            assert " o r alice " in down, down
            assert wait_for(lambda: "TLSv1.3" in read(tls), 20)
            deep = "/".join(["d" * 200] * 5)
            for end in range(200, len(deep) + 1, 201):
                client.cmd("MKD " + deep[:end], 257)
            client.stor(deep + "/f", b"1")
            assert wait_for(lambda: read(transfer).count("\n") == 3, 20)
            assert read(transfer).endswith(" ftp 0 * c\n"), read(transfer)
            for path in (main, tls, transfer):
                os.rename(path, path + ".1")
            server.process.send_signal(signal.SIGUSR1)
            assert wait_for(lambda: os.path.exists(main) or
                            client.cmd("NOOP") and False, 20) or True

            def reopened():
                client.retr("file name")
                return read(transfer) != ""

            assert wait_for(reopened, 20), "the transfer log is not reopened"
            client.cmd("QUIT", 221)


def case_json(binaries):
    """log.format json: each line is an object with the fields."""
    server = Daemon(binaries)
    folder = log_folder(server)
    main = os.path.join(folder, "main.log")
    server.config["log"] = {"target": "file", "file": main, "level": "info",
                            "format": "json"}
    server.write_config()
    with server:
        with Client(server.port) as client:
            client.auth().login()
            client.stor("file\udcff", b"1")
            client.cmd("QUIT", 221)

        def logged():
            return [event for event in map(json.loads,
                                           read(main).splitlines())
                    if event.get("user") == "alice"]

        events = wait_for(logged, 20)
        assert events
        for key in ("time", "level", "process", "client", "session", "user",
                    "text"):
            assert key in events[0], (key, events[0])
