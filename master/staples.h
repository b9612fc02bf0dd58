/*
 * staples - tells the ocsp process which certificates are to be stapled.
 *
 * Nobody here looks into them: certificates go there as the PEM text that
 * their files have, without keys.
 */
#ifndef MASTER_STAPLES_H
#define MASTER_STAPLES_H

struct master;

/*
 * Sends those of the configuration in force, if any host has some and the
 * process is ready; and makes the directory where it keeps what it gets.
 */
void staples_tell(struct master *master);

#endif
