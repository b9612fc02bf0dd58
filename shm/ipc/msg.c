#include "shm/ipc/msg.h"

#define R(role) ROLE_BIT(ROLE_##role)

static const struct msg_spec specs[MSG_COUNT] = {
	[MSG_NONE] = { "NONE", 0, 0, MSG_PHASE_ANY, 0, 0 },
#define MSG(name, from, to, phase, body, fds) \
	[MSG_##                               \
	    name] = { #name, from, to, MSG_PHASE_##phase, sizeof(body), fds },
#include "shm/ipc/msg.def"
#undef MSG
};

const struct msg_spec *
msg_check(const struct msg_arrival *arrival)
{
	const struct msg_spec *spec;

	if (arrival->type == MSG_NONE || arrival->type >= MSG_COUNT)
		return (NULL);
	spec = &specs[arrival->type];
	if ((spec->from & ROLE_BIT(arrival->from)) == 0 ||
	    (spec->to & ROLE_BIT(arrival->to)) == 0 ||
	    (spec->phase & arrival->phase) == 0)
		return (NULL);
	if (arrival->len < spec->body_len || arrival->fds != spec->fds)
		return (NULL);
	return (spec);
}

const char *
msg_name(uint32_t type)
{
	return (type < MSG_COUNT ? specs[type].name : "?");
}
