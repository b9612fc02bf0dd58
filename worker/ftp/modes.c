#include "worker/ftp/modes.h"

#include "shm/ipc/body.h"
#include "worker/ftp/policy.h"

uint32_t
modes_new(const struct session *session)
{
	if (!session->umask_set)
		return (0777);
	return (FS_MODE_OWN | (0777u & ~(uint32_t)session->umask));
}

uint32_t
modes_umask(const struct session *session)
{
	const uint32_t *umask =
	    policy_find(session, session->cwd, CONF_FIELD(umask));
	const bool *may_change =
	    policy_find(session, session->cwd, CONF_FIELD(allow_chmod));

	if (!session->umask_set)
		return (*umask);
	return (*may_change ? session->umask : *umask | session->umask);
}
