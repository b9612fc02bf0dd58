#include "master/login/settings.h"

#include <string.h>

#include "shm/base/fd.h"

void
settings_init(struct settings *settings)
{
	memset(settings, 0, sizeof(*settings));
}

static void
remove_at(struct settings *settings, size_t at)
{
	conf_free(&settings->items[at].conf);
	fd_close(&settings->items[at].fd);
	settings->count--;
	memmove(&settings->items[at], &settings->items[at + 1],
	    (settings->count - at) * sizeof(settings->items[0]));
}

void
settings_free(struct settings *settings)
{
	while (settings->count > 0)
		remove_at(settings, settings->count - 1);
}

int
settings_add(struct settings *settings, uint32_t generation, int fd)
{
	struct setting *added;
	struct conf *conf;

	conf = conf_receive(fd);
	if (conf == NULL || conf->nhosts == 0) {
		conf_free(&conf);
		fd_close(&fd);
		return (-1);
	}
	conf->generation = generation;
	settings_drop(settings, generation);
	if (settings->count == SETTINGS_MAX)
		remove_at(settings, 0);
	added = &settings->items[settings->count++];
	added->generation = generation;
	added->fd = fd;
	added->conf = conf;
	rules_init(&added->rules, conf);
	return (0);
}

void
settings_drop(struct settings *settings, uint32_t generation)
{
	size_t i;

	for (i = 0; i < settings->count; i++) {
		if (settings->items[i].generation != generation)
			continue;
		remove_at(settings, i);
		return;
	}
}

const struct setting *
settings_find(const struct settings *settings, uint32_t generation)
{
	size_t i;

	for (i = 0; i < settings->count; i++)
		if (settings->items[i].generation == generation)
			return (&settings->items[i]);
	return (NULL);
}

const struct setting *
settings_latest(const struct settings *settings)
{
	if (settings->count == 0)
		return (NULL);
	return (&settings->items[settings->count - 1]);
}

const struct conf_host *
setting_host(const struct setting *setting, uint32_t host)
{
	if (setting == NULL || host >= setting->conf->nhosts)
		return (NULL);
	return (&setting->conf->hosts[host]);
}
