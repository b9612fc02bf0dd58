/*
 * log_channel - sends this process's log records to the logger.
 *
 * One datagram a record over the descriptor FD_LOG; a full queue drops the
 * record and the next one that gets through says how many were lost.  A process
 * with many records may gather those of a moment in one datagram.
 */
#ifndef SHM_IPC_LOG_CHANNEL_H
#define SHM_IPC_LOG_CHANNEL_H

/* Records of this process go to fd from now on; fd stays open for its life. */
void log_channel_start(int fd);

/*
 * Records wait from now on; waiting() is called when the first one does, and
 * its owner calls log_channel_flush() soon.  Nothing waits behind a warning or
 * an error, nor at the level of debugging: should the process fail, that is
 * what explains it.
 */
void log_channel_gather(void (*waiting)(void *context), void *context);

/* Sends what waits. */
void log_channel_flush(void);

#endif
