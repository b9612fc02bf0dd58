/*
 * tls - what the configuration says of TLS for a host: the keys below `tls`.
 */
#ifndef SHM_CONF_TLS_H
#define SHM_CONF_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/conf/types.h"

/* What a key is said to be by the name of its own key; ANY: by none. */
enum conf_key_type {
	CONF_KEY_ANY,
	CONF_KEY_RSA,
	CONF_KEY_EC, /* Ed25519 and Ed448, too */
	CONF_KEY_DSA
};

struct conf_certificate {
	char *cert;  /* PEM: the certificate and its chain */
	char *key;   /* PEM, or a URI; NULL: in the certificate's file */
	char *chain; /* PEM; NULL: none but what follows in cert */
	bool pkcs12; /* cert is a PKCS#12 file: all in one */
	enum conf_key_type type;

	/* Where it is set, for mistakes; file is NULL if that is not known. */
	char *file;
	size_t line, column;
};

/* Bits of tls.protocol. */
#define CONF_TLS_1_2 1u
#define CONF_TLS_1_3 2u
#define CONF_TLS_1_0 4u /* these need AllowWeakSecurity */
#define CONF_TLS_1_1 8u

/* Bits of tls.options, in the order of the alphabet. */
#define CONF_TLS_ALLOW_CLIENT_RENEGOTIATIONS (1u << 0)
#define CONF_TLS_ALLOW_DOT_LOGIN             (1u << 1)
#define CONF_TLS_ALLOW_PER_USER              (1u << 2)
#define CONF_TLS_ALLOW_WEAK_DH               (1u << 3)
#define CONF_TLS_ALLOW_WEAK_SECURITY         (1u << 4)
#define CONF_TLS_COMMON_NAME_REQUIRED        (1u << 5)
#define CONF_TLS_DNS_NAME_REQUIRED           (1u << 6)
#define CONF_TLS_ENABLE_DIAGS                (1u << 7)
#define CONF_TLS_EXPORT_CERT_DATA            (1u << 8)
#define CONF_TLS_IGNORE_SNI                  (1u << 9)
#define CONF_TLS_IP_ADDRESS_REQUIRED         (1u << 10)
#define CONF_TLS_NO_AUTO_ECDH                (1u << 11)
#define CONF_TLS_NO_CERT_REQUEST             (1u << 12)
#define CONF_TLS_NO_EMPTY_FRAGMENTS          (1u << 13)
#define CONF_TLS_NO_SESSION_REUSE_REQUIRED   (1u << 14)
#define CONF_TLS_STD_ENV_VARS                (1u << 15)
#define CONF_TLS_USE_IMPLICIT_SSL            (1u << 16)

/* What clients are asked for in a handshake. */
enum conf_verify {
	CONF_VERIFY_OFF,
	CONF_VERIFY_OPTIONAL, /* a certificate, or none */
	CONF_VERIFY_ON        /* a certificate */
};

/* What another server must prove, with which files are exchanged. */
enum conf_verify_server {
	CONF_VERIFY_SERVER_OFF,
	CONF_VERIFY_SERVER_ON,
	CONF_VERIFY_SERVER_NO_DNS /* names of its address do not count */
};

/* How to learn whether a client's certificate is revoked. */
enum conf_mechanism {
	CONF_MECHANISM_CRL,
	CONF_MECHANISM_OCSP
};

/* Whether clients get OCSP responses for our certificates. */
enum conf_stapling {
	CONF_STAPLING_AUTO, /* where there is a cache of them */
	CONF_STAPLING_OFF,
	CONF_STAPLING_ON
};

/* Bits of tls.stapling_options. */
#define CONF_STAPLING_NO_NONCE          (1u << 0)
#define CONF_STAPLING_NONCE             (1u << 1)
#define CONF_STAPLING_NO_VERIFY         (1u << 2)
#define CONF_STAPLING_NO_FAKE_TRY_LATER (1u << 3)
#define CONF_STAPLING_FAKE_TRY_LATER    (1u << 4)

#define CONF_URL_MAX 1024 /* bytes of a responder's or proxy's */

/* Where that was to be learned, and was not. */
enum conf_no_answer {
	CONF_NO_ANSWER_REJECT,
	CONF_NO_ANSWER_ACCEPT
};

enum conf_renegotiate_mode {
	CONF_RENEGOTIATE_UNSET, /* nothing is asked */
	CONF_RENEGOTIATE_NEVER, /* and up to TLS 1.2 no client may ask */
	CONF_RENEGOTIATE_SET
};
struct conf_renegotiate {
	enum conf_renegotiate_mode mode;
	uint32_t ctrl, timeout; /* seconds; ctrl 0: never */
	uint64_t data;          /* KiB; 0: never */
	bool required;
};

enum conf_truncated { /* an upload without close_notify */
	CONF_TRUNCATED_REJECT,
	CONF_TRUNCATED_WARN
};

enum conf_required_data {
	CONF_DATA_FREE,
	CONF_DATA_PRIVATE, /* PROT P or no transfer */
	CONF_DATA_CLEAR    /* the words with "!data" */
};

/* The words of tls.required, taken apart. */
struct conf_required {
	bool auth;    /* USER and PASS need TLS */
	bool control; /* every command needs TLS */
	enum conf_required_data data;
};

struct conf_tls {
	bool engine;
	struct conf_certificate *certificates;
	size_t ncertificates;  /* the per-type keys are in the list, too */
	unsigned int protocol; /* CONF_TLS_1_0 ... */
	char *cipher_list;     /* up to TLS 1.2; NULL: see parameters.c */
	char *cipher_suites;   /* TLS 1.3; NULL: the library's default */
	bool server_cipher_preference;
	char *ecdh_curve; /* list with colons; NULL: "auto" */
	struct conf_required required;
	uint32_t timeout_handshake; /* seconds; 0: for ever */
	bool next_protocol;
	bool strict_alpn;
	unsigned int options;
	bool session_tickets;
	bool allow_ccc;
	bool strict_sni;
	struct conf_renegotiate renegotiate;
	enum conf_truncated truncated_uploads;

	/* Files of the host; NULL: none */
	char *ca_certificate_file;
	char *ca_certificate_path; /* a directory */
	char *ca_revocation_file;
	char *ca_revocation_path; /* a directory */
	char *server_info_file;
	struct conf_strings dh_param_files;
	struct conf_strings pre_shared_keys; /* "identity hex:/path" */

	/* Certificates of clients */
	enum conf_verify verify_client;
	uint32_t verify_depth; /* most issuers above a certificate */
	char *user_name;       /* what of it names the user; NULL: "off" */
	enum conf_mechanism verify_order[2];
	size_t nverify_order;
	enum conf_no_answer verify_no_answer;

	enum conf_verify_server verify_server;
	/* Word of responders on our own certificates */
	enum conf_stapling stapling;
	unsigned int stapling_options;
	char *stapling_responder;  /* NULL: the certificate says */
	uint32_t stapling_timeout; /* seconds; for all of a question */

	/* Of PASV under TLS; empty: passive_addresses */
	struct conf_addresses masquerade_addresses;

	char *log;         /* path, NULL: the main log */
	char *random_seed; /* path; NULL: none */
};

#endif
