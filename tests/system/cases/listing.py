"""LIST, NLST, STAT: forms, options, patterns, bounds."""

import os
import re
import time

from cases.clients import curl, lftp, read_file
from client import logged_in
from daemon import Daemon


MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
LINE = re.compile(
    rb"([-dlpscb][-rwxsStT]{9}) +(\d+) (\S+) +(\S+) +(\d+|\d+, +\d+) "
    rb"([A-Z][a-z][a-z]) ([ \d]\d) (\d\d:\d\d| \d{4}) (.*)", re.S)


def ftpparse(line):
    """What the library of that name, which many clients have, makes of it."""
    state, begin, size, name = "mode", 0, None, None
    for end in range(1, len(line)):
        if line[end:end + 1] != b" " or line[end - 1:end] == b" ":
            continue
        word = line[begin:end]
        if state == "size" and word.decode("latin-1") in MONTHS:
            state = "day"
        elif state == "size":
            size = word
        elif state == "time":
            assert len(word) in (4, 5) and \
                (word[2:3] == b":" or word.isdigit()), line
            name, state = line[end + 1:], "name"
        else:
            state = {"mode": "links", "links": "owner", "owner": "size",
                     "day": "time", "name": "name"}[state]
        begin = end + 1
        while line[begin:begin + 1] == b" ":
            begin += 1
    assert state == "name", line
    if line.startswith(b"l"):
        name = name.partition(b" -> ")[0]
    return name, size


def parse(text):
    """Long lines as clients read them: name -> (mode, size, date, target)."""
    result = {}
    assert text == b"" or text.endswith(b"\r\n"), text[-20:]
    for line in text.split(b"\r\n")[:-1]:
        match = LINE.fullmatch(line)
        assert match, line
        mode, _, _, _, size, month, day, when, name = match.groups()
        assert month.decode() in MONTHS and 1 <= int(day) <= 31, line
        target = None
        if mode.startswith(b"l"):
            name, _, target = name.partition(b" -> ")
        assert ftpparse(line) == (name, size), line
        result[name] = (mode.decode(), size.decode(),
                        f"{month.decode()} {int(day)} {when.decode().strip()}",
                        target)
    return result


def names(client, command):
    """Of LIST in long lines."""
    return list(parse(client.listing(command)))


def lines(client, command):
    text = client.listing(command)
    assert text == b"" or text.endswith(b"\r\n"), text[-20:]
    return text.split(b"\r\n")[:-1]


def final(client, command):
    """A listing, and the text of its final reply."""
    data = client.open_data(command)
    contents = client.read_data(data)
    reply = client.reply()
    assert reply.code == 226, reply
    return contents, reply.text


def make(server, name, contents=b"", when=None):
    path = os.path.join(os.fsencode(server.home), os.fsencode(name))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(contents)
    if when is not None:
        os.utime(path, (when, when))


def case_listing_forms(binaries):
    """LIST as ls -l writes it; options are tolerated."""
    with Daemon(binaries) as server, logged_in(server) as client:
        data = client.passive()
        assert client.cmd("MLSD", 150).text == "The listing follows."
        assert b"type=cdir" in client.read_data(client.wrap_data(data))
        assert client.reply().code == 226
        client.stor("now", b"1")
        client.stor(".hidden", b"1")
        client.stor("old", b"22")
        client.cmd("MFMT 20100203040506 old", 213)
        client.cmd("MKD dir", 257)
        os.symlink("now", os.path.join(server.home, "sym"))
        text = client.listing("LIST").decode()
        month = time.strftime("%b", time.gmtime())
        assert re.search(r"^-rw-r--r-- +1 \S+ +\S+ +1 \w{3} [ \d]\d "
                         r"\d\d:\d\d now\r$", text, re.M), text
        assert month in text
        assert re.search(r" +2 Feb [ 0]3  2010 old\r$", text, re.M), text
        assert re.search(r"^drwxr-xr-x ", text, re.M), text
        assert re.search(r"^lrwxrwxrwx .* sym -> now\r$", text, re.M), text
        assert ".hidden" not in text
        assert b".hidden" in client.listing("LIST -la")
        assert client.listing("NLST dir") == b""
        assert client.listing("LIST old").count(b"\r\n") == 1
        os.symlink("gone", os.path.join(server.home, "lost"))
        assert client.listing("LIST lost").endswith(b" lost -> gone\r\n")
        names = client.listing("NLST -a").split(b"\r\n")
        assert b".hidden" in names


def case_listing_lengths(binaries):
    """Short listings come with the answer, long ones through a pipe."""
    with Daemon(binaries) as server, logged_in(server) as client:
        for count in (0, 1, 100, 180, 200, 250, 3000):
            folder = os.path.join(server.home, f"d{count}")
            os.mkdir(folder)
            expected = sorted(f"entry-{i:06d}.dat" for i in range(count))
            for name in expected:
                with open(os.path.join(folder, name), "wb") as out:
                    out.write(name.encode()[:count % 7])
            shown = client.listing(f"NLST d{count}").decode().split()
            assert sorted(shown) == [f"d{count}/{n}" for n in expected], shown
            shown = client.listing(f"NLST d{count}/*9.dat").decode().split()
            assert sorted(shown) == [f"d{count}/{n}" for n in expected
                                     if n.endswith("9.dat")], shown
            lines = client.listing(f"LIST d{count}").decode().splitlines()
            assert sorted(x.split()[-1] for x in lines) == expected, lines
            assert all(x.split()[4] == str(count % 7) for x in lines), lines
            lines = client.listing(f"MLSD d{count}").decode().splitlines()
            assert sorted(x.split("; ")[1] for x in lines) == \
                [".", ".."] + expected, lines
            assert client.listing(f"LIST -d d{count}").count(b"\n") == 1
        assert client.listing("NLST d1/entry-000000.dat") == \
            b"d1/entry-000000.dat\r\n"
        client.passive().close()
        assert "directories only" in \
            client.cmd("MLSD d1/entry-000000.dat", 501).text
        for command in ("MLSD d1/none", "MLSD d1/entry-000000.dat/x",
                        "LIST none", "LIST none/*", "NLST d1/x/*"):
            client.passive().close()
            client.cmd(command, 550)
        os.chmod(os.path.join(server.home, "d1"), 0)
        client.passive().close()
        reply = client.cmd("LIST d1")
        assert reply.code == 550 or os.geteuid() == 0, reply


def case_listing_patterns(binaries):
    """NLST and LIST know * and ? in the last component."""
    with Daemon(binaries) as server, logged_in(server) as client:
        client.cmd("MKD dir", 257)
        for name in ("a.txt", "b.txt", "c.gz", ".d.txt", "dir/e.txt",
                     "dir/f", "wh*t"):
            client.stor(name, b"1")

        def found(command):
            return sorted(client.listing(command).decode().split())

        assert found("NLST *") == ["a.txt", "b.txt", "c.gz", "dir", "wh*t"]
        assert found("NLST *.txt") == ["a.txt", "b.txt"]
        assert found("NLST ?.*") == ["a.txt", "b.txt", "c.gz"]
        assert found("NLST -a *.txt") == [".d.txt", "a.txt", "b.txt"]
        assert found("NLST .*") == [".d.txt"]
        assert found("NLST dir/*") == ["dir/e.txt", "dir/f"]
        assert found("NLST /dir/e*") == ["/dir/e.txt"]
        assert found("NLST none*") == []
        assert found("NLST .") == found("NLST")
        assert found("NLST ./dir") == ["./dir/e.txt", "./dir/f"]
        assert found("NLST wh*t") == ["wh*t"], "the name itself comes first"
        client.cmd("CWD dir", 250)
        assert found("NLST -d") == found("NLST -d .") == ["/dir"]
        assert found("NLST -d ..") == ["/"]
        assert found("NLST -d ../dir") == ["../dir"]
        client.cmd("CDUP", 250)
        text = client.listing("LIST -d *.txt").decode()
        assert text.count("\r\n") == 2 and "a.txt" in text, text
        for refused in ("NLST none/*", "LIST a.txt/*", "MLSD *"):
            client.passive().close()
            assert client.cmd(refused).code == 550, refused


def case_listing_patterns_of_paths(binaries):
    """Patterns with classes, escapes, and in several components."""
    with Daemon(binaries) as server, logged_in(server) as client:
        for name in ("a/x1", "a/x2", "a/y", "b/x1", "c", ".h/x1", "d/e/x1",
                     "[q]/x", "d/*", "d/a\\b"):
            make(server, name)
        os.symlink("a", os.path.join(server.home, "link"))
        os.symlink("/d", os.path.join(server.home, "slash"))
        os.symlink("/etc", os.path.join(server.home, "out"))

        def found(command):
            return sorted(client.listing(command).decode().split("\r\n")[:-1])

        assert found("NLST */x*") == \
            ["[q]/x", "a/x1", "a/x2", "b/x1", "link/x1", "link/x2"]
        assert found("NLST [!l]/x[2-9]") == ["a/x2"]
        assert found("NLST ./*/e/x?") == ["./d/e/x1", "./slash/e/x1"]
        assert found("NLST /*/*/x1") == ["/d/e/x1", "/slash/e/x1"]
        assert found("NLST .h*/x1") == [".h/x1"]
        assert found("NLST -a */x1") == \
            [".h/x1", "a/x1", "b/x1", "link/x1"]
        assert found("NLST d/\\*") == ["d/*"], "an escape"
        assert found("NLST d/a\\b") == ["d/a\\b"], "a name comes first"
        assert found("NLST d/a\\\\b") == ["d/a\\b"]
        assert found("NLST [q]/*") == ["[q]/x"], "a name comes first"
        client.cmd("CWD [q]", 250)
        assert found("NLST *") == ["x"], "the directory is no pattern"
        assert found("NLST ../a/x*") == ["../a/x1", "../a/x2"]
        client.cmd("CWD /", 250)
        assert sorted(parse(client.listing("LIST */x*"))) == \
            [b"[q]/x", b"a/x1", b"a/x2", b"b/x1", b"link/x1", b"link/x2"]
        assert sorted(parse(client.listing("LIST /a/x*"))) == [b"x1", b"x2"]
        for name in found("NLST */x*"):
            assert client.retr(name) == b"", name
        assert client.listing("NLST */none*") == b""
        assert client.listing("LIST none*/*/*") == b""
        for refused in ("NLST */./x", "NLST none/*/*",
                        "NLST out/*",
                        "NLST " + "[" * 300):
            client.passive().close()
            assert client.cmd(refused).code in (550, 553), refused
        text = client.cmd("STAT */x*", 213).text
        assert text.count(" a/x") == 2 and " b/x1" in text, text
        assert client.cmd("STAT none/*").code == 450
        assert client.cmd("STAT none*", 213).text.count("\n") == 1


def case_listing_options(binaries):
    """Each option that changes something, and those that do not."""
    with Daemon(binaries) as server, logged_in(server) as client:
        for name, size, when in (("b", 5, 100), ("a", 20, 300),
                                 ("c", 1, 200), (".h", 9, 50)):
            make(server, name, b"x" * size, when)
        os.chmod(os.path.join(server.home, "c"), 0o755)
        assert names(client, "LIST -t") == [b"a", b"c", b"b"]
        assert names(client, "LIST -rt") == [b"b", b"c", b"a"]
        assert names(client, "LIST -S") == [b"a", b"b", b"c"]
        assert names(client, "LIST -r") == [b"c", b"b", b"a"]
        assert names(client, "LIST -tA") == [b"a", b"c", b"b", b".h"]
        assert names(client, "LIST -ta") == \
            [b".", b"..", b"a", b"c", b"b", b".h"]
        assert lines(client, "NLST -Sr") == [b"c", b"b", b"a"]
        assert lines(client, "NLST -at") == [b"a", b"c", b"b", b".h"]
        assert sorted(lines(client, "LIST -1")) == [b"a", b"b", b"c"]
        assert sorted(names(client, "NLST -l")) == [b"a", b"b", b"c"]
        assert sorted(names(client, "LIST -CxhR --")) == [b"a", b"b", b"c"]
        os.mkdir(os.path.join(server.home, "dir"))
        os.symlink("dir", os.path.join(server.home, "ln"))
        os.symlink("none", os.path.join(server.home, "to-none"))
        assert sorted(lines(client, "NLST -F")) == \
            [b"a", b"b", b"c*", b"dir/", b"ln@", b"to-none@"]
        text = parse(client.listing("LIST -F"))
        assert text[b"ln"][3] == b"dir" and b"dir/" in text, text
        text = parse(client.listing("LIST -L"))
        assert text[b"ln"][0][0] == "d" and text[b"to-none"][3] == b"none"
        text = parse(client.listing("LIST -d ln"))
        assert text == {b"ln": text[b"ln"]} and text[b"ln"][3] == b"dir"
        assert parse(client.listing("LIST -dL ln"))[b"ln"][0][0] == "d"
        # A name that looks like an option.
        make(server, "-l/in")
        make(server, "-x.txt")
        for command in ("NLST -- -l", "NLST ./-l", "NLST /-l", "NLST -a -- -l"):
            assert len(lines(client, command)) == 1, command
            assert lines(client, command)[0].endswith(b"-l/in"), command
        assert lines(client, "NLST -x.txt") == [b"-x.txt"]
        client.passive().close()
        assert client.cmd("LIST --all").code == 550
        # The same over the control connection.
        text = client.cmd("STAT -ta", 212).text.split("\n")
        assert text[1].endswith(" .") and ".h" in text[-2], text


def case_listing_below(binaries):
    """-R: off by default, bounded, and NLST's names can be used."""
    tree = ["a/b/c/d/e", "a/f", "a/b/g", "h", "i/j", ".k/l", "a/.m"]
    with Daemon(binaries) as server, logged_in(server) as client:
        for name in tree:
            make(server, name)
        assert sorted(names(client, "LIST -R")) == [b"a", b"h", b"i"]
    config = {"list_recursive": True}
    with Daemon(binaries, config) as server, logged_in(server) as client:
        for name in tree:
            make(server, name)
        os.symlink("..", os.path.join(server.home, "i", "up"))
        assert sorted(lines(client, "NLST -R")) == sorted(
            b"a a/b a/b/c a/b/c/d a/b/c/d/e a/b/g a/f h i i/j i/up".split())
        assert lines(client, "NLST -R a/b/c") == [b"a/b/c/d", b"a/b/c/d/e"]
        assert lines(client, "NLST -rR ./i") == [b"./i/up", b"./i/j"]
        assert b".k/l" in lines(client, "NLST -aR")
        parts = client.listing("LIST -R").split(b"\r\n\r\n")
        heads = [part.split(b"\r\n")[0] for part in parts[1:]]
        assert sorted(heads) == [b"./a/b/c/d:", b"./a/b/c:", b"./a/b:",
                                 b"./a:", b"./i:"], heads
        assert sorted(parse(parts[0] + b"\r\n")) == [b"a", b"h", b"i"]
        for part in parts[1:]:
            parse(part.split(b"\r\n", 1)[1].rstrip(b"\r\n") + b"\r\n")
        parts = client.listing("LIST -R a/b").split(b"\r\n\r\n")
        assert [part.split(b"\r\n")[0] for part in parts[1:]] == \
            [b"a/b/c:", b"a/b/c/d:"], parts
        assert sorted(names(client, "LIST -dR")) == [b"/"]
        assert names(client, "LIST -R h") == [b"h"]
        assert "./a/b/c/d:" in client.cmd("STAT -R", 212).text


def case_listing_below_by_policy(binaries):
    """-R goes where directories say so, and into nothing that is denied."""
    config = {"directories": [{"path": "/a", "list_recursive": True}],
              "deny": ["*.key", "/a/private"], "hide_dotfiles": "all"}
    with Daemon(binaries, config) as server, logged_in(server) as client:
        for name in ("a/b/f", "a/b/x.key", "a/private/f", "a/.h/f", "c/d",
                     "x.key/f"):
            make(server, name)
        os.symlink("private", os.path.join(server.home, "a/link"))
        assert sorted(lines(client, "NLST -R")) == [b"a", b"c"]
        found = lines(client, "NLST -R a")
        assert {b"a/b", b"a/b/f"} <= set(found), found
        for name in found:
            assert b"key" not in name and b"private" not in name and \
                b"/." not in name, found
        for command in ("NLST */f", "NLST a/*/f", "NLST -a */*/f",
                        "NLST */*/*"):
            found = lines(client, command)
            assert not [name for name in found if b"private" in name
                        or b"key" in name or b"link/" in name
                        or b"/." in name], (command, found)


def case_listing_bounds(binaries):
    """A bound that cuts a listing is named in the reply and the log."""
    limits = {"list_depth": 2, "list_directories": 6, "list_entries": 12,
              "list_sorted": 5}
    config = {"list_recursive": True, "limits": limits}
    with Daemon(binaries, config) as server, logged_in(server) as client:
        make(server, "deep/1/2/3/4/f")
        for number in range(10):
            make(server, f"wide/{number}/f")
            make(server, f"long/{number}/{number}")
            make(server, f"flat/{number}")
        for number in range(3):
            for name in range(5):
                make(server, f"many/{number}/{name}")
        for command, bound in (
                ("NLST -R deep", "list_depth"),
                ("NLST -R wide", "list_entries"),
                ("NLST wide/*/f", "list_directories"),
                ("NLST -R many", "list_entries"),
                ("LIST -t flat", "list_sorted"),
                ("LIST -r wide", "list_sorted")):
            text, said = final(client, command)
            assert f"limits.{bound}" in said, (command, said)
            server.wait_log(f"listing of .*limits.{bound}")
            assert text.count(b"\r\n") <= 18, text
        assert sorted(lines(client, "NLST -r flat")) == \
            [b"flat/%d" % n for n in range(10)], "not sorted, but all"
        text, said = final(client, "NLST flat/*")
        assert said == "Transfer complete." and text.count(b"\n") == 10
        assert "limits.list_sorted" in client.cmd("STAT -t flat", 212).text
        assert "limits.list_depth" in client.cmd("STAT -R deep", 212).text
        text, said = final(client, "NLST -rt many/0")
        assert said == "Transfer complete.", said


def case_listing_times(binaries):
    """UTC or the server's zone; hours for half a year, else the year."""
    now = int(time.time())
    stamps = {"now": now - 5, "edge": now - 182 * 86400,
              "old": now - 184 * 86400, "ahead": now + 7200, "epoch": 0,
              "summer": 1711846800, "winter": 1711846799}
    for zone, value in (("utc", "UTC"), ("local", "Europe/Berlin")):
        os.environ["TZ"] = "Europe/Berlin"
        try:
            server = Daemon(binaries, {"list_times": zone})
            server.start()
        finally:
            os.environ["TZ"] = value
            time.tzset()
        try:
            for name, when in stamps.items():
                make(server, name, when=when)
            with logged_in(server) as client:
                shown = parse(client.listing("LIST"))
                for name, when in stamps.items():
                    date = time.localtime(when)
                    recent = now - 183 * 86400 < when <= now
                    want = f"{MONTHS[date.tm_mon - 1]} {date.tm_mday} " + \
                        time.strftime("%H:%M" if recent else "%Y", date)
                    assert shown[name.encode()][2] == want, (zone, name, want)
                assert "modify=20240331010000;" in \
                    client.cmd("MLST summer", 250).text
        finally:
            os.environ["TZ"] = "UTC"
            time.tzset()
            server.stop()


def case_listing_names(binaries):
    """Names are bytes; those with line ends are shown, but cannot be used."""
    strange = [bytes([byte]) + b"x" for byte in range(1, 256)
               if byte not in b"\r\n/"] + [b" lead", b"trail ", b'"q"',
                                          b"n" * 255, b"->", b"a -> b"]
    with Daemon(binaries) as server, logged_in(server) as client:
        for name in strange + [b"c\rr", b"l\nf", b"c\r\nlf"]:
            make(server, name, b"1")
        make(server, b"d\nx/in", b"1")
        assert sorted(lines(client, "NLST -a")) == sorted(strange)
        shown = client.listing("MLSD").split(b"\r\n")[:-1]
        assert sorted(line.split(b"; ", 1)[1] for line in shown) == \
            sorted(strange + [b"."])
        shown = parse(client.listing("LIST -A"))
        assert set(shown) == set(strange) | {b"c?r", b"l?f", b"c??lf", b"d?x"}
        for name in strange[::17]:
            data = client.open_data(b"RETR " + name)
            assert client.read_data(data) == b"1" and \
                client.reply().code == 226, name
        assert client.listing("NLST */in") == b""
        text = client.cmd("STAT -A", 212).text
        assert text.count("\n") == len(strange) + 4 + 1, "one line each"


def case_listing_clients(binaries):
    """lftp reads our LIST, and lists by patterns; so does curl."""
    with Daemon(binaries) as server:
        for name in ("a.txt", "b b.txt", "sub/c.txt", "sub/x[1]", " d"):
            make(server, name, name.encode())
        out = os.path.join(server.folder, "out")
        for options in ("", "set ftp:use-mlsd no; "):
            lftp(server, options + f"cls -1 > {out}; cls -l --size sub >> {out};"
                 f" glob echo *.txt >> {out}; nlist *.txt >> {out}; "
                 f"find . >> {out}")
            text = read_file(out).decode()
            os.unlink(out)
            for line in ("a.txt", "b b.txt", "sub/", "a.txt b b.txt",
                         "./sub/x[1]", " d"):
                assert re.search(f"^{re.escape(line)}$", text, re.M), \
                    (line, text)
            assert re.search(r"^-.* 9 .* sub/c\.txt$", text, re.M), text
        url = f"ftp://localhost:{server.port}/"
        names_only = ["--ssl-reqd", "-l"]
        text = curl(server, *names_only, url).replace(b"\r", b"")
        assert sorted(text.split(b"\n")) == \
            [b"", b" d", b"a.txt", b"b b.txt", b"sub"], text
        text = curl(server, *names_only, url + "sub/", "-X", "NLST c*")
        assert text.strip() == b"c.txt", text
        text = curl(server, "--ssl-reqd", url, "-X", "LIST -Sr *.txt")
        text = text.replace(b"\r", b"").replace(b"\n", b"\r\n")
        assert list(parse(text)) == [b"a.txt", b"b b.txt"]
