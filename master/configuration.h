/*
 * configuration - one configuration with all that belongs to it, checked whole.
 *
 * Made before anything is changed: a mistake anywhere (file, account, rule,
 * certificate) and there is none, only the list of mistakes.
 */
#ifndef MASTER_CONFIGURATION_H
#define MASTER_CONFIGURATION_H

#include <stdint.h>

#include "master/control/control_rules.h"
#include "master/keys/certificates.h"
#include "master/service_users.h"
#include "shm/base/attr.h"
#include "shm/base/loop.h"
#include "shm/conf/conf.h"

struct configuration {
	struct conf *conf;
	struct certificates *certificates;
	uint32_t keys_version; /* how often files were taken over since */
	struct service_users users;
	struct control_rules *rules;
};

/* Releases everything and sets *configuration to NULL; NULL is allowed. */
void configuration_free(struct configuration **configuration);

/* A load that is under way. */
struct configuration_load;

/*
 * What came of it: the configuration, now the callee's, or NULL with at least
 * one mistake.  The load is over and freed when this is called.
 */
typedef void (*configuration_loaded)(struct configuration *configuration,
    const struct conf_errors *errors, void *context);

/*
 * Begins to load the file at path; self is the descriptor of the binary.  The
 * result is always told from the loop.  NULL with errno.
 */
NODISCARD struct configuration_load *configuration_load(struct loop *loop,
    const char *path, int self, configuration_loaded loaded, void *context);

/*
 * Where a file of certificates is bad now that was good in previous, that is
 * still used, and no mistake.  Before the loop runs; previous has to live until
 * the load is over.
 */
void configuration_load_after(struct configuration_load *load,
    const struct certificates *previous);

/*
 * A load that has just begun may ask at the terminal for pass phrases, and
 * waits there: nothing else is served meanwhile.
 */
void configuration_may_ask(struct configuration_load *load);

/*
 * Takes what is loaded so far, when only certificates are still being checked
 * and there is no mistake yet: the caller's then, and loaded() is called with
 * NULL, whether there are mistakes or not.  It has to live until that, or
 * until the load is freed.  NULL: it is not so far, or there are mistakes.
 */
NODISCARD struct configuration *configuration_take(
    struct configuration_load *load);

/* Gives a load up and sets *load to NULL; NULL is allowed. */
void configuration_load_free(struct configuration_load **load);

/* Mistakes, on standard error and in the log. */
void configuration_tell(const struct conf_errors *errors);
void configuration_log(const struct conf_errors *errors);

/* What is good, but should be known (conf->notices). */
void configuration_tell_notices(const struct conf *conf);
void configuration_log_notices(const struct conf *conf);

/*
 * The same at once, for `ftpsd -t`: mistakes are written to
 * standard error, notices too.  NULL when there are mistakes.
 */
NODISCARD struct configuration *configuration_load_now(const char *path,
    int self);

#endif
