#include "worker/ftp/modes.h"

#include "worker/ftp/policy.h"

bool
modes_may_change(const struct session *session, const char *path)
{
	const bool *allowed =
	    policy_find(session, path, CONF_FIELD(allow_chmod));

	return (*allowed);
}

uint32_t
modes_umask(const struct session *session, const char *path)
{
	const uint32_t *umask = policy_find(session, path, CONF_FIELD(umask));

	if (!session->umask_set)
		return (*umask);
	if (modes_may_change(session, path))
		return (session->umask);
	return (*umask | session->umask);
}

uint32_t
modes_file(const struct session *session, const char *path)
{
	const uint32_t *mode =
	    policy_find(session, path, CONF_FIELD(file_mode));

	return (*mode & ~modes_umask(session, path));
}

uint32_t
modes_directory(const struct session *session, const char *path)
{
	return (0777 & ~modes_umask(session, path));
}
