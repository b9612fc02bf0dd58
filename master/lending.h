/*
 * lending - the sockets of a slot whose worker does not stay alive.
 *
 * The kernel goes on to hand them connections.  While such a slot waits for
 * its next worker, or its worker hangs, another one of the same configuration
 * accepts on its sockets, too, and gives them back when the slot has a worker
 * that is ready and answers.
 */
#ifndef MASTER_LENDING_H
#define MASTER_LENDING_H

struct process;
struct supervisor;

/* Lends and takes back what is due; to be called when anything has changed. */
void lending_review(struct supervisor *supervisor);

/* The process has gone, and what it had borrowed with it. */
void lending_forget(const struct process *process);

#endif
