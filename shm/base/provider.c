#include "shm/base/provider.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIPS_SETTINGS "fipsmodule.cnf" /* what openssl-fipsinstall(1) makes */

static struct {
	bool other; /* not what OpenSSL does by itself */
	char query[PROVIDER_QUERY_MAX];
} loaded;

static bool
is_name(const char *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";

	return (text[0] != '\0' && text[0] != '.' &&
	    text[strspn(text, allowed)] == '\0');
}

bool
provider_parse(struct provider_name *name, const char *text)
{
	static const char begin[] = "provider:";
	size_t len;

	memset(name, 0, sizeof(*name));
	if (strcasecmp(text, "all") == 0 || strcasecmp(text, "none") == 0)
		return (true);
	if (strncmp(text, begin, strlen(begin)) != 0)
		return (false);
	text += strlen(begin);
	len = strcspn(text, " ");
	if (len >= sizeof(name->name))
		return (false);
	memcpy(name->name, text, len);
	text += len;
	text += strspn(text, " ");
	if (strlen(text) >= sizeof(name->query))
		return (false);
	memcpy(name->query, text, strlen(text));
	return (name->name[0] == '/' || is_name(name->name));
}

static PRINTF_LIKE(3, 4) int because(char *why, size_t size, const char *format,
    ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(why, size, format, arguments);
	va_end(arguments);
	ERR_clear_error();
	return (-1);
}

/* The oldest error is the cause; what follows it are its consequences. */
static const char *
reason(void)
{
	const char *text, *data;
	unsigned long error;
	int flags;

	error = ERR_peek_error_data(&data, &flags);
	text = ERR_reason_error_string(error);
	if ((flags & ERR_TXT_STRING) != 0 && data[0] != '\0')
		return (data);
	return (text != NULL ? text : "no reason given");
}

/* What a file of code may do, this process may do. */
static int
check_module(const char *path, char *why, size_t size)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return (because(why, size, "%s: %s", path, strerror(errno)));
	if (!S_ISREG(st.st_mode))
		return (because(why, size, "%s is not a regular file", path));
	if ((st.st_uid != 0 && st.st_uid != geteuid()) ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return (because(why, size,
		    "%s must belong to root or to who runs ftpsd, and be "
		    "writable by nobody else",
		    path));
	return (0);
}

static int
load_device(const struct provider_name *name, bool fips, char *why, size_t size)
{
	if (name->name[0] == '/' && check_module(name->name, why, size) == -1)
		return (-1);
	/* With the first one that is loaded, OpenSSL loads none by itself. */
	if (!fips && OSSL_PROVIDER_load(NULL, "default") == NULL)
		return (because(why, size,
		    "the provider default cannot be loaded: %s", reason()));
	if (OSSL_PROVIDER_load(NULL, name->name) == NULL)
		return (
		    because(why, size, "the provider %s cannot be loaded: %s",
			name->name, reason()));
	memcpy(loaded.query, name->query, sizeof(loaded.query));
	return (0);
}

/* The module's own digest is in its settings: without them it refuses. */
static int
read_fips_settings(const char *text, char *why, size_t size)
{
	BIO *bio = BIO_new_mem_buf(text, -1);
	CONF *settings = NCONF_new(NULL);
	int ret = 0;

	OPENSSL_load_builtin_modules();
	if (bio == NULL || settings == NULL)
		ret = because(why, size, "out of memory");
	else if (NCONF_load_bio(settings, bio, NULL) != 1 ||
	    CONF_modules_load(settings, NULL, 0) != 1)
		ret = because(why, size,
		    "OpenSSL's FIPS module cannot be loaded: %s", reason());
	NCONF_free(settings);
	BIO_free(bio);
	return (ret);
}

static int
verify_fips(char *why, size_t size)
{
	EVP_MD *digest;
	bool good;

	if (EVP_default_properties_enable_fips(NULL, 1) != 1 ||
	    OSSL_PROVIDER_available(NULL, "fips") != 1)
		return (because(why, size,
		    "OpenSSL's FIPS module is not in force"));
	digest = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	good = digest != NULL &&
	    strcmp(OSSL_PROVIDER_get0_name(EVP_MD_get0_provider(digest)),
		"fips") == 0;
	EVP_MD_free(digest);
	if (!good)
		return (because(why, size,
		    "OpenSSL's FIPS module does not do what it is asked"));
	return (0);
}

static int
load_fips(char *why, size_t size)
{
	const char *folder = OPENSSL_info(OPENSSL_INFO_CONFIG_DIR);
	char path[1024], text[2048];

	(void)snprintf(path, sizeof(path), "%s/" FIPS_SETTINGS,
	    folder == NULL ? "" : folder);
	if (access(path, R_OK) == -1)
		return (because(why, size,
		    "OpenSSL's FIPS module is not installed here: %s: %s (see "
		    "openssl-fipsinstall(1))",
		    path, strerror(errno)));
	(void)snprintf(text, sizeof(text),
	    "openssl_conf = ftpsd\n"
	    ".include %s\n"
	    "[ftpsd]\nproviders = ftpsd_providers\n"
	    "[ftpsd_providers]\nfips = fips_sect\nbase = ftpsd_base\n"
	    "[ftpsd_base]\nactivate = 1\n",
	    path);
	if (read_fips_settings(text, why, size) == -1)
		return (-1);
	return (verify_fips(why, size));
}

int
provider_load(const char *device, bool fips, char *why, size_t size)
{
	struct provider_name name;

	ERR_clear_error();
	memset(&name, 0, sizeof(name));
	if (device != NULL && !provider_parse(&name, device))
		return (because(why, size, "no provider is named so"));
	if (fips && load_fips(why, size) == -1)
		return (-1);
	if (name.name[0] != '\0' && load_device(&name, fips, why, size) == -1)
		return (-1);
	loaded.other = fips || name.name[0] != '\0';
	return (0);
}

bool
provider_is_usual(void)
{
	return (!loaded.other);
}

const char *
provider_query(void)
{
	return (loaded.query[0] == '\0' ? NULL : loaded.query);
}
