/*
 * file_stamp - whether files are still what they were, without reading them.
 *
 * A number made of what stat() says: device, inode, size and times.  What is
 * missing, or cannot be looked at, has a stamp as well.
 */
#ifndef MASTER_KEYS_FILE_STAMP_H
#define MASTER_KEYS_FILE_STAMP_H

#include <stdint.h>

#include "shm/base/attr.h"

#define FILE_STAMP_BEGIN UINT64_C(14695981039346656037)

/* The stamp so far, with that of the file at path added. */
NODISCARD uint64_t file_stamp(uint64_t stamp, const char *path);

/* The same with a directory and the files in it, of which some thousands. */
NODISCARD uint64_t file_stamp_folder(uint64_t stamp, const char *path);

#endif
