#include "master/keys/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/secret.h"

/* Good until the next call, as the header says. */
static char told[160];

static PRINTF_LIKE(1, 2) const char *tell(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(told, sizeof(told), format, arguments);
	va_end(arguments);
	return (told);
}

/* A number that no group has is one that anybody may be given one day. */
static bool
has_name(gid_t gid)
{
	static gid_t known;

	if (gid == known || gid == getegid())
		return (true);
	if (getgrgid(gid) == NULL)
		return (false);
	known = gid;
	return (true);
}

/* A key that others may read or replace is no secret any more. */
static const char *
check_secret(const struct stat *st, const struct file_rules *rules)
{
	if (st->st_uid != 0 && st->st_uid != geteuid() &&
	    st->st_uid != rules->service)
		return (tell("%s must belong to root or to who runs ftpsd, not "
			     "to user %u (chown root)",
		    rules->what, (unsigned int)st->st_uid));
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return (tell("%s must not be writable by group or others "
			     "(chmod go-w)",
		    rules->what));
	if ((st->st_mode & S_IROTH) != 0)
		return (tell("%s must not be readable by others (chmod o-r)",
		    rules->what));
	if ((st->st_mode & S_IRGRP) != 0 && !has_name(st->st_gid))
		return (tell("%s must not be readable by group %u, which has "
			     "no name (chmod g-r, or chgrp)",
		    rules->what, (unsigned int)st->st_gid));
	return (NULL);
}

/* What is wrong with the file, or NULL. */
static const char *
check(int fd, const char *path, const struct file_rules *rules, size_t *len)
{
	const char *why;
	struct stat st;

	if (fstat(fd, &st) == -1)
		return (strerror(errno));
	if (!S_ISREG(st.st_mode))
		return ("is not a regular file");
	if (st.st_size == 0)
		return ("is empty");
	if (st.st_size > (off_t)rules->max)
		return (tell("is larger than %zu KiB", rules->max / 1024));
	*len = (size_t)st.st_size;
	why = rules->secrets == NULL ? NULL : check_secret(&st, rules);
	if (why == NULL || !rules->lenient)
		return (why);
	log_warn("%s: %s; tls.allow_insecure_key_permissions lets it pass",
	    path, why);
	return (NULL);
}

int
file_text_new(struct file_text *text, size_t len, struct secret_pool *secrets)
{
	memset(text, 0, sizeof(*text));
	text->secret = secrets != NULL;
	text->data = secrets != NULL ? secret_pool_alloc(secrets, len + 1)
				     : malloc(len + 1);
	if (text->data == NULL)
		return (-1);
	text->data[len] = '\0';
	text->len = len;
	return (0);
}

/* What fstat() said is all that is read, should the file grow meanwhile. */
static int
fill(struct file_text *text, int fd)
{
	size_t at = 0;
	ssize_t n;

	while (at < text->len) {
		n = read(fd, text->data + at, text->len - at);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return (-1);
		if (n == 0)
			break;
		at += (size_t)n;
	}
	text->len = at;
	text->data[at] = '\0';
	return (0);
}

int
file_text_read(struct file_text *text, const char *path,
    const struct file_rules *rules, const char **why)
{
	size_t len = 0;
	int fd;

	memset(text, 0, sizeof(*text));
	*why = NULL;
	/* O_NONBLOCK: a FIFO by that name must not hold us up. */
	fd = openat(rules->folder, path,
	    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1) {
		*why = strerror(errno);
		return (-1);
	}
	*why = check(fd, path, rules, &len);
	if (*why == NULL &&
	    (file_text_new(text, len, rules->secrets) == -1 ||
		fill(text, fd) == -1))
		*why = strerror(errno);
	fd_close(&fd);
	if (*why == NULL)
		return (0);
	file_text_free(text);
	return (-1);
}

int
file_text_join(struct file_text *a, struct file_text *b,
    struct secret_pool *secrets)
{
	struct file_text joined;

	if (file_text_new(&joined, a->len + 1 + b->len,
		a->secret || b->secret ? secrets : NULL) == -1)
		return (-1);
	memcpy(joined.data, a->data, a->len);
	joined.data[a->len] = '\n';
	memcpy(joined.data + a->len + 1, b->data, b->len);
	file_text_free(a);
	file_text_free(b);
	*a = joined;
	return (0);
}

int
file_text_copy(struct file_text *text, const char *data, size_t len,
    struct secret_pool *secrets)
{
	if (file_text_new(text, len, secrets) == -1)
		return (-1);
	memcpy(text->data, data, len);
	return (0);
}

void
file_text_free(struct file_text *text)
{
	if (!text->secret)
		free(text->data);
	else if (text->data != NULL)
		secret_wipe(text->data, text->len);
	memset(text, 0, sizeof(*text));
}
