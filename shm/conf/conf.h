/*
 * conf - the configuration, as ftpsd.yaml(5) describes it.
 *
 * conf_load() reads the YAML files into a struct conf; every process works on
 * such a struct, the ones that are exec'd from the text that conf_dump()
 * makes of it (the same form as `ftpsd -T`).  The table keys.def holds every
 * key once: path, type, contexts, default, range, help.
 *
 * hosts[0] is the server itself (the top level of the file); hosts[1...] are
 * the entries of `hosts:` with everything they inherit from `defaults:` filled
 * in.  So code asks hosts[i] and never needs to look further.
 */
#ifndef SHM_CONF_CONF_H
#define SHM_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/base/address.h"
#include "shm/base/attr.h"
#include "shm/base/log.h"
#include "shm/base/trace.h"

#define CONF_BYTES_MAX ((size_t)64 * 1024 * 1024) /* of all files together */

struct conf_strings {
	char **items;
	size_t count;
};

struct conf_listener {
	struct address address; /* with port */
	bool implicit;
};

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

/* Where a file is named that is read at load, for mistakes. */
struct conf_mention {
	char *path;
	char *file;
	size_t line, column;
};

struct conf_acl {
	struct conf_strings actions; /* "sesscache clear", "clear", "all" */
	bool deny;                   /* these may not, all others may */
	struct conf_strings users;   /* names; "*" = everybody */
	struct conf_strings groups;
};

struct conf_network {
	struct address address; /* its first one */
	uint8_t bits;
};

struct conf_networks {
	struct conf_network *items;
	size_t count;
};

/* An address that clients are told, and which of them. */
struct conf_told {
	struct conf_network network; /* of the clients */
	bool everywhere;             /* it is for all of them */
	struct address address;      /* of no name; any: the local one */
	char *name;                  /* of a host or an interface; NULL: none */
	uint32_t number; /* of the name, from 1: conf->names[number - 1] */

	/* Where the name is set, for mistakes. */
	char *file;
	size_t line, column;
};

/* The first one whose network has the client counts. */
struct conf_addresses {
	struct conf_told *items;
	size_t count;
};

/* A name that has to be looked up. */
struct conf_name {
	const struct conf_told *first; /* where it is used first */
	struct address address;        /* any: not looked up yet */
};

enum conf_log_target {
	CONF_LOG_STDERR,
	CONF_LOG_FILE,
	CONF_LOG_SYSLOG
};
enum conf_log_format {
	CONF_LOG_TEXT,
	CONF_LOG_JSON
};
enum conf_auth {
	CONF_AUTH_FILE,
	CONF_AUTH_PAM
};
enum conf_durability {
	CONF_DURABILITY_NONE,
	CONF_DURABILITY_DATA,
	CONF_DURABILITY_FULL
};

enum conf_cache_type {
	CONF_CACHE_LMDB,    /* one, which all workers share */
	CONF_CACHE_INTERNAL /* each worker has its own */
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

#define CONF_SETTING_MAX 24 /* bytes of a field that sections may set */

/* The value of one key in a section: what the field would hold. */
struct conf_setting {
	uint32_t offset; /* of the field in struct conf_host */
	uint32_t key;    /* its row in the table of keys */
	union {
		uint64_t align;
		unsigned char bytes[CONF_SETTING_MAX];
	} value;
};

/* What a section sets: keys with its letter in keys.def, sorted by row. */
struct conf_settings {
	struct conf_setting *items;
	size_t count;
};

/* An entry of `users` or `directories`. */
struct conf_section {
	char *name;  /* of a user, or the path of a directory; NULL: group */
	char *group; /* or its number, in digits */
	struct conf_settings settings;
};

struct conf_sections {
	struct conf_section *items;
	size_t count;
	size_t ngroups; /* of them are for groups */
};

#define CONF_GROUPS_MAX 64 /* such entries in a list */

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

struct conf_anonymous {
	bool enabled;
	char *directory;       /* the root of anonymous sessions */
	char *user;            /* system user whose uid and gid they get */
	uint32_t max_sessions; /* 0: no limit of its own */
	struct conf_settings settings;
	struct conf_sections directories;
};

struct conf_format; /* format.h */

struct conf_host {
	char *name;                /* NULL for the server */
	struct conf_strings names; /* further names, for SNI */
	struct conf_listener *listen;
	size_t nlisten; /* 0 for a host that shares the server's listeners */

	char *banner;
	struct conf_tls tls;
	struct conf_anonymous anonymous;
	struct conf_sections users, directories;

	/* Accounts */
	enum conf_auth auth_order[2];
	size_t nauth_order;
	char *users_file;
	char *pam_service;
	uint32_t min_uid;

	/* Limits; 0 = none */
	uint32_t max_sessions; /* of this host */
	uint32_t max_sessions_per_user;
	uint32_t login_attempts; /* a session; then 421 */

	/* Times, in seconds */
	uint32_t timeout_login;
	uint32_t timeout_idle;
	uint32_t timeout_stalled;
	uint32_t timeout_data; /* until the data connection is there */
	uint32_t login_delay;  /* after a failed login */

	/* Transfers */
	enum conf_durability durability;
	uint32_t umask;
	uint16_t passive_first, passive_last;    /* 0, 0: any port */
	struct conf_addresses passive_addresses; /* empty: the local one */
	bool list_names;
	bool strict_pbsz;
	bool allow_fxp;
	struct conf_networks fxp_peers;

	/* Logs of its own; NULL: none, and for a format the usual one */
	char *transfer_log;
	char *session_log;
	struct conf_format *transfer_format; /* xferlog */
	struct conf_format *session_format;  /* format_of_sessions() */
};

struct conf_index; /* names of hosts, index.h */

/* One mistake. */
struct conf_error {
	char *file;
	size_t line, column; /* from 1; 0: the file as a whole */
	char *text;
};

/* All mistakes of a load, in the order of the files. */
struct conf_errors {
	struct conf_error *items;
	size_t count;
};

struct conf {
	uint32_t generation; /* set by the master */
	struct conf_index *index;
	struct conf_host *hosts;
	size_t nhosts;
	struct conf_mention *mentions; /* by path */
	size_t nmentions;

	/* Names of addresses; looked up by the master */
	struct conf_name *names;
	size_t nnames;
	uint32_t names_refresh; /* seconds; 0: never */

	/* What is good, but should be known: words without effect, and so on.
	 */
	struct conf_errors notices;

	/* Process */
	char *user, *cache_user, *log_user, *ocsp_user;
	char *run_directory;
	char *pid_file;
	uint32_t workers; /* never 0 after loading */
	uint32_t threads;
	uint32_t grace_time, drain_time, drain_hard; /* seconds */

	/* Control */
	char *control_socket;
	uint32_t control_mode;
	char *control_owner, *control_group; /* NULL: who started us */
	struct conf_acl *control_acl;
	size_t ncontrol_acl;

	/* Log */
	enum conf_log_target log_target;
	char *log_file;
	enum conf_log_format log_format;
	enum log_level log_level;
	struct trace_rule trace[TRACE_COUNT];

	/* Limits of the whole server; 0 = none */
	uint32_t max_sessions;
	uint32_t max_sessions_per_address;
	uint32_t max_sessions_per_network;
	uint32_t network_bits_v4, network_bits_v6;
	uint32_t max_handshakes; /* at once, a worker */
	uint32_t max_agents;
	uint32_t max_agents_per_account;
	uint32_t agent_idle; /* seconds */

	/* Login helpers */
	uint32_t checkers;
	uint32_t checker_timeout;         /* seconds */
	uint32_t checker_logins;          /* then it is replaced */
	uint32_t verified_password_cache; /* seconds; 0: none */

	struct conf_strings local_file_systems;

	/* Session cache and tickets */
	bool session_cache; /* false: off */
	enum conf_cache_type session_cache_type;
	uint64_t session_cache_size;    /* bytes of the map, or of memory */
	uint32_t session_cache_timeout; /* seconds */
	uint32_t ticket_key_age;        /* seconds */
	uint32_t ticket_key_count;

	/* Key files */
	bool watch; /* changed files are noticed */
	bool allow_insecure_key_permissions;
	/* Keys and cryptography */
	struct conf_strings pass_phrase_provider; /* and arguments; 0: none */
	char *crypto_device; /* "none" or "provider:NAME QUERY" */
	bool fips;

	/* What is asked of others */
	uint32_t ocsp_timeout; /* seconds; for all of a question */
	uint32_t ocsp_max_age; /* seconds; that a response is believed */
	char *ocsp_proxy;      /* URL; NULL: none */

	/* What others say about our certificates */
	bool stapling_cache; /* false: off */
	uint64_t stapling_cache_size;
	char *stapling_cache_directory;
};

/* Names that only the TLS library knows. */
enum conf_tls_names {
	CONF_TLS_CIPHERS,      /* a list, up to TLS 1.2 */
	CONF_TLS_SAFE_CIPHERS, /* no name in it is for unsafe ones only */
	CONF_TLS_SUITES,       /* a list, TLS 1.3 */
	CONF_TLS_CURVES,       /* a list */
	CONF_TLS_DSS,          /* ciphers of which some is for DSA */
	CONF_TLS_NAMES_COUNT
};

/*
 * Has such names checked while a configuration is read.  Who reads only what
 * has been checked does without, and without that library.
 */
typedef bool (*conf_tls_known)(enum conf_tls_names kind, const char *text);
void conf_set_tls_known(conf_tls_known known);

/*
 * Reads path and what it includes.  Returns the configuration, which the
 * caller owns, or NULL with at least one mistake in *errors (which the caller
 * frees with conf_errors_free() in both cases; what is only worth a notice goes
 * to conf->notices).
 * Certificate files are not opened here: see master/certificates.h.
 */
NODISCARD struct conf *conf_load(const char *path, struct conf_errors *errors);

/* The same from text (name stands for the file in messages), no includes. */
NODISCARD struct conf *conf_parse(const char *name, const char *text,
    size_t len, struct conf_errors *errors);

/*
 * The same from the sealed memfd that settings travel in; fd stays the
 * caller's.  NULL, after logging why.
 */
NODISCARD struct conf *conf_receive(int fd);

/* Releases everything and sets *conf to NULL; NULL is allowed. */
void conf_free(struct conf **conf);

/* Where path is named first, if it is a host's file beside certificates. */
NODISCARD const struct conf_mention *conf_mention(const struct conf *conf,
    const char *path);

/* The path in an item of pre_shared_keys; the identity is what it begins with.
 */
NODISCARD const char *conf_pre_shared_key(const char *item,
    size_t *identity_len);

/* Whether any host has something to ask of responders, or of DNS. */
NODISCARD bool conf_asks(const struct conf *conf);

/* Whether the host asks for the status of certificates by this way. */
NODISCARD bool conf_tls_consults(const struct conf_tls *tls,
    enum conf_mechanism mechanism);

/* Whether the address is of the network. */
NODISCARD bool conf_network_has(const struct conf_network *network,
    const struct address *address);

/* Whether anybody may use the host for transfers between servers. */
NODISCARD bool conf_allows_fxp(const struct conf_host *host);

/*
 * Whether the host's certificates are stapled, and whether any's are.  What
 * has no TLS has none.
 */
NODISCARD bool conf_staples_at(const struct conf *conf, size_t host);
NODISCARD bool conf_staples(const struct conf *conf);

/* Whether there has to be a process that asks: for clients, or for staples. */
NODISCARD bool conf_needs_ocsp(const struct conf *conf);

/* Adds a mistake; for checks that other modules make. */
void conf_errors_add(struct conf_errors *errors, const char *file, size_t line,
    size_t column, const char *format, ...) PRINTF_LIKE(5, 6);
void conf_errors_free(struct conf_errors *errors);

/*
 * The effective configuration as YAML that conf_parse() reads back to an equal
 * struct.  The caller frees; NULL with errno ENOMEM.
 */
NODISCARD char *conf_dump(const struct conf *conf, size_t *len);

/*
 * What the section sets for a field of struct conf_host, or NULL: ask the next
 * less specific one, at last the host itself.
 *
 *	const uint32_t *umask = conf_setting(settings, CONF_FIELD(umask));
 */
NODISCARD const void *conf_setting(const struct conf_settings *settings,
    size_t offset);
#define CONF_FIELD(field) offsetof(struct conf_host, field)

/* The entry of `users` for the user with that name, or NULL. */
NODISCARD const struct conf_section *conf_user(const struct conf_host *host,
    const char *name);

/*
 * The entries of `directories` that path (absolute, without "." and "..") is in
 * or names, the most specific first: the first when after is NULL, else the
 * next; NULL: there is no other.
 */
NODISCARD const struct conf_section *conf_directory(const struct conf_sections
							*directories,
    const char *path, const struct conf_section *after);

/*
 * The keys whose change needs a restart and that differ between the two:
 * adds a mistake for each.  Returns how many.
 */
NODISCARD size_t conf_restart_needed(const struct conf *running,
    const struct conf *loaded, struct conf_errors *errors);

/* The listener of the host base with that address and port, or NULL. */
NODISCARD const struct conf_listener *conf_listener(const struct conf *conf,
    size_t base, const struct address *address);

/*
 * The host with that name (exactly, case-insensitive; `names` too) on the
 * listener, or (NULL) on any of the host base; or -1.  By hash, not by a scan.
 */
NODISCARD long conf_find_host_at(const struct conf *conf, size_t base,
    const struct conf_listener *listener, const char *name, size_t len);

/* The same on the listeners of the server. */
NODISCARD long conf_find_host(const struct conf *conf, const char *name,
    size_t len);

/* Whether any host has a name there. */
NODISCARD bool conf_has_names_at(const struct conf *conf, size_t base,
    const struct conf_listener *listener);

#endif
