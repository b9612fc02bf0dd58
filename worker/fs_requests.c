/* What a session can ask of its agent, as messages. */
#include <errno.h>
#include <string.h>

#include "worker/fs.h"
#include "worker/fs_ask.h"

/*
 * The length of a path that may be sent, or 0 with errno.  The FTP code has
 * made it absolute; the agent looks at it again.
 */
static uint32_t
path_length(const char *path)
{
	size_t len = strlen(path);

	if (len > FS_PATH_MAX) {
		errno = ENAMETOOLONG;
		return (0);
	}
	if (path[0] != '/') {
		errno = EINVAL;
		return (0);
	}
	return ((uint32_t)len);
}

/*
 * A question about one path; the body says its length, which is 0 where it was
 * no good.
 */
static uint32_t
ask_path(struct fs *fs, enum msg_type type, void *body, size_t body_len,
    struct channel_piece path)
{
	struct fs_question question = {
		.type = type,
		.body = body,
		.body_len = body_len,
		.pieces = { path },
		.fd = -1,
	};

	return (path.len == 0 ? 0 : fs_ask(fs, &question));
}

static uint32_t
ask_about(struct fs *fs, enum msg_type type, const char *path, uint32_t mode,
    enum fs_data data)
{
	struct msg_fs_path body = {
		.path_len = path_length(path),
		.mode = mode,
		.data = data,
	};

	return (ask_path(fs, type, &body, sizeof(body),
	    (struct channel_piece){ path, body.path_len }));
}

uint32_t
fs_stat(struct fs *fs, const char *path)
{
	return (ask_about(fs, MSG_FS_STAT, path, 0, FS_DATA_NONE));
}

uint32_t
fs_stat_self(struct fs *fs, const char *path)
{
	return (ask_about(fs, MSG_FS_STAT, path, FS_STAT_SELF, FS_DATA_NONE));
}

uint32_t
fs_stat_upload(struct fs *fs, const char *path, enum fs_data data)
{
	return (ask_about(fs, MSG_FS_STAT, path, FS_STAT_UPLOAD, data));
}

uint32_t
fs_chdir(struct fs *fs, const char *path)
{
	return (ask_about(fs, MSG_FS_CHDIR, path, 0, FS_DATA_NONE));
}

uint32_t
fs_space(struct fs *fs, const char *path, uint64_t wanted)
{
	struct msg_fs_space body = {
		.path_len = path_length(path),
		.wanted = wanted,
	};

	return (ask_path(fs, MSG_FS_SPACE, &body, sizeof(body),
	    (struct channel_piece){ path, body.path_len }));
}

static uint32_t
ask_open(struct fs *fs, const char *path, struct msg_fs_open body)
{
	body.path_len = path_length(path);
	return (ask_path(fs, MSG_FS_OPEN, &body, sizeof(body),
	    (struct channel_piece){ path, body.path_len }));
}

uint32_t
fs_open(struct fs *fs, const char *path, uint64_t offset, enum fs_data data)
{
	return (ask_open(fs, path,
	    (struct msg_fs_open){ .offset = offset, .data = data }));
}

uint32_t
fs_open_sum(struct fs *fs, const char *path, uint64_t offset, uint64_t end)
{
	return (ask_open(fs, path,
	    (struct msg_fs_open){ .offset = offset, .end = end }));
}

uint32_t
fs_peek(struct fs *fs, const char *path, uint32_t most)
{
	return (ask_about(fs, MSG_FS_PEEK, path, most, FS_DATA_NONE));
}

uint32_t
fs_mkdir(struct fs *fs, const char *path, uint32_t mode)
{
	return (ask_about(fs, MSG_FS_MKDIR, path, mode, FS_DATA_NONE));
}

uint32_t
fs_rmdir(struct fs *fs, const char *path)
{
	return (ask_about(fs, MSG_FS_RMDIR, path, 0, FS_DATA_NONE));
}

uint32_t
fs_unlink(struct fs *fs, const char *path)
{
	return (ask_about(fs, MSG_FS_UNLINK, path, 0, FS_DATA_NONE));
}

uint32_t
fs_create(struct fs *fs, const struct fs_create *create)
{
	struct msg_fs_create body = {
		.how = create->how,
		.offset = create->offset,
		.mode = create->mode,
		.path_len = path_length(create->path),
		.data = create->data,
	};

	return (ask_path(fs, MSG_FS_CREATE, &body, sizeof(body),
	    (struct channel_piece){ create->path, body.path_len }));
}

uint32_t
fs_store(struct fs *fs, const struct fs_create *create,
    enum fs_durability durability, const uint8_t *bytes, uint32_t size)
{
	struct msg_fs_store body = {
		.how = create->how,
		.offset = create->offset,
		.mode = create->mode,
		.durability = durability,
		.path_len = path_length(create->path),
		.data = create->data,
		.size = size,
	};
	struct fs_question question = {
		.type = MSG_FS_STORE,
		.body = &body,
		.body_len = sizeof(body),
		.pieces = { { create->path, body.path_len }, { bytes, size } },
		.fd = -1,
	};

	return (body.path_len == 0 ? 0 : fs_ask(fs, &question));
}

uint32_t
fs_commit(struct fs *fs, uint32_t handle, enum fs_durability durability,
    uint64_t size)
{
	struct msg_fs_commit body = {
		.handle = handle,
		.durability = durability,
		.size = size,
	};
	struct fs_question question = {
		.type = MSG_FS_COMMIT,
		.body = &body,
		.body_len = sizeof(body),
		.fd = -1,
	};

	/* Its agent has died: a number means nothing to another one. */
	if (!fs_take_handle(fs, handle)) {
		errno = EIO;
		return (0);
	}
	return (fs_ask(fs, &question));
}

uint32_t
fs_list(struct fs *fs, const struct fs_list *list)
{
	size_t prefix_len = strlen(list->prefix);
	size_t user_len = strlen(list->user);
	size_t group_len = strlen(list->group);
	struct msg_fs_list body = {
		.format = list->format,
		.flags = list->flags,
		.facts = list->facts,
		.order = list->order,
		.path_len = path_length(list->path),
		.pattern = (uint32_t)list->pattern,
		.prefix_len = (uint32_t)prefix_len,
		.sorted_max = list->sorted_max,
		.entries_max = list->entries_max,
		.directories_max = list->directories_max,
		.depth_max = list->depth_max,
		.data = list->data,
		.uid = list->uid,
		.gid = list->gid,
		.user_len = (uint16_t)user_len,
		.group_len = (uint16_t)group_len,
	};
	char names[2 * LOGIN_NAME_MAX_LEN];
	struct fs_question question = {
		.type = list->pipe == -1 ? MSG_FS_LIST_SHORT : MSG_FS_LIST,
		.body = &body,
		.body_len = sizeof(body),
		.pieces = { { list->path, body.path_len },
		    { list->prefix, prefix_len },
		    { names, user_len + group_len } },
		.fd = list->pipe,
	};

	if (body.path_len == 0)
		return (0);
	if (prefix_len > FS_PATH_MAX || user_len > LOGIN_NAME_MAX_LEN ||
	    group_len > LOGIN_NAME_MAX_LEN) {
		errno = ENAMETOOLONG;
		return (0);
	}
	memcpy(names, list->user, user_len);
	memcpy(names + user_len, list->group, group_len);
	return (fs_ask(fs, &question));
}

uint32_t
fs_rename(struct fs *fs, const char *from, const char *to)
{
	struct msg_fs_rename body = {
		.from_len = path_length(from),
	};
	struct fs_question question = {
		.type = MSG_FS_RENAME,
		.body = &body,
		.body_len = sizeof(body),
		.fd = -1,
	};

	if (body.from_len == 0)
		return (0);
	body.to_len = path_length(to);
	if (body.to_len == 0)
		return (0);
	question.pieces[0] = (struct channel_piece){ from, body.from_len };
	question.pieces[1] = (struct channel_piece){ to, body.to_len };
	return (fs_ask(fs, &question));
}

uint32_t
fs_change(struct fs *fs, const char *path, const struct fs_change *change,
    const char *group)
{
	size_t group_len = strlen(group);
	struct msg_fs_change body = {
		.path_len = path_length(path),
		.group_len = (uint32_t)group_len,
		.change = *change,
	};
	struct fs_question question = {
		.type = MSG_FS_CHANGE,
		.body = &body,
		.body_len = sizeof(body),
		.pieces = { { path, body.path_len }, { group, group_len } },
		.fd = -1,
	};

	if (group_len > LOGIN_NAME_MAX_LEN) {
		errno = ENODATA;
		return (0);
	}
	return (body.path_len == 0 ? 0 : fs_ask(fs, &question));
}

uint32_t
fs_symlink(struct fs *fs, const char *path, const char *target)
{
	size_t target_len = strlen(target);
	struct msg_fs_symlink body = {
		.path_len = path_length(path),
		.target_len = (uint32_t)target_len,
	};
	struct fs_question question = {
		.type = MSG_FS_SYMLINK,
		.body = &body,
		.body_len = sizeof(body),
		.pieces = { { path, body.path_len }, { target, target_len } },
		.fd = -1,
	};

	if (target_len > FS_PATH_MAX) {
		errno = ENAMETOOLONG;
		return (0);
	}
	return (body.path_len == 0 ? 0 : fs_ask(fs, &question));
}

uint32_t
fs_copy(struct fs *fs, const struct fs_copy *copy)
{
	struct msg_fs_copy body = {
		.flags = copy->flags,
		.mode = copy->mode,
		.durability = copy->durability,
		.path_len = path_length(copy->target),
		.sources_len = (uint32_t)copy->sources_len,
	};
	struct fs_question question = {
		.type = MSG_FS_COPY,
		.body = &body,
		.body_len = sizeof(body),
		.pieces = { { copy->target, body.path_len },
		    { copy->sources, copy->sources_len } },
		.fd = -1,
	};

	if (body.path_len == 0)
		return (0);
	if (copy->sources_len > FS_COPY_LEN_MAX) {
		errno = ENAMETOOLONG;
		return (0);
	}
	return (fs_ask(fs, &question));
}

uint32_t
fs_erase(struct fs *fs, const char *path)
{
	return (ask_about(fs, MSG_FS_ERASE, path, 0, FS_DATA_NONE));
}
