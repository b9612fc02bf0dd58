/* The name of an address. */
#include <ctype.h>
#include <netdb.h>
#include <stdbool.h>
#include <string.h>

#include "master/ocsp/job.h"

/*
 * Who owns an address may say in DNS that it has any name.  Only the name's
 * owner can say that it has this address.
 */
static bool
is_confirmed(const char *name, const struct address *address)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list, *item;
	struct address found;
	bool confirmed = false;

	if (getaddrinfo(name, NULL, &hints, &list) != 0)
		return (false);
	for (item = list; item != NULL && !confirmed; item = item->ai_next)
		confirmed = address_from_sockaddr(&found, item->ai_addr) == 0 &&
		    address_same_ip(&found, address);
	freeaddrinfo(list);
	return (confirmed);
}

/* Anything else is no name of a host, whatever it was meant to do. */
static bool
is_host_name(const char *name)
{
	size_t i, len = strlen(name);

	if (len == 0 || len > DNS_NAME_MAX_LEN)
		return (false);
	for (i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '-' &&
		    name[i] != '.' && name[i] != '_')
			return (false);
	return (true);
}

void
name_find(const struct job *job, struct job_result *result)
{
	char name[NI_MAXHOST];
	struct sockaddr_storage sa;
	socklen_t len;
	int error;

	len = address_to_sockaddr(&job->address, AF_UNSPEC, &sa);
	error = getnameinfo((const struct sockaddr *)&sa, len, name,
	    sizeof(name), NULL, 0, NI_NAMEREQD);
	if (error != 0)
		job_result_say(result, "the address has no name: %s",
		    gai_strerror(error));
	else if (!is_host_name(name))
		job_result_say(result, "the address has a name that is none");
	else if (!is_confirmed(name, &job->address))
		job_result_say(result,
		    "the address has the name %s, which does not have that "
		    "address",
		    name);
	else {
		result->data_len = (uint32_t)strlen(name);
		memcpy(result->data, name, result->data_len);
	}
}
