/*
 * body - the fixed part of each message.
 *
 * Plain integers in host byte order, no pointers, no padding (the assertions
 * at the end hold that): both ends are the same binary.  Text and other
 * variable bytes follow the body in the order of their length fields; they are
 * not terminated.
 */
#ifndef SHM_IPC_BODY_H
#define SHM_IPC_BODY_H

#include <assert.h>
#include <stdint.h>

#include "shm/base/address.h"
#include "shm/base/seal.h"
#include "shm/base/trace.h"
#include "shm/ipc/body_change.h"
#include "shm/ipc/body_list.h"
#include "shm/ipc/body_ocsp.h"
#include "shm/ipc/body_room.h"

#define CACHE_KEY_LEN      32   /* SHA-256 of session-id context and id */
#define CACHE_VALUE_MAX    8192 /* larger sessions are not cached */
#define CACHE_DIR_LEN      32
#define CACHE_PAGE_ENTRIES 128
#define LOGIN_NAME_MAX_LEN 256
#define LOGIN_PASSWORD_MAX 512
#define LOGIN_GROUPS_MAX   64
#define FS_PATH_MAX        4095  /* bytes of a path, without a NUL */
#define FS_SMALL_MAX       24576 /* bytes of a file that travels in a message */
#define FS_PEEK_MAX        8192  /* bytes of one that is told in a reply */
#define TOKEN_LEN_MAX      8192  /* sealed */
#define LOGIN_IDENTITY_LEN 32    /* SHA-256 */

struct msg_empty {
	uint64_t zero;
};

struct msg_request {
	uint64_t request; /* echoed in the answer */
};

/* The effective configuration of a generation; a sealed memfd with YAML. */
struct msg_settings {
	uint32_t generation;
	uint32_t zero;
};

struct msg_generation {
	uint32_t generation;
	uint32_t zero;
};

struct msg_token_key {
	uint8_t key[SEAL_KEY_LEN];
};

/*
 * The other end of a new channel.  For login, keeper and logger: who is there;
 * for a worker: role is the service that it reaches through it.
 */
struct msg_peer {
	uint32_t role; /* enum role */
	uint32_t slot;
	uint32_t generation;
	uint32_t incarnation; /* counts all workers ever started */
	int32_t pid;
	uint32_t zero;
};

struct msg_ping {
	uint64_t stamp;
};

enum msg_stop_mode {
	STOP_DRAIN, /* accept nothing, sessions end by themselves */
	STOP_GRACE, /* transfers may finish within grace_ms, the rest ends */
	STOP_NOW
};

struct msg_stop {
	uint32_t mode;
	uint32_t grace_ms;
	uint64_t drain_ms;      /* STOP_DRAIN: sessions between transfers end */
	uint64_t drain_hard_ms; /* STOP_DRAIN: all sessions end */
};

/* The worker's channel to a service has ended, and there is no other yet. */
struct msg_service {
	uint32_t role; /* ROLE_KEEPER, ROLE_LOGIN, ROLE_OCSP */
	uint32_t zero;
};

/* A listening socket of another slot, to accept on as well. */
struct msg_listener {
	uint32_t slot;
	uint32_t host;     /* whose listener it is */
	uint32_t implicit; /* 1: TLS from the first byte */
	uint32_t zero;
	struct address address;
};

/* What a name of the configuration stands for now. */
struct msg_address {
	uint32_t generation;
	uint32_t number;        /* in conf->names */
	struct address address; /* IPv4 */
};

/* A socket is wanted that is bound to the address, and port, of a host. */
struct msg_data_port {
	uint32_t request;
	uint32_t zero;
	struct address address;
};

/* There it is, or error is the errno that says why not. */
struct msg_data_socket {
	uint32_t request;
	int32_t error;
};

/* The slot has a worker again: its sockets are not for others any more. */
struct msg_slot {
	uint32_t slot;
	uint32_t zero;
};

/* What is traced from now on, by channel. */
struct msg_trace {
	struct trace_rule rules[TRACE_COUNT];
};

/* Followed by client, user and text. */
struct msg_log_record {
	uint64_t time_us; /* since 1970 */
	uint64_t session;
	uint32_t generation;
	uint32_t host;
	uint32_t lost; /* records of the sender that were dropped before this */
	uint16_t level;
	uint16_t stream;
	uint16_t client_len;
	uint16_t user_len;
	uint16_t text_len;
	uint16_t port; /* of the client, 0: not known */
};

/* Followed by count records, each followed by its texts; none is aligned. */
struct msg_log_records {
	uint32_t count;
	uint32_t zero;
};

/* Cache ------------------------------------------------------------------ */

struct msg_cache_key {
	uint8_t key[CACHE_KEY_LEN];
};

/* Where the environment is, below the cache directory; "" = out of service. */
struct msg_cache_directory {
	char name[CACHE_DIR_LEN];
	uint64_t map_size;
	uint64_t number; /* counts environments; a worker answers with it */
};

/* Followed by id (id_len), context (context_len) and sealed (sealed_len). */
struct msg_cache_put {
	uint8_t key[CACHE_KEY_LEN];
	uint64_t started; /* seconds since 1970 */
	uint64_t expires;
	uint16_t protocol; /* 0x0303, 0x0304 */
	uint8_t id_len;
	uint8_t context_len;
	uint32_t sealed_len;
};

/* Followed by count puts, each followed by its bytes; none is aligned. */
struct msg_cache_puts {
	uint32_t count;
	uint32_t zero;
};

/* Increments since the last message. */
struct msg_cache_counts {
	uint64_t hits, misses, errors, too_large, dropped, largest;
	uint64_t stored, deleted, expired; /* in a worker's own memory */
};

/* A worker could not use the environment with this number. */
struct msg_cache_trouble {
	uint64_t number;
	int32_t error; /* of LMDB */
	uint32_t zero;
};

struct msg_cache_done {
	uint64_t request;
	uint64_t sessions; /* how many went */
	int32_t error;     /* errno, or 0 */
	uint32_t zero;
};

/* Followed by the path of the environment. */
struct msg_cache_facts {
	uint64_t request;
	uint64_t map_size, map_used;
	uint64_t created; /* seconds since 1970 */
	uint64_t maximum, current;
	uint64_t hits, misses, stored, deleted, expired;
	uint64_t errors, too_large, largest, dropped, renewed;
	uint32_t readers, readers_max;
	uint32_t state; /* enum cache_state */
	uint32_t path_len;
};

enum cache_state {
	CACHE_OFF, /* by configuration */
	CACHE_ON,
	CACHE_REMOVED, /* until reload */
	CACHE_BROKEN,  /* no environment could be made */
	CACHE_INTERNAL /* each worker has its own */
};

/* Entries that follow after; zeroes: from the start. */
struct msg_cache_list {
	uint64_t request;
	uint8_t after[CACHE_KEY_LEN];
};

struct msg_cache_entry {
	uint8_t key[CACHE_KEY_LEN];
	uint8_t id[32];
	uint8_t context[32];
	uint64_t started, expires;
	uint16_t protocol;
	uint8_t id_len, context_len;
	uint32_t zero;
};

/* Followed by count entries; last = there are no more. */
struct msg_cache_page {
	uint64_t request;
	uint32_t count;
	uint32_t last;
};

/* Sessions and logins ---------------------------------------------------- */

struct msg_session {
	uint64_t session;
	uint64_t request;
};

enum limit {
	LIMIT_NONE, /* within all limits */
	LIMIT_SESSIONS,
	LIMIT_ADDRESS,
	LIMIT_NETWORK,
	LIMIT_HOST,
	LIMIT_USER,
	LIMIT_COUNT
};

struct msg_session_open {
	uint64_t session;
	uint32_t generation;
	uint32_t host;
	struct address address;
};

struct msg_session_verdict {
	uint64_t session;
	uint32_t limit;    /* enum limit that refuses, LIMIT_NONE = welcome */
	uint32_t host;     /* that this is the answer for */
	uint32_t sessions; /* of that host, this one among them */
	uint32_t zero;
};

/*
 * A session has the place of one that has ended; nobody is logged in there any
 * more.  The same is part of what a worker says next about such a session.
 */
struct msg_session_place {
	uint64_t session;
	uint64_t place; /* the ended session; 0: it has a place of its own */
};

/* The session moved to another virtual host; answered by a verdict. */
struct msg_session_host {
	uint64_t session;
	uint64_t place;
	uint32_t host;
	uint32_t zero;
};

/*
 * The sessions of the same account as this one, itself among them, at most
 * WHO_MAX.  Followed by the addresses of the others.
 */
#define WHO_MAX 64
struct msg_who {
	uint64_t session;
	uint32_t count; /* of all */
	uint32_t told;  /* addresses that follow */
};

/* After a restart of login: a session that exists.  Followed by its token. */
struct msg_session_announce {
	uint64_t session;
	uint32_t generation;
	uint32_t host;
	struct address address;
	uint32_t token_len; /* 0: not logged in */
	uint32_t zero;
};

/*
 * Instead of a password: the SHA-256 of a certificate that the worker has
 * verified, and whether that names the user (tls.user_name).
 */
#define LOGIN_BY_CERTIFICATE 1u
#define LOGIN_NAMED          2u

/* Followed by user and password. */
struct msg_login_request {
	uint64_t session;
	uint64_t place;
	uint64_t request;
	uint32_t generation;
	uint32_t host;
	struct address address;
	uint32_t tls;   /* 1: the control connection is protected */
	uint32_t proof; /* LOGIN_BY_CERTIFICATE ...; 0: a password */
	uint16_t user_len;
	uint16_t password_len;
	uint32_t zero;
};

enum login_verdict {
	LOGIN_OK,
	LOGIN_DENIED,      /* unknown user, wrong password: the same answer */
	LOGIN_LIMIT,       /* see limit */
	LOGIN_HOME,        /* authentic, but the home is missing or closed */
	LOGIN_UNAVAILABLE, /* no answer in time */
	LOGIN_VERDICT_COUNT
};

#define LOGIN_ANONYMOUS 1u /* policy */

/* Followed by the account's name, its group's name and the sealed token. */
struct msg_login_result {
	uint64_t session;
	uint64_t request;
	uint32_t verdict;
	uint32_t limit;
	uint32_t policy; /* LOGIN_ANONYMOUS */
	uint32_t uid;
	uint32_t gid;
	uint32_t token_len;
	uint16_t name_len;
	uint16_t group_len;
	uint32_t zero;
	/* Equal for tokens that may share an agent, and channels to it. */
	uint8_t identity[LOGIN_IDENTITY_LEN];
	uint64_t groups; /* entries of `users` for the account's groups */
};

/* Followed by the token. */
struct msg_agent_request {
	uint64_t session;
	uint64_t request;
	uint32_t token_len;
	uint32_t zero;
};

struct msg_agent_refused {
	uint64_t session;
	uint64_t request;
	int32_t
	    error; /* EAGAIN: agents are at their limit; EACCES: token; ... */
	uint32_t zero;
};

/* Followed by user and password. */
struct msg_check_login {
	uint64_t request;
	uint32_t generation;
	uint32_t host;
	struct address address;
	uint32_t tls;
	uint32_t proof;
	uint16_t user_len;
	uint16_t password_len;
	uint32_t zero;
};

/* Followed by name, group name, home and reason (for the log only). */
struct msg_checked {
	uint64_t request;
	uint32_t verdict; /* enum login_verdict */
	uint32_t policy;
	uint32_t uid, gid;
	uint32_t ngroups;
	uint32_t groups[LOGIN_GROUPS_MAX];
	uint16_t name_len, group_len, home_len, reason_len;
	uint32_t zero;
	uint64_t entries; /* of `users`: see struct account */
};

struct msg_agent_load {
	uint32_t sessions; /* attached */
	uint32_t busy;     /* with open handles, listings or requests */
	uint32_t idle_ms;  /* since the last request, when none is busy */
	uint32_t zero;
};

/* File system ------------------------------------------------------------ */

/* In the place of an errno, beyond those of the system. */
#define FS_ERROR_UPLOAD_ONLY 4096 /* files may only be added there */
#define FS_ERROR_CLEAR       4097 /* a transfer in clear */
#define FS_ERROR_PRIVATE     4098 /* a protected one */
#define FS_ERROR_MODE        4099 /* to change permissions */
#define FS_ERROR_SYMLINK     4100 /* to make symbolic links */

/*
 * The mode of something new is the permission bits that the session leaves it.
 * With this one it has chosen them itself, in the place of the configuration.
 */
#define FS_MODE_OWN 01000u

/* What file or names are wanted for; tls.required tells them apart. */
enum fs_data {
	FS_DATA_NONE, /* no data connection */
	FS_DATA_CLEAR,
	FS_DATA_PRIVATE
};

/*
 * Paths are virtual: absolute, "/" is the account's root, no "." or ".."
 * components, no NUL.  They follow the body.
 */
struct msg_fs_path {
	uint32_t request;
	uint32_t path_len;
	uint32_t mode; /* FS_MKDIR: see FS_MODE_OWN; FS_STAT: flags; FS_PEEK:
			* most bytes, 1 to FS_PEEK_MAX; else 0 */
	uint32_t data; /* FS_STAT: enum fs_data; else 0 */
};

/* Instead of looking at what the path leads to. */
#define FS_STAT_SELF   1u /* of a symbolic link itself, to rename it */
#define FS_STAT_UPLOAD 2u /* of what an upload would replace or continue */

/*
 * A pipe begins at offset; a file is read from wherever the worker likes.  Of a
 * small file, the bytes from offset on may come themselves, as FS_CONTENTS.
 * Without a transfer it is for the checksum of what comes before end.
 */
struct msg_fs_open {
	uint32_t request;
	uint32_t path_len;
	uint64_t offset, end;
	uint32_t data; /* enum fs_data */
	uint32_t zero;
};

enum fs_create_how {
	FS_CREATE_REPLACE, /* hidden temporary, renamed at commit */
	FS_CREATE_UNIQUE,  /* the same; a name not in use is chosen (STOU) */
	FS_CREATE_APPEND,  /* in place, at the end (created when missing) */
	FS_CREATE_RESUME /* in place, from offset, which must exist, or be 0 */
};

struct msg_fs_create {
	uint32_t request;
	uint32_t how;
	uint64_t offset;
	uint32_t mode; /* of a new file: see FS_MODE_OWN */
	uint32_t path_len;
	uint32_t data; /* enum fs_data */
	uint32_t zero;
};

enum fs_durability {
	FS_DURABLE_NONE,
	FS_DURABLE_DATA, /* contents on disk before the answer */
	FS_DURABLE_FULL  /* and the name */
};

struct msg_fs_commit {
	uint32_t request;
	uint32_t handle;
	uint32_t durability;
	uint32_t zero;
	uint64_t
	    size; /* that the file must have, in bytes written through it */
};

/*
 * FS_CREATE, all bytes of a small file, and FS_COMMIT in one; the path and the
 * bytes follow.  how is not FS_CREATE_UNIQUE.
 */
struct msg_fs_store {
	uint32_t request;
	uint32_t how;
	uint64_t offset;
	uint32_t mode;
	uint32_t durability;
	uint32_t path_len;
	uint32_t size;
	uint32_t data; /* enum fs_data */
	uint32_t zero;
};

struct msg_fs_handle {
	uint32_t request;
	uint32_t handle;
};

/* Followed by the old path and the new one. */
struct msg_fs_rename {
	uint32_t request;
	uint32_t from_len;
	uint32_t to_len;
	uint32_t zero;
};

/* The end of a request; error is an errno, or 0. */
struct msg_fs_done {
	uint32_t request;
	int32_t error;
	uint64_t size;
	int64_t modified; /* seconds since 1970 */
	uint32_t mode;    /* st_mode; FS_LIST: bits of enum fs_cut */
	/*
	 * FS_LIST: lines written; FS_STORE: 1 in place; FS_CHANGE: its what;
	 * FS_STAT_UPLOAD: as the sums of msg_fs_opened.
	 */
	uint32_t entries;
	uint32_t modified_ns;
	uint32_t gid;
};

/*
 * A file that is open: the descriptor is the file itself, or a pipe that the
 * agent fills or drains where the file system may hang.  The name of the file
 * (FS_CREATE_UNIQUE: the one that was chosen) follows.
 */
struct msg_fs_opened {
	uint32_t request;
	uint32_t handle; /* 0 for reading */
	uint64_t size;   /* before the transfer */
	int64_t modified;
	uint32_t pipe; /* 1: the descriptor is a pipe */
	uint32_t name_len;
	uint32_t in_place; /* 1: no temporary; what is written is final */
	uint32_t sums;     /* FS_CREATE: those of hash_on_upload, as bits */
};

/*
 * A small file as it was when it was read, from the offset asked for; or, for
 * FS_PEEK, the first bytes of a file.
 */
struct msg_fs_contents {
	uint32_t request;
	uint32_t size; /* of the bytes, which follow */
	int64_t modified;
};

/* Padding would carry bytes of our memory to a peer. */
static_assert(sizeof(struct address) == 24, "wire layout");
static_assert(sizeof(struct msg_log_record) == 40, "wire layout");
static_assert(sizeof(struct trace_rule) == 32, "wire layout");
static_assert(sizeof(struct msg_listener) == 40, "wire layout");
static_assert(sizeof(struct msg_address) == 32, "wire layout");
static_assert(sizeof(struct msg_data_port) == 32, "wire layout");
static_assert(sizeof(struct msg_cache_put) == 56, "wire layout");
static_assert(sizeof(struct msg_cache_facts) == 144, "wire layout");
static_assert(sizeof(struct msg_cache_entry) == 120, "wire layout");
static_assert(sizeof(struct msg_session_open) == 40, "wire layout");
static_assert(sizeof(struct msg_session_announce) == 48, "wire layout");
static_assert(sizeof(struct msg_login_request) == 72, "wire layout");
static_assert(sizeof(struct msg_login_result) == 88, "wire layout");
static_assert(sizeof(struct msg_check_login) == 56, "wire layout");
static_assert(sizeof(struct msg_checked) == 304, "wire layout");
static_assert(sizeof(struct msg_fs_done) == 40, "wire layout");
static_assert(sizeof(struct msg_fs_opened) == 40, "wire layout");

#endif
