/* control_actions - what the commands of the control socket do. */
#ifndef MASTER_CONTROL_CONTROL_ACTIONS_H
#define MASTER_CONTROL_CONTROL_ACTIONS_H

#include "master/control/control.h"
#include "master/master.h"

/* Opens the control socket of the running configuration; 0, or -1, logged. */
NODISCARD int control_actions_start(struct master *master);

/*
 * A reload is over: tells who waits for it.  errors NULL: it worked.  control
 * may be NULL.
 */
void control_reload_done(struct control *control,
    const struct conf_errors *errors);

/* The server stops: whoever waits is told so. */
void control_stopping(struct control *control);

#endif
