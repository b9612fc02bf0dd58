#include "shm/conf/load.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shm/base/fd.h"
#include "shm/base/log.h"

#define TRIM_BYTES ((size_t)64 * 1024) /* fewer leave nothing to speak of */

static const struct place nowhere = { 0, 0, 0 };

long
load_add_file(struct load *load, const char *name)
{
	struct load_file *files;

	if (load->nfiles >= LOAD_FILES_MAX) {
		report_add(load, nowhere, "more than %d files", LOAD_FILES_MAX);
		return (-1);
	}
	files = realloc(load->files, (load->nfiles + 1) * sizeof(*files));
	if (files != NULL) {
		load->files = files;
		memset(&files[load->nfiles], 0, sizeof(*files));
		files[load->nfiles].name = strdup(name);
	}
	if (files == NULL || files[load->nfiles].name == NULL) {
		report_no_memory(load);
		return (-1);
	}
	return ((long)load->nfiles++);
}

/* --- one file ------------------------------------------------------------- */

static bool
was_read(const struct load *load, size_t file)
{
	size_t i;

	for (i = 0; i < file; i++)
		if (load->files[i].dev == load->files[file].dev &&
		    load->files[i].ino == load->files[file].ino)
			return (true);
	return (false);
}

static void
unreadable(struct load *load, size_t file, const char *why)
{
	struct place place = { 0, 0, (uint16_t)file };

	load->partial = true;
	report_add(load, place, "cannot be read: %s", why);
}

/* Opening must not wait for a FIFO's writer, nor have effects on a device. */
static void
read_open_file(struct load *load, size_t file, int fd)
{
	struct source source = { .file = (uint16_t)file,
		.fd = fd,
		.limit = LOAD_FILE_BYTES };
	struct stat st;

	if (fstat(fd, &st) == -1) {
		unreadable(load, file, strerror(errno));
		return;
	}
	if (!S_ISREG(st.st_mode)) {
		unreadable(load, file, "it is not a regular file");
		return;
	}
	load->files[file].dev = st.st_dev;
	load->files[file].ino = st.st_ino;
	if (st.st_size > (off_t)LOAD_FILE_BYTES)
		unreadable(load, file, "it is larger than 16 MiB");
	else if (!was_read(load, file))
		reader_read(load, &source);
}

void
load_file(struct load *load, const char *path)
{
	long file;
	int fd;

	file = load_add_file(load, path);
	if (file == -1)
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1) {
		unreadable(load, (size_t)file, strerror(errno));
		return;
	}
	read_open_file(load, (size_t)file, fd);
	fd_close(&fd);
}

/* --- all of it ------------------------------------------------------------ */

static void
start(struct load *load, struct conf_errors *errors)
{
	memset(load, 0, sizeof(*load));
	memset(errors, 0, sizeof(*errors));
	load->report.errors = errors;
	load->report.notices = &load->notices;
}

/*
 * The trees of thousands of hosts are larger than what is made of them, and a
 * process reads settings once and then lives for months.
 */
static void
free_trees(struct load *load)
{
	size_t i;

	for (i = 0; i < load->nfiles; i++)
		free(load->files[i].name);
	free(load->files);
	mentions_free(load->mentions, load->nmentions);
	arena_free(&load->arena);
	if (load->bytes >= TRIM_BYTES)
		(void)malloc_trim(0);
}

/* Makes the configuration of what was read, unless there is a mistake. */
static struct conf *
finish(struct load *load)
{
	struct conf *conf = NULL;

	if (!load->report.no_memory && !load->hopeless && load->nfiles > 0)
		conf = build_conf(load);
	report_finish(load);
	if (load->report.count == 0 && conf != NULL)
		mentions_move(load, conf);
	if (load->report.count > 0)
		conf_free(&conf);
	if (conf != NULL)
		conf->notices = load->notices;
	else
		conf_errors_free(&load->notices);
	free_trees(load);
	return (conf);
}

struct conf *
conf_load(const char *path, struct conf_errors *errors)
{
	struct load load;

	start(&load, errors);
	load.includes = true;
	load_file(&load, path);
	include_files(&load);
	return (finish(&load));
}

struct conf *
conf_parse(const char *name, const char *text, size_t len,
    struct conf_errors *errors)
{
	struct source source = { .file = 0,
		.fd = -1,
		.text = text,
		.len = len,
		.limit = CONF_BYTES_MAX };
	struct load load;

	start(&load, errors);
	if (load_add_file(&load, name) == 0)
		reader_read(&load, &source);
	return (finish(&load));
}

struct conf *
conf_receive(int fd)
{
	struct conf_errors errors = { NULL, 0 };
	struct conf *conf;
	char *text;
	size_t len;

	text = fd_read_sealed(fd, (size_t)CONF_BYTES_MAX, &len);
	if (text == NULL) {
		log_error("cannot read the settings: %s", strerror(errno));
		return (NULL);
	}
	conf = conf_parse("settings", text, len, &errors);
	if (conf == NULL)
		log_error("cannot understand the settings: %s",
		    errors.count > 0 ? errors.items[0].text : "no reason");
	conf_errors_free(&errors);
	free(text);
	return (conf);
}
