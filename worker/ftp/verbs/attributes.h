/*
 * attributes - asks the agent to change a file's mode, group and times.
 */
#ifndef WORKER_FTP_VERBS_ATTRIBUTES_H
#define WORKER_FTP_VERBS_ATTRIBUTES_H

#include "worker/ftp/state.h"

/*
 * Changes what name means; group: the name of one, or "".  step gets the
 * answer.  What is not possible is answered here.
 */
enum flow attributes_change(struct session *session, const char *name,
    const struct fs_change *change, const char *group, const struct step *step);

/* Answers MFMT and what sets a time as it does: 213, and the time. */
extern const struct step attributes_stamped;

#endif
