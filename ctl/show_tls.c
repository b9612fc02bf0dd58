#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl/show.h"

struct label {
	const char *key, *text;
};

/* Counters by what they are about. */
static const struct label handshakes[] = {
	{ "handshakes_full", "Control connections, full" },
	{ "handshakes_resumed", "Control connections, resumed" },
	{ "resumed_cache", "  from the cache" },
	{ "resumed_ticket", "  by a ticket" },
	{ "data_full", "Data connections, full" },
	{ "data_resumed", "Data connections, resumed" },
	{ "data_refused", "Data connections refused: of no session" },
	{ "handshakes_failed", "Failed" },
};

static const struct label failures[] = {
	{ "no_tls", "it was not TLS" },
	{ "version", "no version in common" },
	{ "cipher", "no cipher, group or signature in common" },
	{ "alpn", "another protocol was asked for" },
	{ "client_certificate", "the client's certificate" },
	{ "by_client", "the client refused us" },
	{ "closed", "the client closed" },
	{ "given_up", "not finished in time" },
	{ "other", "other reasons" },
};

static const struct label versions[] = {
	{ "TLSv1", "TLSv1" },
	{ "TLSv1.1", "TLSv1.1" },
	{ "TLSv1.2", "TLSv1.2" },
	{ "TLSv1.3", "TLSv1.3" },
};

static void
show_labels(const json_t *counters, const struct label *labels, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		printf("  %-40s %14lld\n", labels[i].text,
		    show_number(counters, labels[i].key));
}

#define SHOW_LABELS(counters, labels) \
	show_labels((counters), (labels), sizeof(labels) / sizeof((labels)[0]))

/* Words with a space between. */
static void
show_words(const char *title, const json_t *list)
{
	const json_t *item;
	size_t i;

	if (json_array_size(list) == 0)
		return;
	printf("%s", title);
	json_array_foreach(list, i, item)
	    printf(" %s", json_string_value(item));
	putchar('\n');
}

static void
show_validity(const json_t *certificate)
{
	long long until = show_number(certificate, "until"), now;
	long long chain = show_number(certificate, "chain_until");
	char text[SHOW_TIME_MAX], rest[SHOW_TIME_MAX];

	now = (long long)time(NULL);
	printf("    Valid from: %s\n",
	    show_time(show_number(certificate, "from"), text));
	printf("    Expires: %s (%s)\n", show_time(until, text),
	    until <= now ? "it has" : show_duration(until - now, rest));
	if (chain < until)
		printf("    Chain expires: %s\n", show_time(chain, text));
}

const json_t *
show_find_staple(const json_t *staples, const json_t *certificate, size_t *i)
{
	const char *digest = show_string(certificate, "sha256");
	const json_t *staple;

	for (; *i < json_array_size(staples); (*i)++) {
		staple = json_array_get(staples, *i);
		if (strcmp(show_string(staple, "sha256"), digest) == 0)
			return (staple);
	}
	return (NULL);
}

const char *
show_staple(const json_t *staple, char out[SHOW_STAPLE_MAX])
{
	char text[SHOW_TIME_MAX];

	if (staple == NULL)
		(void)snprintf(out, SHOW_STAPLE_MAX, "-");
	else if (json_is_true(json_object_get(staple, "served")) &&
	    show_number(staple, "next_update") == 0)
		(void)snprintf(out, SHOW_STAPLE_MAX, "%s, not dated",
		    show_string(staple, "status"));
	else if (json_is_true(json_object_get(staple, "served")))
		(void)snprintf(out, SHOW_STAPLE_MAX, "%s, until %s",
		    show_string(staple, "status"),
		    show_time(show_number(staple, "next_update"), text));
	else
		(void)snprintf(out, SHOW_STAPLE_MAX, "%s, nothing is stapled",
		    json_is_true(json_object_get(staple, "no_responder"))
			? "no responder is known"
			: show_string(staple, "status"));
	return (out);
}

static void
show_certificate(const json_t *certificate, const json_t *staples)
{
	char text[SHOW_STAPLE_MAX], since[SHOW_TIME_MAX];
	size_t i = 0;

	printf("  Certificate %s\n", show_string(certificate, "file"));
	if (json_object_get(certificate, "alarm") != NULL)
		printf("    ALARM since %s: %s: what was good before is still "
		       "used\n",
		    show_time(show_number(certificate, "since"), since),
		    show_string(certificate, "alarm"));
	if (json_object_get(certificate, "subject") == NULL) {
		puts("    (not known yet)");
		return;
	}
	printf("    Subject: %s\n", show_string(certificate, "subject"));
	show_words("    Names:", json_object_get(certificate, "names"));
	printf("    Issuer: %s\n", show_string(certificate, "issuer"));
	printf("    Serial: %s\n", show_string(certificate, "serial"));
	printf("    SHA-256: %s\n", show_string(certificate, "sha256"));
	printf("    Key: %s\n", show_string(certificate, "key"));
	show_validity(certificate);
	printf("    Staple: %s%s\n",
	    show_staple(show_find_staple(staples, certificate, &i), text),
	    json_is_true(json_object_get(certificate, "must_staple"))
		? " (clients demand one)"
		: "");
}

static void
show_host(const json_t *host, const json_t *staples)
{
	const json_t *list = json_object_get(host, "certificates"), *item;
	const char *name = show_string(host, "host");
	size_t i;

	if (strcmp(name, "-") == 0)
		printf("The server");
	else
		printf("Host %s", name);
	puts(json_is_true(json_object_get(host, "engine")) ? ""
							   : " (without TLS)");
	show_words("  Also called:", json_object_get(host, "also"));
	json_array_foreach(list, i, item) show_certificate(item, staples);
	putchar('\n');
}

static void
show_keys(const json_t *keys)
{
	const json_t *ages = json_object_get(keys, "ages"), *age;
	char text[SHOW_TIME_MAX];
	size_t i;

	printf("Ticket keys: %zu of at most %lld; each opens for %s\n",
	    json_array_size(ages), show_number(keys, "count"),
	    show_duration(show_number(keys, "age"), text));
	printf("  Ages:");
	json_array_foreach(ages, i, age)
	    printf(" %s", show_duration(json_integer_value(age), text));
	putchar('\n');
}

static void
show_ciphers(const json_t *ciphers)
{
	const json_t *value;
	const char *name;
	/* Jansson's own loops over objects want one that is not const. */
	json_t *object = json_deep_copy(ciphers);

	json_object_foreach(object, name, value)
	    printf("  %-40s %14lld\n", name, json_integer_value(value));
	json_decref(object);
}

void
show_tls_info(const json_t *answer)
{
	const json_t *staples = json_object_get(answer, "staples"), *host;
	size_t i;

	json_array_foreach(json_object_get(answer, "hosts"), i, host)
	    show_host(host, staples);
	if (json_object_get(answer, "ticket_keys") == NULL)
		return;
	show_keys(json_object_get(answer, "ticket_keys"));
	puts("\nHandshakes");
	SHOW_LABELS(json_object_get(answer, "handshakes"), handshakes);
	puts("Failed, by reason");
	SHOW_LABELS(json_object_get(answer, "failures"), failures);
	puts("Versions");
	SHOW_LABELS(json_object_get(answer, "versions"), versions);
	puts("Ciphers");
	show_ciphers(json_object_get(answer, "ciphers"));
}
