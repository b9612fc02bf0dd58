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
#include "shm/ipc/body_cache.h"
#include "shm/ipc/body_change.h"
#include "shm/ipc/body_fs.h"
#include "shm/ipc/body_list.h"
#include "shm/ipc/body_ocsp.h"
#include "shm/ipc/body_room.h"

#define LOGIN_NAME_MAX_LEN 256
#define LOGIN_PASSWORD_MAX 512
#define LOGIN_GROUPS_MAX   64
#define TOKEN_LEN_MAX      8192 /* sealed */
#define LOGIN_IDENTITY_LEN 32   /* SHA-256 */

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
	uint32_t proof;
	uint16_t user_len;
	uint16_t password_len;
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

/* Padding would carry bytes of our memory to a peer. */
static_assert(sizeof(struct address) == 24, "wire layout");
static_assert(sizeof(struct msg_log_record) == 40, "wire layout");
static_assert(sizeof(struct trace_rule) == 32, "wire layout");
static_assert(sizeof(struct msg_listener) == 40, "wire layout");
static_assert(sizeof(struct msg_address) == 32, "wire layout");
static_assert(sizeof(struct msg_data_port) == 32, "wire layout");
static_assert(sizeof(struct msg_session_open) == 40, "wire layout");
static_assert(sizeof(struct msg_session_announce) == 48, "wire layout");
static_assert(sizeof(struct msg_login_request) == 72, "wire layout");
static_assert(sizeof(struct msg_login_result) == 88, "wire layout");
static_assert(sizeof(struct msg_check_login) == 48, "wire layout");
static_assert(sizeof(struct msg_checked) == 304, "wire layout");

#endif
