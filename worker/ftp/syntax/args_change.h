/*
 * args_change - the arguments of commands that change modes, groups and times.
 *
 * As args.h: text in, values out.  Each adds to *change, which begins zeroed;
 * names point into text.
 */
#ifndef WORKER_FTP_SYNTAX_ARGS_CHANGE_H
#define WORKER_FTP_SYNTAX_ARGS_CHANGE_H

#include <stddef.h>
#include <stdint.h>

#include "shm/base/attr.h"
#include "shm/ipc/body.h"
#include "worker/ftp/syntax/args.h"

/*
 * The length of the first word, and what follows it and one space; 0 when
 * either is missing.
 */
NODISCARD size_t args_word(const char *text, const char **rest);

/*
 * A mode: octal digits, or "u+rw,go-w" as chmod(1) has it.  Where nobody is
 * named ("+x"), the bits of umask stay as they are.  Unsupported: what would be
 * set-user-ID, or copies permissions ("g=u").
 */
NODISCARD enum args_result args_mode(const char *text, size_t len,
    uint32_t umask, struct fs_change *change);

/* A number, or a name, which goes into name. */
#define ARGS_GROUP_MAX LOGIN_NAME_MAX_LEN
NODISCARD enum args_result args_group(const char *text, size_t len,
    struct fs_change *change, char name[ARGS_GROUP_MAX + 1]);

/* MFMT: "time name". */
NODISCARD enum args_result args_mfmt(const char *text, struct fs_change *change,
    const char **name);

/*
 * MDTM, if it sets a time: "time name", with a time zone if need be.  Syntax: a
 * name alone; unsupported: there is no such time.
 */
NODISCARD enum args_result args_mdtm(const char *text, struct fs_change *change,
    const char **name);

/*
 * MFF: "fact=value;fact=value; name".  If it is not ok: at which fact, of
 * fact_len bytes, if at any.  Unsupported: a fact that nobody can change.
 */
struct args_mff {
	struct fs_change change;
	char group[ARGS_GROUP_MAX + 1];
	const char *name;
	const char *fact;
	size_t fact_len;
};
NODISCARD enum args_result args_mff(const char *text, struct args_mff *mff);

/*
 * SITE UTIME: "time name", or "name access modify create UTC".  The name is
 * copied into out (size bytes).
 */
NODISCARD enum args_result args_utime(const char *text,
    struct fs_change *change, char *out, size_t size);

#endif
