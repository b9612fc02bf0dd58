#include "shm/cache/place.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/base/log.h"
#include "shm/base/process.h"
#include "shm/base/secret.h"

#define PREFIX   "env-"
#define PATH_LEN (CACHE_DIR_LEN + sizeof("/data.mdb"))

/* The files that LMDB makes, and what the workers may do with them. */
static const struct {
	const char *name;
	mode_t mode;
} files[] = {
	{ "data.mdb", 0640 },
	/* A reader registers itself there: without it none could read. */
	{ "lock.mdb", 0660 },
};

/* The cache directory, as we see it; "": we were not confined to it. */
static char cache_path[PATH_MAX];
static struct stat entered;

int
place_enter(void)
{
	if (cache_path[0] == '\0')
		return (0);
	return (
	    chdir(cache_path) == -1 || stat(".", &entered) == -1 ? errno : 0);
}

int
place_confine(const char *run_directory)
{
	int error;

	(void)snprintf(cache_path, sizeof(cache_path), "%s/cache",
	    process_is_root() ? "" : run_directory);
	if (process_root(run_directory) == -1)
		return (-1);
	error = place_enter();
	if (error != 0)
		log_error("%s/cache: cannot enter the directory: %s",
		    run_directory, strerror(error));
	return (error == 0 ? 0 : -1);
}

bool
place_is_there(void)
{
	struct stat named;

	return (cache_path[0] == '\0' ||
	    (stat(cache_path, &named) == 0 && named.st_dev == entered.st_dev &&
		named.st_ino == entered.st_ino));
}

static void
file_path(char path[PATH_LEN], const char *name, const char *file)
{
	(void)snprintf(path, PATH_LEN, "%.*s/%s", CACHE_DIR_LEN - 1, name,
	    file);
}

int
place_make(char name[CACHE_DIR_LEN])
{
	uint64_t number;

	secret_random(&number, sizeof(number));
	(void)snprintf(name, CACHE_DIR_LEN, PREFIX "%016llx",
	    (unsigned long long)number);
	return (mkdir(name, 0700) == -1 ? errno : 0);
}

int
place_share(const char *name)
{
	char path[PATH_LEN];
	size_t i;

	/* By name: opening and closing the files would drop LMDB's locks. */
	for (i = 0; i < NITEMS(files); i++) {
		file_path(path, name, files[i].name);
		if (chmod(path, files[i].mode) == -1)
			return (errno);
	}
	return (chmod(name, 0710) == -1 ? errno : 0);
}

bool
place_same(const char *name, struct place_files *known)
{
	char path[PATH_LEN];
	struct stat st;
	size_t i;

	for (i = 0; i < NITEMS(files); i++) {
		file_path(path, name, files[i].name);
		if (lstat(path, &st) == -1)
			return (false);
		if (known->inodes[i] == 0)
			known->inodes[i] = st.st_ino;
		if (st.st_ino != known->inodes[i] ||
		    st.st_size < known->sizes[i])
			return (false);
		known->sizes[i] = st.st_size;
	}
	return (true);
}

void
place_remove(const char *name)
{
	char path[PATH_LEN];
	size_t i;

	for (i = 0; i < NITEMS(files); i++) {
		file_path(path, name, files[i].name);
		if (unlink(path) == -1 && errno != ENOENT)
			log_warn("session cache: %s: cannot remove it: %s",
			    path, strerror(errno));
	}
	if (rmdir(name) == -1 && errno != ENOENT)
		log_warn("session cache: %s: cannot remove it: %s", name,
		    strerror(errno));
}

void
place_clean(void)
{
	const struct dirent *entry;
	DIR *here;

	here = opendir(".");
	if (here == NULL) {
		log_warn("session cache: cannot look for what was left: %s",
		    strerror(errno));
		return;
	}
	while ((entry = readdir(here)) != NULL)
		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0 &&
		    strlen(entry->d_name) < CACHE_DIR_LEN)
			place_remove(entry->d_name);
	closedir(here);
}
