/*
 * control_tls - the commands `tls info` and `tls check`: what is known of
 * certificates, and what has been counted.
 *
 * What certificates say comes from the process that checks them; nobody here
 * looks into one.
 */
#ifndef MASTER_CONTROL_CONTROL_TLS_H
#define MASTER_CONTROL_CONTROL_TLS_H

#include "master/control/control.h"
#include "master/master.h"

/* Answers, in as many lines as there is to say. */
void control_tls_request(struct control_client *client, struct master *master);

#endif
