/*
 * log_channel - sends this process's log records to the logger.
 *
 * One datagram a record over the descriptor FD_LOG; a full queue drops the
 * record and the next one that gets through says how many were lost.
 */
#ifndef SHM_IPC_LOG_CHANNEL_H
#define SHM_IPC_LOG_CHANNEL_H

/* Records of this process go to fd from now on; fd stays open for its life. */
void log_channel_start(int fd);

#endif
