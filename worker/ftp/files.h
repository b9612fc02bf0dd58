/*
 * files - what the commands that ask the agent one thing have in common.
 */
#ifndef WORKER_FTP_FILES_H
#define WORKER_FTP_FILES_H

#include "shm/base/attr.h"
#include "worker/ftp/state.h"
#include "worker/ftp/syntax/refusal.h"

/* An agent that waits for hung storage must not hold a session for ever. */
#define FILES_ANSWER_MS 120000

/* The final reply for an errno. */
enum flow files_refuse(struct session *session, int error,
    enum refusal_kind kind);

/*
 * The absolute path that the client means by name; the caller frees.  NULL with
 * errno: as path_resolve(), or EPERM for a command that does not say what it
 * does with paths.
 */
NODISCARD char *files_resolve(const struct session *session, const char *name);

/*
 * Makes session->path the absolute path that the client means by name.  0, or
 * an errno.
 */
NODISCARD int files_path(struct session *session, const char *name);

/* RNFR and SITE CPFR name a file; now neither has. */
void files_forget(struct session *session);

/* What is on disk before a new file is confirmed. */
NODISCARD enum fs_durability files_durability(const struct session *session);

/*
 * The question was sent as request (0: it was not; errno tells): goes to step
 * for the answer, or refuses.
 */
enum flow files_ask(struct session *session, uint32_t request,
    const struct step *step);

/*
 * The answer's errno is in answer->error.  false: *flow is what the step
 * returns, since it waits, or has refused (an error of any kind).
 */
NODISCARD bool files_answer(struct session *session, struct fs_answer *answer,
    enum flow *flow);

/* The same, but leaves errors to the caller, and no answer in time is one. */
NODISCARD bool files_answer_any(struct session *session,
    struct fs_answer *answer, enum flow *flow);

#endif
