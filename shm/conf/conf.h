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
#include "shm/conf/tls.h"
#include "shm/conf/types.h"

#define CONF_BYTES_MAX ((size_t)64 * 1024 * 1024) /* of all files together */
#define CONF_TEXT_MAX  2048 /* bytes of a banner, or a login_message */

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

	char *banner;       /* of a line or several; NULL: the usual one */
	bool banner_counts; /* it tells how many sessions the host has */
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

	/* Limits of listings */
	uint32_t max_list_depth, max_list_directories, max_list_entries;
	uint32_t max_list_sorted;

	/* Times, in seconds */
	uint32_t timeout_login;
	uint32_t timeout_idle;
	uint32_t timeout_stalled;
	uint32_t timeout_no_transfer; /* 0: for ever; these two also ... */
	uint32_t timeout_session;     /* ... by user */
	uint32_t timeout_data;        /* until the data connection is there */
	uint32_t login_delay;         /* after a failed login */

	char *login_message; /* of a line or several; NULL: the usual one */
	char *directory_messages; /* name of files that CWD tells; or NULL */
	char *charset; /* of clients without UTF-8; NULL: there are none */

	/* What may be done with paths: worker/agent/access.h */
	struct conf_strings deny;
	enum conf_hide hide_dotfiles;
	bool read_only;
	bool upload_only;

	/* Transfers */
	enum conf_durability durability;
	uint64_t hash_max_size;      /* bytes; 0: no limit */
	unsigned int hash_on_upload; /* bits: 1 << enum checksum_kind */
	uint32_t umask;
	uint32_t file_mode;
	enum conf_mode_z mode_z;
	uint32_t mode_z_level;     /* most, and used where none is asked for */
	uint32_t mode_z_expansion; /* times; 0: no limit */
	struct address active_address; /* any: that of the control connection */
	uint32_t active_port;          /* 0: any */
	uint16_t passive_first, passive_last;    /* 0, 0: any port */
	struct conf_addresses passive_addresses; /* empty: the local one */
	enum conf_times list_times;
	bool list_names;
	bool rename_replaces;
	bool list_recursive;
	bool strict_pbsz;
	bool allow_fxp;
	bool allow_chmod;
	bool allow_symlinks;
	bool mdtm_sets;
	bool show_symlinks;
	bool allow_rmda;
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

	/* Probes of TCP on control connections; seconds */
	uint32_t keepalive_idle; /* 0: none */
	uint32_t keepalive_interval, keepalive_count;

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

/* The same for names of character sets. */
typedef bool (*conf_charset_known)(const char *name);
void conf_set_charset_known(conf_charset_known known);

/*
 * Reads path and what it includes.  Returns the configuration, which the
 * caller owns, or NULL with at least one mistake in *errors (which the caller
 * frees with conf_errors_free() in both cases; what is only worth a notice goes
 * to conf->notices).
 * Certificate files are not opened here: see master/keys/certificates.h.
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
