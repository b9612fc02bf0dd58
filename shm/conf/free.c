#include <stdlib.h>

#include "shm/conf/index.h"
#include "shm/conf/varying.h"

void
release_fields(enum conf_where where, void *object)
{
	const struct value_type *type;
	size_t i;

	for (i = 0; i < conf_nkeys; i++) {
		type = &value_types[conf_keys[i].type];
		if (conf_keys[i].where == where && type->release != NULL)
			type->release(&conf_keys[i], object);
	}
}

void
free_host(struct conf_host *host)
{
	release_fields(CONF_IN_HOST, host);
	varying_free(&host->anonymous.settings);
}

void
conf_free(struct conf **conf)
{
	size_t i;

	if (*conf == NULL)
		return;
	for (i = 0; i < (*conf)->nhosts; i++)
		free_host(&(*conf)->hosts[i]);
	release_fields(CONF_IN_SERVER, *conf);
	conf_errors_free(&(*conf)->notices);
	mentions_free((*conf)->mentions, (*conf)->nmentions);
	free((*conf)->names);
	free((*conf)->hosts);
	index_free(*conf);
	free(*conf);
	*conf = NULL;
}
