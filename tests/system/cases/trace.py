"""What is traced, switched on and off while the server runs."""

import json
import re

from cases.logs import log_folder, read
from client import Client
from daemon import Daemon, wait_for


def levels(answer):
    return {item["channel"]: (item["level"], item["client"])
            for item in answer["channels"]}


def visit(server):
    with Client(server.port) as client:
        client.auth().login()
        client.stor("file", b"12345")
        client.cmd("QUIT", 221)


def traced(server):
    return re.findall(r"trace tls[.a-z]*:\d+: .*", server.log())


def case_at_run_time(binaries):
    """ftpsctl trace: on for one client, not for another, and off again."""
    with Daemon(binaries) as server:
        nothing = {name: (0, "") for name in
                   ("tls", "tls.session", "tls.ocsp", "tls.verify")}
        assert levels(server.ctl("trace")) == nothing
        visit(server)
        assert traced(server) == []
        # Somebody else's address: nothing of ours.
        answer = server.ctl("trace", "tls", "20", "192.0.2.0/24")
        assert levels(answer)["tls"] == (20, "192.0.2.0/24"), answer
        visit(server)
        assert traced(server) == []
        server.ctl("trace", "tls", "20", "127.0.0.1")
        server.ctl("trace", "tls.session", "10")
        visit(server)
        assert wait_for(lambda: any("trace tls:" in line
                                    for line in traced(server))), \
            server.log()
        assert wait_for(lambda: any("trace tls.session:" in line
                                    for line in traced(server)))
        text = server.ctl("trace", json_output=False).stdout
        assert re.search(r"^tls +20 +127\.0\.0\.1$", text, re.M), text
        assert re.search(r"^tls\.session +10 +any$", text, re.M), text
        assert levels(server.ctl("trace", "off")) == nothing
        visit(server)
        server.wait_log(r"(?s)trace changed by ftpsctl: off.*"
                        r"session ended: QUIT")
        seen = len(traced(server))
        visit(server)
        server.ctl("status")
        assert len(traced(server)) == seen


def case_refused(binaries):
    """What ftpsctl trace does not take."""
    with Daemon(binaries) as server:
        for words, text in (
                (("tsl", "5"), "no such channel"),
                (("tls",), "a channel, a level"),
                (("tls", "21"), "from 0 to 20"),
                (("tls", "5", "localhost"), "an address, or a network"),
                (("tls", "5", "127.0.0.1", "more"), "a channel, a level")):
            done = server.ctl("trace", *words, check=False,
                              json_output=False)
            assert done.returncode == 1 and text in done.stderr, \
                (words, done)
        done = server.ctl("trace", *["x"] * 9, check=False)
        assert done.returncode == 2, done
        assert all(level == (0, "") for level in
                   levels(server.ctl("trace")).values())


def case_workers(binaries):
    """New workers, restarted ones and a reload: what is set stays, until
    log.trace says otherwise."""
    import os
    import signal
    server = Daemon(binaries, {"workers": 1,
                               "log": {"trace": ["tls.verify 3"]}})
    with server:
        assert levels(server.ctl("trace"))["tls.verify"] == (3, "")
        server.ctl("trace", "tls", "15")
        server.expect_log("was ended by signal 9")
        [worker] = server.processes("worker")
        os.kill(worker, signal.SIGKILL)
        assert wait_for(lambda: server.processes("worker") not in
                        ([], [worker]))
        visit(server)
        assert wait_for(lambda: traced(server))
        # A session of the old generation is told of it, too.
        with Client(server.port) as client:
            client.auth().login()
            server.ctl("reload")
            assert levels(server.ctl("trace"))["tls"] == (15, "")
            server.ctl("trace", "off")
            seen = len(traced(server))
            client.stor("file", b"1")
            client.cmd("QUIT", 221)
        visit(server)
        assert len(traced(server)) == seen
        server.config["log"]["trace"] = ["tls 1"]
        server.write_config()
        server.ctl("reload")
        assert levels(server.ctl("trace"))["tls"] == (1, "")


def case_configured(binaries):
    """log.trace from the start; lines go to tls.log, whatever log.level."""
    server = Daemon(binaries)
    tls = log_folder(server) + "/tls.log"
    server.config["log"] = {"level": "error",
                            "trace": ["tls 20 127.0.0.1/32"]}
    server.config["tls"]["log"] = tls
    server.write_config()
    with server:
        visit(server)
        assert wait_for(lambda: "trace tls:" in read(tls)), read(tls)
        assert "trace tls:" not in server.log()
    for value, text in ((["tsl 5"], "did you mean tls?"),
                        (["tls"], "takes a channel, a level"),
                        (["tls 21"], "a level is a number from 0 to 20"),
                        (["tls 5 here"], "a client is an address")):
        server = Daemon(binaries, {"log": {"trace": value}})
        try:
            server.start()
        except AssertionError as error:
            assert re.search(r"ftpsd\.yaml:\d+:\d+: log\.trace: .*" +
                             re.escape(text), str(error)), error
        else:
            server.stop()
            raise AssertionError(f"{value} is accepted")
        finally:
            import shutil
            shutil.rmtree(server.folder, ignore_errors=True)


def case_allowed(binaries):
    """The command has a name in control.acl."""
    with Daemon(binaries, {"control": {"acl": [
            {"actions": ["trace"], "users": ["*"]}]}}) as server:
        assert json.loads(server.ctl("trace", check=False).stdout)[
            "status"] == "ok"


def case_ocsp(binaries):
    """The ocsp process is told, at its start and later."""
    from cases.ocsp import Rig
    pattern = r"ocsp: trace tls\.ocsp:5: http:.*bytes"
    with Rig(binaries, more={"log": {"trace": ["tls.ocsp 10"]}}) as rig:
        rig.admitted(rig.issue("good")).close()
        rig.server.wait_log(pattern)
        rig.server.wait_log(r"ocsp: trace tls\.ocsp:10: http:.* is asked")
    with Rig(binaries) as rig:
        rig.admitted(rig.issue("good")).close()
        assert not re.search(pattern, rig.server.log())
        rig.server.ctl("trace", "tls.ocsp", "5")
        rig.admitted(rig.issue("better")).close()
        rig.server.wait_log(pattern)
