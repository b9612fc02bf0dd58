#include "worker/agent/temporary.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/secret.h"

#define PREFIX     ".ftpsd."
#define SUFFIX     ".part"
#define PREFIX_LEN (sizeof(PREFIX) - 1)
#define SUFFIX_LEN (sizeof(SUFFIX) - 1)
#define DIGITS     (TEMPORARY_NAME_LEN - PREFIX_LEN - SUFFIX_LEN)
#define TRIES      10

bool
temporary_is_name(const char *name)
{
	return (strlen(name) == TEMPORARY_NAME_LEN &&
	    memcmp(name, PREFIX, PREFIX_LEN) == 0 &&
	    strspn(name + PREFIX_LEN, "0123456789abcdef") == DIGITS &&
	    strcmp(name + PREFIX_LEN + DIGITS, SUFFIX) == 0);
}

static int
make(int directory, uint64_t number, char name[TEMPORARY_NAME_LEN + 1],
    bool lock)
{
	int fd;

	(void)snprintf(name, TEMPORARY_NAME_LEN + 1, PREFIX "%016llx" SUFFIX,
	    (unsigned long long)number);
	fd = openat(directory, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC,
	    S_IRUSR | S_IWUSR);
	/* Where there are no locks, age alone tells what is left behind. */
	if (fd != -1 && lock)
		(void)flock(fd, LOCK_EX | LOCK_NB);
	return (fd);
}

int
temporary_new(int directory, char name[TEMPORARY_NAME_LEN + 1], bool lock)
{
	uint64_t number;
	int i, fd = -1;

	for (i = 0; i < TRIES && fd == -1; i++) {
		secret_random(&number, sizeof(number));
		fd = make(directory, number, name, lock);
		if (fd == -1 && errno != EEXIST)
			return (-1);
	}
	return (fd);
}

/* FNV-1a: whom two names meet in costs the second one another try. */
int
temporary_claim(int directory, const char *target,
    char name[TEMPORARY_NAME_LEN + 1])
{
	uint64_t number = UINT64_C(0xcbf29ce484222325);

	for (; *target != '\0'; target++)
		number =
		    (number ^ (unsigned char)*target) * UINT64_C(0x100000001b3);
	return (make(directory, number, name, true));
}

static bool
is_left_behind(int fd, time_t age)
{
	struct stat st;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid() || st.st_nlink != 1 ||
	    st.st_mtime > time(NULL) - age)
		return (false);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return (true);
	return (errno != EWOULDBLOCK && age >= TEMPORARY_AGE_LISTED);
}

void
temporary_sweep(int directory, const char *name, time_t age)
{
	struct stat st;
	int fd;

	if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !S_ISREG(st.st_mode))
		return;
	fd = openat(directory, name,
	    O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return;
	if (is_left_behind(fd, age))
		(void)unlinkat(directory, name, 0);
	fd_close(&fd);
}

bool
temporary_sweep_all(int directory)
{
	struct dirent *entry;
	bool alone = true;
	DIR *dir;
	int fd;

	fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd == -1 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		fd_close(&fd);
		return (false);
	}
	while (alone && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		alone = temporary_is_name(entry->d_name);
		if (alone)
			temporary_sweep(directory, entry->d_name,
			    TEMPORARY_AGE_BLOCKS);
	}
	closedir(dir);
	return (alone);
}
