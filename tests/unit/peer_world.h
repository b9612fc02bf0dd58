/* peer_world - a worker that asks for certificates, and clients of all kinds.
 */
#ifndef TESTS_UNIT_PEER_WORLD_H
#define TESTS_UNIT_PEER_WORLD_H

#include "tests/unit/peer_rig.h"
#include "tests/unit/suites.h"

/* An authority, one below it, a strange one, and what they have issued. */
struct world {
	struct rig rig;
	struct peer_rig authority, below, other;
	struct peer_rig good, deep, strange, alone, expired, future, server,
	    revoked, brief;
	struct file_bytes ca, crl;
};

static char world_configured[] UNUSED = "configured";

static inline void
world_make(struct world *world)
{
	static const struct peer_shape plain,
	    authority = { .authority = true },
	    expired = { .begins = -7200, .ends = -3600 },
	    future = { .begins = 3600, .ends = 7200 },
	    brief = { .begins = -60, .ends = 2 },
	    server = { .extension = "extendedKeyUsage=serverAuth" };

	peer_make(&world->authority, NULL, "authority", -1, &authority);
	peer_make(&world->below, &world->authority, "below", -1, &authority);
	peer_make(&world->other, NULL, "other", -1, &authority);
	peer_make(&world->good, &world->authority, "alice", -1, &plain);
	peer_make(&world->deep, &world->below, "deep", -1, &plain);
	peer_make(&world->strange, &world->other, "alice", -1, &plain);
	peer_make(&world->alone, NULL, "alice", -1, &plain);
	peer_make(&world->expired, &world->authority, "alice", -1, &expired);
	peer_make(&world->future, &world->authority, "alice", -1, &future);
	peer_make(&world->server, &world->authority, "alice", -1, &server);
	peer_make(&world->revoked, &world->authority, "alice", -1, &plain);
	peer_make(&world->brief, &world->authority, "alice", -1, &brief);
	world->ca = peer_pem(&world->authority);
}

/* All hosts ask for certificates. */
static inline void
world_start(struct world *world, bool tickets)
{
	struct rig *rig = &world->rig;
	size_t i;

	memset(world, 0, sizeof(*world));
	log_set_level(LOG_LEVEL_ERROR);
	rig_prepare(rig, tickets);
	world_make(world);
	for (i = 0; i < RIG_HOSTS; i++) {
		rig->hosts[i].tls.verify_client = CONF_VERIFY_ON;
		rig->hosts[i].tls.verify_depth = 9;
		rig->hosts[i].tls.verify_order[0] = CONF_MECHANISM_CRL;
		rig->hosts[i].tls.nverify_order = 1;
		rig->keys[i].files[HOST_FILE_CA] = world->ca;
	}
	rig->tls = rig_worker(rig);
}

static inline void
world_end(struct world *world)
{
	rig_stop(&world->rig);
	peer_free_bytes(&world->ca);
	peer_free_bytes(&world->crl);
	peer_end(&world->authority);
	peer_end(&world->below);
	peer_end(&world->other);
	peer_end(&world->good);
	peer_end(&world->deep);
	peer_end(&world->strange);
	peer_end(&world->alone);
	peer_end(&world->expired);
	peer_end(&world->future);
	peer_end(&world->server);
	peer_end(&world->revoked);
	peer_end(&world->brief);
}

/* As after a start with another list; "" as pem: it is there and empty. */
static inline void
world_revoke(struct world *world, struct file_bytes crl)
{
	size_t i;

	tls_free(&world->rig.tls);
	peer_free_bytes(&world->crl);
	world->crl = crl;
	for (i = 0; i < RIG_HOSTS; i++) {
		world->rig.hosts[i].tls.ca_revocation_file = world_configured;
		world->rig.keys[i].files[HOST_FILE_CRL] = crl;
	}
	world->rig.tls = rig_worker(&world->rig);
}

static inline void
world_ask(struct world *world, enum conf_verify mode)
{
	size_t i;

	tls_free(&world->rig.tls);
	for (i = 0; i < RIG_HOSTS; i++)
		world->rig.hosts[i].tls.verify_client = mode;
	world->rig.tls = rig_worker(&world->rig);
}

#endif
