#include "master/service_users.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "shm/base/process.h"

static void
find(struct service_user *user, const char *key, const char *name,
    const char *path, struct conf_errors *errors)
{
	int error;

	error = process_find_user(name, &user->uid, &user->gid);
	if (error == ENOENT)
		conf_errors_add(errors, path, 0, 0,
		    "%s: there is no user \"%s\" (systemd-sysusers makes the "
		    "users of ftpsd from its sysusers.d file)",
		    key, name);
	else if (error != 0)
		conf_errors_add(errors, path, 0, 0,
		    "%s: the user \"%s\" cannot be looked up: %s", key, name,
		    strerror(error));
	else if (user->uid == 0 || user->gid == 0)
		conf_errors_add(errors, path, 0, 0,
		    "%s: \"%s\" is root, or of its group; this process runs "
		    "without privilege",
		    key, name);
}

void
service_users_find(struct service_users *users, const struct conf *conf,
    const char *path, struct conf_errors *errors)
{
	memset(users, 0, sizeof(*users));
	if (!process_is_root()) {
		users->worker.uid = geteuid();
		users->worker.gid = getegid();
		users->cache = users->worker;
		users->log = users->worker;
		users->ocsp = users->worker;
		return;
	}
	find(&users->worker, "user", conf->user, path, errors);
	find(&users->cache, "cache_user", conf->cache_user, path, errors);
	find(&users->log, "log_user", conf->log_user, path, errors);
	if (conf_needs_ocsp(conf) || conf->nnames > 0)
		find(&users->ocsp, "ocsp_user", conf->ocsp_user, path, errors);
}

bool
service_users_has(const struct service_users *users, uid_t uid)
{
	if (uid == geteuid())
		return (false);
	return (uid == users->worker.uid || uid == users->cache.uid ||
	    uid == users->log.uid ||
	    (users->ocsp.uid != 0 && uid == users->ocsp.uid));
}
