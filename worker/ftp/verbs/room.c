#include "worker/ftp/verbs/room.h"

#include <inttypes.h>
#include <stdio.h>

static bool
is_late(const struct fs_quota_part *part, int64_t now)
{
	return (part->soft != 0 && part->used > part->soft &&
	    part->until != 0 && part->until <= now);
}

static uint64_t
left(const struct fs_quota_part *part, int64_t now)
{
	if (is_late(part, now))
		return (0);
	if (part->hard == 0)
		return (UINT64_MAX);
	return (part->used >= part->hard ? 0 : part->hard - part->used);
}

static void
bound(uint64_t *room, bool *by_quota, uint64_t quota)
{
	if (quota >= *room)
		return;
	*room = quota;
	*by_quota = true;
}

static bool
has(const struct msg_fs_room *facts, unsigned int kind)
{
	return ((facts->quotas & (1u << kind)) != 0);
}

struct room
room_of(const struct msg_fs_room *facts)
{
	struct room room = { facts->bytes, facts->files, false, false };
	const struct fs_quota *quota;
	unsigned int i;

	for (i = 0; i < FS_QUOTA_KINDS; i++) {
		if (!has(facts, i))
			continue;
		quota = &facts->quota[i];
		bound(&room.bytes, &room.bytes_by_quota,
		    left(&quota->bytes, facts->now));
		bound(&room.files, &room.files_by_quota,
		    left(&quota->files, facts->now));
	}
	return (room);
}

bool
room_has_quota(const struct msg_fs_room *facts)
{
	return (has(facts, FS_QUOTA_USER) || has(facts, FS_QUOTA_GROUP));
}

static void
limit_text(char *out, size_t size, const char *name, uint64_t limit)
{
	if (limit == 0)
		(void)snprintf(out, size, "no %s limit", name);
	else
		(void)snprintf(out, size, "%s limit %" PRIu64, name, limit);
}

void
room_text(const struct fs_quota_part *part, const char *what, int64_t now,
    char out[ROOM_TEXT_MAX])
{
	char soft[48], hard[48], time[48] = "";

	limit_text(soft, sizeof(soft), "soft", part->soft);
	limit_text(hard, sizeof(hard), "hard", part->hard);
	if (is_late(part, now))
		(void)snprintf(time, sizeof(time), ", over it for too long");
	else if (part->until > now)
		(void)snprintf(time, sizeof(time), ", %" PRIu64 " s are left",
		    (uint64_t)part->until - (uint64_t)now);
	(void)snprintf(out, ROOM_TEXT_MAX, "%s: %" PRIu64 " used, %s, %s%s",
	    what, part->used, soft, hard, time);
}
