#include "worker/ftp/syntax/refusal.h"

#include <errno.h>
#include <stddef.h>

#include "shm/ipc/body.h"

/* store: the code when a file was to be made under the name. */
static const struct {
	int error;
	int code, store;
	const char *text;
} refusals[] = {
	{ ENOENT, 550, 553, "No such file or directory." },
	{ EACCES, 550, 553, "Permission denied." },
	{ EPERM, 550, 553, "Not permitted." },
	{ ENOTDIR, 550, 553, "Not a directory." },
	{ EISDIR, 550, 553, "It is a directory." },
	{ EEXIST, 550, 553, "It exists already." },
	{ ENOTEMPTY, 550, 553, "The directory is not empty." },
	{ EROFS, 550, 553, "It is read-only here." },
	{ FS_ERROR_UPLOAD_ONLY, 550, 553, "Files may only be added here." },
	{ FS_ERROR_CLEAR, 521, 521,
	    "Data connections must be protected here: send PROT P." },
	{ FS_ERROR_PRIVATE, 521, 521,
	    "Data connections must be in clear here: send PROT C." },
	{ FS_ERROR_MODE, 550, 550, "Permissions may not be changed here." },
	{ FS_ERROR_SYMLINK, 550, 550, "Symbolic links may not be made here." },
	{ ELOOP, 550, 553, "Too many symbolic links." },
	{ EXDEV, 550, 553, "It lies on another file system; copy it." },
	{ EMLINK, 550, 553, "Too many links." },
	{ ENAMETOOLONG, 553, 553, "The name is too long." },
	{ EINVAL, 553, 553, "The name is not allowed." },
	{ EILSEQ, 553, 553, "The name is not allowed." },
	{ ENXIO, 550, 553, "It is not a regular file." },
	{ ENODEV, 550, 553, "It is not a regular file." },
	{ EOPNOTSUPP, 550, 553, "It is not a regular file." },
	{ EBADF, 550, 553, "It is not a regular file." },
	{ ERANGE, 551, 554, "The file is shorter than the restart position." },
	{ ENOTUNIQ, 553, 553, "A file is named twice." },
	{ E2BIG, 550, 550, "It is too much at once." },
	{ EBUSY, 450, 450, "It is in use." },
	{ ETXTBSY, 450, 450, "It is in use." },
	{ EAGAIN, 450, 450, "The server is busy; try again." },
	{ ENOSPC, 452, 452, "No space is left." },
	{ EDQUOT, 552, 552, "The quota is exceeded." },
	{ EFBIG, 552, 552, "The file is too large." },
	{ EIO, 451, 451, "The storage failed." },
	{ ETIMEDOUT, 451, 451, "The storage gives no answer." },
	{ ESTALE, 451, 451, "The storage failed." },
	{ EPIPE, 451, 451, "The storage failed." },
	{ ENOTCONN, 451, 451, "The storage failed." },
	{ EHOSTDOWN, 451, 451, "The storage failed." },
	{ EREMOTEIO, 451, 451, "The storage failed." },
	{ EUCLEAN, 451, 451, "The storage failed." },
};

struct refusal
refusal_of(int error, enum refusal_kind kind)
{
	struct refusal refusal = { 451, "Local error; try again." };
	size_t i;

	for (i = 0; i < NITEMS(refusals); i++) {
		if (refusals[i].error != error)
			continue;
		refusal.code = kind == REFUSAL_STORE ? refusals[i].store
						     : refusals[i].code;
		refusal.text = refusals[i].text;
		break;
	}
	return (refusal);
}
