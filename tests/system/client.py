"""A small FTP client that shows everything: replies, TLS, resumption."""

import os
import re
import socket
import ssl

from daemon import PASSWORD

TIMEOUT = 60
# A file that is to hold each command with each code it was answered by.
SEEN = os.environ.get("FTPSD_REPLIES")


def command_name(data):
    """The command in what is sent, SITE with its second word; or None."""
    match = re.match(rb"(?i)(SITE +[A-Z]+|[A-Z]{3,7}[0-9]*)[ \r\n]", data)
    return match and " ".join(match.group(1).decode().upper().split())


def note_reply(command, code):
    if SEEN and command:
        with open(SEEN, "a", encoding="ascii") as seen:
            seen.write(f"{command} {code}\n")


class Reply:
    """One reply: its code, and all its text."""

    def __init__(self, code, text):
        self.code = code
        self.text = text

    def __repr__(self):
        return f"{self.code} {self.text!r}"


def tls_context(version=None, alpn=None):
    """A context that trusts anybody: what is tested is the server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if version == "1.2":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    elif version == "1.3":
        context.minimum_version = ssl.TLSVersion.TLSv1_3
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


class Client:
    """A control connection."""

    def __init__(self, port, host="127.0.0.1", implicit=False, version=None,
                 context=None, session=None, name=None, greet=True,
                 source=None):
        self.context = context or tls_context(version)
        self.name = name
        self.protected = False
        self.buffer = b""
        self.command = None
        self.host = host
        self.source = (source, 0) if source else None
        self.socket = socket.create_connection((host, port), TIMEOUT,
                                               self.source)
        if implicit:
            self.wrap(session)
        if greet:
            self.greeting = self.reply()
            assert self.greeting.code == 220, self.greeting

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def wrap(self, session=None):
        self.socket = self.context.wrap_socket(
            self.socket, session=session, server_hostname=self.name)

    # -- commands and replies ------------------------------------------------

    def send(self, data):
        self.command = command_name(data)
        self.socket.sendall(data)

    def line(self):
        """One line of the server's, without its end; b"" at the end."""
        while b"\n" not in self.buffer:
            data = self.socket.recv(8192)
            if not data:
                rest, self.buffer = self.buffer, b""
                return rest
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        assert line.endswith(b"\r"), line
        return line[:-1]

    def reply(self):
        first = self.line().decode("utf-8", "surrogateescape")
        if not first:
            raise EOFError("the server closed the control connection")
        match = re.match(r"(\d\d\d)([ -])(.*)", first, re.S)
        assert match, f"no reply: {first!r}"
        code, more, text = match.groups()
        lines = [text]
        while more == "-":
            line = self.line().decode("utf-8", "surrogateescape")
            if line.startswith(code + " "):
                lines.append(line[4:])
                break
            lines.append(line)
        note_reply(self.command, code)
        return Reply(int(code), "\n".join(lines))

    def cmd(self, text, expect=None):
        data = text if isinstance(text, bytes) else \
            text.encode("utf-8", "surrogateescape")
        self.send(data + b"\r\n")
        reply = self.reply()
        if expect is not None:
            codes = expect if isinstance(expect, tuple) else (expect,)
            assert reply.code in codes, f"{text!r}: {reply}, not {expect}"
        return reply

    def at_end(self):
        """Whether the server has closed the connection (waits for it)."""
        try:
            return self.line() == b""
        except (ConnectionError, ssl.SSLError):
            return True

    # -- logging in ----------------------------------------------------------

    def auth(self, session=None):
        self.cmd("AUTH TLS", 234)
        self.wrap(session)
        return self

    def login(self, user="alice", password=PASSWORD):
        self.cmd("USER " + user, 331)
        self.cmd("PASS " + password, 230)
        if isinstance(self.socket, ssl.SSLSocket):
            self.cmd("PBSZ 0", 200)
            self.cmd("PROT P", 200)
            self.protected = True
        self.cmd("TYPE I", 200)
        return self

    # -- data connections ----------------------------------------------------

    def passive(self):
        reply = self.cmd("EPSV", 229)
        port = int(re.search(r"\(\|\|\|(\d+)\|\)", reply.text).group(1))
        return socket.create_connection((self.host, port), TIMEOUT,
                                        self.source)

    def wrap_data(self, data, session="control"):
        """TLS on a data connection, resuming the control session."""
        if not self.protected:
            return data
        if session == "control":
            session = self.socket.session
        return self.context.wrap_socket(data, session=session,
                                        server_hostname=self.name)

    def open_data(self, command, session="control", expect=150):
        """Begins a transfer; returns its data connection."""
        data = self.passive()
        try:
            self.cmd(command, expect)
            return self.wrap_data(data, session)
        except BaseException:
            data.close()
            raise

    def open_early(self, command, session="control", expect=150):
        """The same, but with TLS on it before the command, as curl does."""
        data = self.wrap_data(self.passive(), session)
        try:
            self.cmd(command, expect)
            return data
        except BaseException:
            data.close()
            raise

    def read_data(self, data):
        chunks = []
        while True:
            chunk = data.recv(65536)
            if not chunk:
                break
            chunks.append(chunk)
        finish(data)
        return b"".join(chunks)

    def retr(self, path, session="control"):
        data = self.open_data("RETR " + path, session)
        contents = self.read_data(data)
        reply = self.reply()
        assert reply.code == 226, reply
        return contents

    def listing(self, command):
        data = self.open_data(command)
        contents = self.read_data(data)
        reply = self.reply()
        assert reply.code == 226, reply
        return contents

    def stor(self, path, contents, command="STOR"):
        data = self.open_data(command + " " + path)
        data.sendall(contents)
        finish(data)
        reply = self.reply()
        assert reply.code == 226, reply
        return reply

    def resumed(self, data):
        return data.session_reused


def finish(data):
    """Ends a data connection as a good client does."""
    if isinstance(data, ssl.SSLSocket):
        try:
            data.unwrap().close()
        except (OSError, ssl.SSLError):
            pass
    data.close()


def logged_in(server, user="alice", **options):
    """A client of server's with a protected session of user's."""
    return Client(server.port, **options).auth().login(user)
