#include "master/generation.h"

#include <stdlib.h>
#include <time.h>

#include "shm/base/fd.h"

struct generation *
generation_new(uint32_t number, struct configuration *configuration)
{
	struct generation *generation;
	char *text;
	size_t len;

	generation = calloc(1, sizeof(*generation));
	if (generation == NULL)
		return (NULL);
	configuration->conf->generation = number;
	generation->number = number;
	generation->loaded = (uint64_t)time(NULL);
	generation->fd = -1;
	text = conf_dump(configuration->conf, &len);
	if (text != NULL)
		generation->fd = fd_sealed("ftpsd-settings", text, len);
	free(text);
	if (generation->fd == -1) {
		free(generation);
		return (NULL);
	}
	generation->configuration = configuration;
	return (generation);
}

void
generation_free(struct generation **generation)
{
	if (*generation == NULL)
		return;
	fd_close(&(*generation)->fd);
	configuration_free(&(*generation)->configuration);
	free(*generation);
	*generation = NULL;
}
