#include "worker/ftp/transfer/hash_upload.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "shm/base/buf.h"
#include "worker/ftp/transfer/transfer.h"
#include "worker/ftp/verbs/hash.h"

#define TEXT_MAX 1024 /* all algorithms */

bool
hash_upload_wanted(const struct session *session, unsigned int kinds)
{
	enum fs_create_how how = session->transfer->how;

	return (kinds != 0 &&
	    (how == FS_CREATE_REPLACE || how == FS_CREATE_UNIQUE));
}

void
hash_upload_begin(struct session *session, unsigned int kinds)
{
	/* Without memory for it, the upload goes on. */
	if (hash_upload_wanted(session, kinds))
		work_add_sums(session->transfer->work, checksum_set_new(kinds));
}

/* "SHA-256:0123... CRC32:0123..."; NULL when memory is short. */
static char *
text_of(const struct checksum_texts *texts)
{
	char *text = NULL;
	struct buf buf;
	size_t i;

	buf_init(&buf, TEXT_MAX);
	for (i = 0; i < CHECKSUM_COUNT; i++)
		if (texts->text[i][0] != '\0' &&
		    buf_printf(&buf, "%s%s:%s", buf_len(&buf) > 0 ? " " : "",
			checksum_name((enum checksum_kind)i),
			texts->text[i]) == -1)
			break;
	if (i == CHECKSUM_COUNT)
		text = strndup((const char *)buf_data(&buf), buf_len(&buf));
	buf_free(&buf);
	return (text);
}

/*
 * What was written in place others may have written to as well.  The agent has
 * renamed the file, which changes it once more, and so it is looked at now.
 */
void
hash_upload_end(struct session *session)
{
	struct transfer *transfer = session->transfer;
	struct checksum_texts texts;
	struct checksum_set *sums;
	struct stat st;

	if (transfer->work == NULL)
		return;
	sums = work_sums(transfer->work);
	if (sums == NULL || checksum_set_end(sums, &texts) == -1)
		return;
	transfer->sums = text_of(&texts);
	if (!transfer->in_place && fstat(work_fd(transfer->work), &st) == 0)
		hash_remember(session, &st, &texts);
}
