#include "master/client_policy.h"

#include <string.h>

static bool
same_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return (a == b);
	return (strcmp(a, b) == 0);
}

/* The mechanisms in their order, as far as there are any. */
static bool
same_order(const struct conf_tls *a, const struct conf_tls *b)
{
	return (a->nverify_order == b->nverify_order &&
	    memcmp(a->verify_order, b->verify_order,
		a->nverify_order * sizeof(a->verify_order[0])) == 0);
}

static bool
same_demands(const struct conf_tls *a, const struct conf_tls *b)
{
	return (a->engine == b->engine && a->protocol == b->protocol &&
	    a->options == b->options && a->verify_client == b->verify_client &&
	    a->verify_depth == b->verify_depth &&
	    a->verify_no_answer == b->verify_no_answer && same_order(a, b) &&
	    same_text(a->user_name, b->user_name) &&
	    same_text(a->cipher_list, b->cipher_list) &&
	    same_text(a->cipher_suites, b->cipher_suites));
}

static bool
same_host(const struct conf_host *a, const struct conf_host *b)
{
	size_t i;

	if (!same_text(a->name, b->name) || a->nlisten != b->nlisten)
		return (false);
	for (i = 0; i < a->nlisten; i++)
		if (memcmp(&a->listen[i].address, &b->listen[i].address,
			sizeof(a->listen[i].address)) != 0)
			return (false);
	return (same_demands(&a->tls, &b->tls));
}

/* The files that say whom a host trusts. */
static const enum host_file files[] = { HOST_FILE_CA, HOST_FILE_CRL,
	HOST_FILE_PSK };

static bool
same_bytes(const struct file_bytes *a, const struct file_bytes *b)
{
	if (a->data == NULL || b->data == NULL)
		return (a->data == b->data);
	return (a->len == b->len && memcmp(a->data, b->data, a->len) == 0);
}

/*
 * Thousands of hosts have the same few files, which are compared once: known
 * are those of the host before.
 */
static bool
same_files(const struct host_keys *a, const struct host_keys *b,
    const struct host_keys *known[2])
{
	const struct file_bytes *one, *other;
	size_t i;

	for (i = 0; i < NITEMS(files); i++) {
		one = &a->files[files[i]];
		other = &b->files[files[i]];
		if (known[0] != NULL &&
		    one->data == known[0]->files[files[i]].data &&
		    other->data == known[1]->files[files[i]].data)
			continue;
		if (!same_bytes(one, other))
			return (false);
	}
	known[0] = a;
	known[1] = b;
	return (true);
}

bool
client_policy_changed(const struct configuration *before,
    const struct configuration *after)
{
	const struct conf *a = before->conf, *b = after->conf;
	const struct host_keys *one = certificates_keys(before->certificates);
	const struct host_keys *other = certificates_keys(after->certificates);
	const struct host_keys *known[2] = { NULL, NULL };
	size_t i;

	/* Hosts that are new have no sessions. */
	if (a->nhosts > b->nhosts)
		return (true);
	for (i = 0; i < a->nhosts; i++)
		if (!same_host(&a->hosts[i], &b->hosts[i]) ||
		    !same_files(&one[i], &other[i], known))
			return (true);
	return (false);
}
