"""OpenSSL without Python's ssl: key updates, renegotiation, and floods."""

import ctypes

VERSIONS = {"1.2": 0x0303, "1.3": 0x0304}
KEY_UPDATE = {False: 0, True: 1}  # whether an answer is asked for

SSL = ctypes.CDLL("libssl.so.3")
POINTER, INT, SIZE = ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t
for name, result, arguments in (
        ("TLS_client_method", POINTER, []),
        ("SSL_CTX_new", POINTER, [POINTER]),
        ("SSL_CTX_free", None, [POINTER]),
        ("SSL_CTX_ctrl", ctypes.c_long,
         [POINTER, INT, ctypes.c_long, POINTER]),
        ("SSL_CTX_set_options", ctypes.c_uint64, [POINTER, ctypes.c_uint64]),
        ("SSL_CTX_use_certificate_file", INT,
         [POINTER, ctypes.c_char_p, INT]),
        ("SSL_CTX_use_PrivateKey_file", INT, [POINTER, ctypes.c_char_p, INT]),
        ("SSL_use_certificate_file", INT, [POINTER, ctypes.c_char_p, INT]),
        ("SSL_use_PrivateKey_file", INT, [POINTER, ctypes.c_char_p, INT]),
        ("SSL_new", POINTER, [POINTER]),
        ("SSL_free", None, [POINTER]),
        ("SSL_set_fd", INT, [POINTER, INT]),
        ("SSL_connect", INT, [POINTER]),
        ("SSL_read", INT, [POINTER, POINTER, INT]),
        ("SSL_write", INT, [POINTER, POINTER, INT]),
        ("SSL_do_handshake", INT, [POINTER]),
        ("SSL_key_update", INT, [POINTER, INT]),
        ("SSL_renegotiate", INT, [POINTER]),
        ("SSL_shutdown", INT, [POINTER]),
        ("SSL_session_reused", INT, [POINTER]),
        ("SSL_get1_session", POINTER, [POINTER]),
        ("SSL_set_session", INT, [POINTER, POINTER]),
        ("SSL_SESSION_free", None, [POINTER]),
        ("SSL_set_msg_callback", None, [POINTER, POINTER])):
    function = getattr(SSL, name)
    function.restype, function.argtypes = result, arguments

CALLBACK = ctypes.CFUNCTYPE(None, INT, INT, INT, POINTER, SIZE, POINTER,
                            POINTER)
HANDSHAKE = 22
MESSAGES = {0: "hello_request", 1: "client_hello", 20: "finished",
            24: "key_update"}
PEM = 1
NO_RENEGOTIATION = 1 << 30


class Library:
    """A context of the library's, for Client(context=...)."""

    def __init__(self, version, certificate=None, options=0):
        self.context = SSL.SSL_CTX_new(SSL.TLS_client_method())
        for command in (123, 124):  # least and most version
            SSL.SSL_CTX_ctrl(self.context, command, VERSIONS[version], None)
        SSL.SSL_CTX_set_options(self.context, options)
        if certificate:
            path = certificate.encode()  # its key stands there, too
            assert SSL.SSL_CTX_use_certificate_file(self.context, path,
                                                    PEM) == 1
            assert SSL.SSL_CTX_use_PrivateKey_file(self.context, path,
                                                   PEM) == 1

    def __del__(self):
        SSL.SSL_CTX_free(self.context)

    def wrap_socket(self, raw, session=None, server_hostname=None):
        """A Link; names are not for here."""
        assert server_hostname is None
        return Link(self, raw, session)


class Session:
    """What a Link can resume."""

    def __init__(self, pointer):
        self.pointer = pointer

    def __del__(self):
        if self.pointer:
            SSL.SSL_SESSION_free(self.pointer)


class Link:
    """One TLS connection, blocking; as far as a test needs a socket."""

    def __init__(self, library, raw, session=None):
        self.library, self.raw = library, raw
        self.messages = []  # (sent, name), handshake messages only
        self.ssl = SSL.SSL_new(library.context)
        self.watch = CALLBACK(self.note)
        SSL.SSL_set_msg_callback(self.ssl, self.watch)
        raw.settimeout(None)
        assert SSL.SSL_set_fd(self.ssl, raw.fileno()) == 1
        if session:
            assert SSL.SSL_set_session(self.ssl, session.pointer) == 1
        if SSL.SSL_connect(self.ssl) != 1:
            raise ConnectionError("no handshake")
        self.session_reused = SSL.SSL_session_reused(self.ssl) == 1

    def note(self, sent, _version, kind, data, length, _ssl, _argument):
        if kind == HANDSHAKE and length > 0:
            number = ctypes.cast(data, ctypes.POINTER(ctypes.c_uint8))[0]
            self.messages.append((bool(sent), MESSAGES.get(number, number)))

    def count(self, sent, name):
        return self.messages.count((sent, name))

    @property
    def session(self):
        return Session(SSL.SSL_get1_session(self.ssl))

    def use_certificate(self, path):
        """For the next handshake on this connection."""
        path = path.encode()
        assert SSL.SSL_use_certificate_file(self.ssl, path, PEM) == 1
        assert SSL.SSL_use_PrivateKey_file(self.ssl, path, PEM) == 1

    def sendall(self, data):
        if SSL.SSL_write(self.ssl, data, len(data)) != len(data):
            raise ConnectionError("cannot write")

    def recv(self, size):
        room = ctypes.create_string_buffer(size)
        done = SSL.SSL_read(self.ssl, room, size)
        return room.raw[:done] if done > 0 else b""

    def key_update(self, answer=True):
        """Whether it could be sent."""
        return SSL.SSL_key_update(self.ssl, KEY_UPDATE[answer]) == 1 and \
            SSL.SSL_do_handshake(self.ssl) == 1

    def renegotiate(self):
        """Sends the ClientHello and waits; whether it came to an end."""
        return SSL.SSL_renegotiate(self.ssl) == 1 and \
            SSL.SSL_do_handshake(self.ssl) == 1

    def close(self, polite=True):
        """polite: with close_notify, and the peer's is waited for."""
        if self.ssl is None:
            return
        if polite and SSL.SSL_shutdown(self.ssl) == 0:
            self.recv(1)
        SSL.SSL_free(self.ssl)
        self.ssl = None
        self.raw.close()
