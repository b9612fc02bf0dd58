/* notify - tells the service manager how we are (the sd_notify protocol). */
#ifndef MASTER_NOTIFY_H
#define MASTER_NOTIFY_H

/* Takes the manager's address from the environment, and out of it. */
void notify_init(void);

/* Serving, with so many workers; also ends a reload. */
void notify_ready(unsigned int workers);
void notify_reloading(void);
void notify_stopping(void);

/* One line about what goes on. */
void notify_status(const char *text);

#endif
