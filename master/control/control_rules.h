/*
 * control_rules - who may do what over the control socket.
 *
 * control.acl with its names turned into numbers, when the configuration is
 * loaded: asking for a name may take long, and the master does not wait while
 * it runs.
 */
#ifndef MASTER_CONTROL_CONTROL_RULES_H
#define MASTER_CONTROL_CONTROL_RULES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "master/service_users.h"
#include "shm/base/attr.h"
#include "shm/base/control.h"
#include "shm/conf/conf.h"

#define CONTROL_BIT(command) (1u << (unsigned int)(command))

struct control_rules;

/* Who is at the other end, by the kernel's word. */
struct control_peer {
	uid_t uid;
	gid_t gid;
	const gid_t *groups; /* supplementary ones */
	size_t ngroups;
};

/*
 * Unknown names and commands are mistakes of the file at path.  NULL only when
 * memory is short.
 */
NODISCARD struct control_rules *control_rules_new(const struct conf *conf,
    const struct service_users *users, const char *path,
    struct conf_errors *errors);

/* Sets *rules to NULL; NULL is allowed. */
void control_rules_free(struct control_rules **rules);

/*
 * The commands that peer may give, as a set of CONTROL_BIT.  Root and the user
 * who runs the server may always do everything, the accounts that serve
 * clients never anything.  Who else may, the entries say: one that denies
 * allows all others, but what any entry denies to the peer stays denied.
 */
NODISCARD uint32_t control_rules_allowed(const struct control_rules *rules,
    const struct control_peer *peer);

/* The command with that text, or CONTROL_COUNT. */
NODISCARD enum control_command control_find(const char *text);

/* "sesscache info" */
NODISCARD const char *control_text(enum control_command command);

#endif
