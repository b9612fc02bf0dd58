"""An OCSP responder on loopback, made of openssl-ocsp, that can misbehave."""

import http.server
import os
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time

from authority import openssl

# time() of a process that is not of its time.
CLOCK = b"""
#define _GNU_SOURCE
#include <stdlib.h>
#include <time.h>
time_t time(time_t *out)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec += atol(getenv("CLOCK_SHIFT"));
	return (out == NULL ? now.tv_sec : (*out = now.tv_sec));
}
"""

# The object identifier of a nonce, as DER has it.
NONCE = bytes.fromhex("06092b0601050507300102")


class Responder:
    """Answers for an authority; use it in a with statement.

    mode: "index" answers from the authority's index; "unknown" knows no
    certificate; "stranger" signs with another authority's key; "hang" sends
    nothing; "trickle" sends a byte a second; "other" answers about another
    certificate; "expired" and "future" say what was good three days ago, and
    will be in three days; "rubbish", "huge", "redirect", "later", "close",
    "reset" speak for themselves.
    """

    def __init__(self, authority, stranger=None, dated=True, tls=None):
        self.authority = authority
        self.stranger = stranger
        self.mode = "index"
        self.dated = dated  # whether its responses say when they end
        self.validity = ["-ndays", "1"]
        self.requests = 0
        self.moments = []   # when they came
        self.nonce = False  # whether the last request had one
        self.line = ""      # the first of it
        self.heard = None   # called with the port of who asks
        self.lock = threading.Lock()
        self.ending = threading.Event()
        responder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                responder.serve(self)

            do_GET = do_POST

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), Handler)
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls.path)
            self.server.socket = context.wrap_socket(
                self.server.socket, server_side=True,
                do_handshake_on_connect=False)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None
        self.port = self.server.server_address[1]
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self.port}/status"
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.ending.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def extension(self):
        """For Authority.issue(): the certificate names this responder."""
        return f"authorityInfoAccess = OCSP;URI:{self.url}\n"

    def serve(self, handler):
        length = int(handler.headers.get("Content-Length", "0"))
        request = handler.rfile.read(length)
        with self.lock:
            self.requests += 1
            self.moments.append(time.monotonic())
            self.nonce = NONCE in request
            self.line = handler.requestline
        if self.heard is not None:
            self.heard(handler.client_address[1])
        if self.mode == "hang":
            self.ending.wait(60)
            return
        if self.mode == "reset":
            handler.connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.close()
            return
        if self.mode == "close":
            return
        if self.mode == "redirect":
            handler.send_response(302)
            handler.send_header("Location", self.url)
            handler.end_headers()
            return
        self.send(handler, self.answer(request))

    def answer(self, request):
        if self.mode == "rubbish":
            return b"\x30\x03abc"
        if self.mode == "huge":
            return b"\x30\x84\x00\xa0\x00\x00" + bytes(0xa00000)
        if self.mode == "later":
            return b"\x30\x03\x0a\x01\x03"
        return self.sign(request)

    def send(self, handler, data):
        handler.send_response(200)
        handler.send_header("Content-Type", "application/ocsp-response")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        step = 1 if self.mode == "trickle" else len(data)
        for start in range(0, len(data), step):
            try:
                handler.wfile.write(data[start:start + step])
            except OSError:
                return
            if self.mode == "trickle" and self.ending.wait(1):
                return

    def sign(self, request):
        signer = self.stranger if self.mode == "stranger" else self.authority
        with tempfile.TemporaryDirectory() as folder:
            def path(name):
                return os.path.join(folder, name)
            with open(path("request"), "wb") as out:
                out.write(request)
            index = self.authority.path("index")
            if self.mode == "unknown":
                index = path("index")
                with open(index, "w", encoding="ascii"):
                    pass
            if self.mode == "other":
                openssl("ocsp", "-issuer", self.authority.path("cert.pem"),
                        "-serial", "4711", "-no_nonce", "-reqout",
                        path("request"))
            subprocess.run(
                ["openssl", "ocsp", "-index", index, "-CA",
                 self.authority.path("cert.pem"), "-rsigner",
                 signer.path("cert.pem"), "-rkey", signer.path("key.pem"),
                 "-reqin", path("request"), "-respout", path("response"),
                 *(self.validity if self.dated else [])],
                check=True, stdin=subprocess.DEVNULL, env=self.clock(),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            with open(path("response"), "rb") as data:
                return data.read()

    def clock(self):
        """The environment of who signs: it may live in another time."""
        days = {"expired": -3, "future": 3}.get(self.mode)
        if days is None:
            return None
        library = os.path.join(self.authority.folder, "clock.so")
        if not os.path.exists(library):
            subprocess.run(["cc", "-shared", "-fPIC", "-o", library, "-x", "c",
                            "-"], input=CLOCK, check=True)
        return {**os.environ, "LD_PRELOAD": library,
                "CLOCK_SHIFT": str(days * 86400)}


class Program:
    """openssl-ocsp as a server of its own."""

    def __init__(self, authority, port):
        self.process = subprocess.Popen(
            ["openssl", "ocsp", "-port", str(port), "-index",
             authority.path("index"), "-CA", authority.path("cert.pem"),
             "-rsigner", authority.path("cert.pem"), "-rkey",
             authority.path("key.pem"), "-ndays", "1"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        time.sleep(0.5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
