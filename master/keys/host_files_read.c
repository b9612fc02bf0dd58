#include "master/keys/host_files_read.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/keys/file_stamp.h"
#include "master/keys/pem_pick.h"
#include "shm/base/fd.h"
#include "shm/base/log.h"
#include "shm/base/psk.h"

#define PSK_FILE_MAX ((size_t)4096)

/* A set while it is read. */
struct job {
	struct host_set *set;
	const struct host_set *older; /* NULL: none */
	const struct certificates_wish *wish;
	struct buf text;
	struct file_text lines; /* of shared keys; room for all */
	unsigned int blocks;
	bool failed;
};

static struct certificate_place
place_of(const struct certificates_wish *wish, const char *path)
{
	const struct conf_mention *mention = conf_mention(wish->conf, path);
	struct certificate_place place = { NULL, 0, 0 };

	if (mention != NULL) {
		place.file = mention->file;
		place.line = mention->line;
		place.column = mention->column;
	}
	return (place);
}

static void
mistake(struct job *job, const char *path, const char *text)
{
	struct certificate_place place = place_of(job->wish, path);

	job->failed = true;
	if (job->older != NULL)
		certificate_bad(&job->set->certificate, job->wish->errors, true,
		    path, text);
	else
		certificate_mistake(job->wish->errors, &place, path, text);
}

static const struct file_rules plain = { .folder = AT_FDCWD,
	.max = HOST_SET_BYTES };

/* --- one file ------------------------------------------------------------- */

static void
read_file(struct job *job, const char *path)
{
	struct file_text text;
	const char *why;
	int count;

	if (file_text_read(&text, path, &plain, &why) == -1) {
		mistake(job, path, why);
		return;
	}
	count = pem_pick(&job->text, job->set->source.kind, text.data, text.len,
	    path, &why);
	if (count == -1)
		mistake(job, path, why);
	else
		job->blocks += (unsigned int)count;
	file_text_free(&text);
}

/* --- a directory ---------------------------------------------------------- */

/* A file of a directory; links to the same one are read once. */
struct entry {
	char *name;
	dev_t device;
	ino_t inode;
};

struct folder {
	const char *path;
	int fd;
	struct entry *entries;
	size_t count;
};

static int
compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return (strcmp(x->name, y->name));
}

static void
skip(const struct folder *folder, const char *name, const char *why)
{
	char escaped[256];

	log_escape(escaped, sizeof(escaped), name, strlen(name));
	log_notice("%s/%s is left out: %s", folder->path, escaped, why);
}

/* Whether a file that came before it, by another name, is the same. */
static bool
is_read(const struct folder *folder, const struct stat *st)
{
	size_t i;

	for (i = 0; i < folder->count; i++)
		if (folder->entries[i].device == st->st_dev &&
		    folder->entries[i].inode == st->st_ino)
			return (true);
	return (false);
}

/* Adds the entry if it is a file; false: memory is short. */
static bool
add_entry(struct folder *folder, const char *name)
{
	struct entry *entries;
	struct stat st;

	if (name[0] == '.')
		return (true);
	if (fstatat(folder->fd, name, &st, 0) == -1) {
		skip(folder, name, strerror(errno));
		return (true);
	}
	if (!S_ISREG(st.st_mode)) {
		skip(folder, name, "it is not a regular file");
		return (true);
	}
	if (is_read(folder, &st))
		return (true);
	entries = realloc(folder->entries,
	    (folder->count + 1) * sizeof(*folder->entries));
	if (entries == NULL)
		return (false);
	folder->entries = entries;
	entries += folder->count;
	entries->name = strdup(name);
	entries->device = st.st_dev;
	entries->inode = st.st_ino;
	if (entries->name == NULL)
		return (false);
	folder->count++;
	return (true);
}

static const char *
list_entries(struct folder *folder, DIR *stream)
{
	const struct dirent *entry;

	while ((entry = readdir(stream)) != NULL) {
		if (folder->count == HOST_SET_FILES)
			return ("has too many files");
		if (!add_entry(folder, entry->d_name))
			return (strerror(ENOMEM));
	}
	if (folder->count > 0)
		qsort(folder->entries, folder->count, sizeof(*folder->entries),
		    compare_entries);
	return (NULL);
}

/* What is no such file is none of our business, but a word in the log. */
static const char *
read_entry(struct job *job, const struct folder *folder, const char *name)
{
	struct file_rules rules = plain;
	char path[PATH_MAX];
	struct file_text text;
	const char *why;
	bool full;
	int count;

	rules.folder = folder->fd;
	(void)snprintf(path, sizeof(path), "%s/%s", folder->path, name);
	if (file_text_read(&text, name, &rules, &why) == -1) {
		skip(folder, name, why);
		return (NULL);
	}
	count = pem_pick(&job->text, job->set->source.kind, text.data, text.len,
	    path, &why);
	full = count == -1 && errno == ENOBUFS;
	file_text_free(&text);
	if (full)
		return (why);
	if (count <= 0)
		skip(folder, name,
		    count == -1 ? why : "it has nothing of what is looked for");
	else
		job->blocks += (unsigned int)count;
	return (NULL);
}

static const char *
read_entries(struct job *job, struct folder *folder, DIR *stream)
{
	const char *why;
	size_t i;

	why = list_entries(folder, stream);
	for (i = 0; i < folder->count && why == NULL; i++)
		why = read_entry(job, folder, folder->entries[i].name);
	return (why);
}

static void
read_folder(struct job *job, const char *path)
{
	struct folder folder = { path, -1, NULL, 0 };
	const char *why;
	DIR *stream;
	size_t i;

	folder.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	stream = folder.fd == -1 ? NULL : fdopendir(folder.fd);
	why = stream == NULL ? strerror(errno)
			     : read_entries(job, &folder, stream);
	if (why != NULL)
		mistake(job, path, why);
	if (stream != NULL)
		(void)closedir(stream);
	else
		fd_close(&folder.fd);
	for (i = 0; i < folder.count; i++)
		free(folder.entries[i].name);
	free(folder.entries);
}

static const char *
missing(enum host_file kind)
{
	static const char *const texts[HOST_FILE_COUNT] = {
		[HOST_FILE_CA] = "has no certificate in PEM form",
		[HOST_FILE_CRL] = "has no revocation list in PEM form",
		[HOST_FILE_DH] = "has no DH parameters in PEM form",
		[HOST_FILE_SERVER_INFO] = "has no extensions in PEM form",
	};

	return (texts[kind]);
}

static void
read_blocks(struct job *job)
{
	const struct host_source *source = &job->set->source;
	struct host_set *set = job->set;
	size_t i;

	buf_init(&job->text, HOST_SET_BYTES);
	if (source->file != NULL)
		read_file(job, source->file);
	if (source->folder != NULL)
		read_folder(job, source->folder);
	for (i = 0; source->list != NULL && i < source->list->count; i++)
		read_file(job, source->list->items[i]);
	if (!job->failed && job->blocks == 0)
		mistake(job, set->certificate.name, missing(source->kind));
	if (!job->failed &&
	    file_text_new(&set->text, buf_len(&job->text), NULL) == -1)
		mistake(job, set->certificate.name, strerror(errno));
	if (!job->failed)
		memcpy(set->text.data, buf_data(&job->text), set->text.len);
	buf_free(&job->text);
}

/* --- keys that are shared ------------------------------------------------- */

/* The length of the key in the text, which is one word on one line; 0: no. */
static size_t
word_len(const struct file_text *text)
{
	size_t i, len = text->len;

	while (len > 0 &&
	    (text->data[len - 1] == '\n' || text->data[len - 1] == '\r'))
		len--;
	for (i = 0; i < len; i++)
		if ((unsigned char)text->data[i] <= ' ' ||
		    (unsigned char)text->data[i] > '~')
			return (0);
	return (len);
}

/* "identity key\n" at the end of the set's text, which has room for it. */
static void
add_shared_key(struct job *job, const char *item, struct secret_pool *scratch)
{
	struct file_rules rules = { .folder = AT_FDCWD,
		.max = PSK_FILE_MAX,
		.secrets = scratch,
		.what = "a shared key",
		.service = job->wish->service,
		.lenient = job->wish->conf->allow_insecure_key_permissions };
	struct file_text key, *text = &job->lines;
	const char *path, *why;
	size_t identity = 0, len;

	path = conf_pre_shared_key(item, &identity);
	if (file_text_read(&key, path, &rules, &why) == -1) {
		mistake(job, path, why);
		return;
	}
	len = word_len(&key);
	if (len == 0)
		mistake(job, path, "is not one line in hexadecimal");
	memcpy(text->data + text->len, item, identity);
	text->len += identity;
	text->data[text->len++] = ' ';
	memcpy(text->data + text->len, key.data, len);
	text->len += len;
	text->data[text->len++] = '\n';
	file_text_free(&key);
}

static void
read_shared_keys(struct job *job, struct secret_pool *secrets)
{
	const struct conf_strings *list = job->set->source.list;
	struct secret_pool scratch = { NULL };
	struct file_text *text = &job->set->text;
	size_t i, room;

	room = list->count * (PSK_IDENTITY_LEN_MAX + PSK_FILE_MAX + 2);
	if (file_text_new(&job->lines, room, &scratch) == -1) {
		mistake(job, job->set->certificate.name, strerror(errno));
		return;
	}
	job->lines.len = 0;
	for (i = 0; i < list->count; i++)
		add_shared_key(job, list->items[i], &scratch);
	if (!job->failed &&
	    file_text_copy(text, job->lines.data, job->lines.len, secrets) ==
		-1)
		mistake(job, job->set->certificate.name, strerror(errno));
	secret_pool_free(&scratch);
}

/* --- all of it ------------------------------------------------------------ */

uint64_t
host_set_stamp(const struct host_source *source)
{
	uint64_t stamp = FILE_STAMP_BEGIN;
	const char *path;
	size_t i, len;

	if (source->file != NULL)
		stamp = file_stamp(stamp, source->file);
	if (source->folder != NULL)
		stamp = file_stamp_folder(stamp, source->folder);
	for (i = 0; source->list != NULL && i < source->list->count; i++) {
		path = source->list->items[i];
		if (source->kind == HOST_FILE_PSK)
			path = conf_pre_shared_key(path, &len);
		stamp = file_stamp(stamp, path);
	}
	return (stamp);
}

void
host_set_free(struct host_set *set)
{
	file_text_free(&set->text);
	free(set->certificate.why);
}

void
host_set_fall_back(struct host_set *set, const struct host_set *older,
    const struct certificates_wish *wish, struct secret_pool *secrets)
{
	struct certificate *certificate = &set->certificate;

	file_text_free(&set->text);
	memset(&certificate->bytes, 0, sizeof(certificate->bytes));
	if (file_text_copy(&set->text, older->text.data, older->text.len,
		older->text.secret ? secrets : NULL) == -1) {
		certificate_mistake(wish->errors, &certificate->place,
		    certificate->name, "out of memory");
		return;
	}
	certificate->bytes.data = set->text.data;
	certificate->bytes.len = set->text.len;
	certificate->settled = true;
	certificate_still(certificate, &older->certificate);
}

static void
describe(struct host_set *set, const struct certificates_wish *wish)
{
	struct certificate *certificate = &set->certificate;
	size_t len;

	certificate->subject = (enum certificate_subject)(
	    CERTIFICATE_CA + (unsigned int)set->source.kind);
	certificate->flags = set->source.flags;
	certificate->name = set->source.file;
	if (certificate->name == NULL)
		certificate->name = set->source.folder;
	if (certificate->name == NULL)
		certificate->name = set->source.list->items[0];
	if (set->source.kind == HOST_FILE_PSK)
		certificate->name =
		    conf_pre_shared_key(certificate->name, &len);
	certificate->place = place_of(wish, certificate->name);
	certificate->stamp = host_set_stamp(&set->source);
}

void
host_set_read(struct host_set *set, const struct host_set *older,
    const struct certificates_wish *wish, struct secret_pool *secrets)
{
	struct certificate *certificate = &set->certificate;
	struct job job = { .set = set, .older = older, .wish = wish };

	describe(set, wish);
	if (wish->renew && older != NULL &&
	    older->certificate.stamp == certificate->stamp) {
		host_set_fall_back(set, older, wish, secrets);
		return;
	}
	if (set->source.kind == HOST_FILE_PSK)
		read_shared_keys(&job, secrets);
	else
		read_blocks(&job);
	if (job.failed) {
		file_text_free(&set->text);
		if (older != NULL)
			host_set_fall_back(set, older, wish, secrets);
		return;
	}
	certificate->bytes.data = set->text.data;
	certificate->bytes.len = set->text.len;
}
