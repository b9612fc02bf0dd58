/* pid_file - says who runs, and keeps a second one from running. */
#ifndef MASTER_PID_FILE_H
#define MASTER_PID_FILE_H

#include "shm/base/attr.h"

/*
 * Locks the file at path and writes our pid into it.  Returns the descriptor
 * that holds the lock, or -1 after logging why: above all because another
 * process holds it.  What a dead process left is taken over, but no file of
 * another user's or with other names, which would lose what it holds.
 */
NODISCARD int pid_file_take(const char *path);

/* Removes the file and gives up the lock. */
void pid_file_release(const char *path, int *fd);

#endif
