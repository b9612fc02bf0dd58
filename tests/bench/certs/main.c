/*
 * certs - makes a certificate and key for each of many hosts, quickly.
 *
 *	certs FOLDER COUNT
 *
 * FOLDER/0.pem and FOLDER/0.key are those of host0.example.org, and so on.
 */
#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shm/base/attr.h"

#define COUNT_MAX 32768
#define NAME_SIZE 64
#define PATH_SIZE 4096
#define DAYS      30L
#define DAY       86400

NORETURN static void
die(const char *what)
{
	(void)fprintf(stderr, "certs: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static void
add_names(X509 *cert, const char *host)
{
	X509_NAME *name = X509_get_subject_name(cert);
	X509_EXTENSION *extension;
	char names[NAME_SIZE + 8];

	(void)snprintf(names, sizeof(names), "DNS:%s", host);
	extension =
	    X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
	if (X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
		(const unsigned char *)host, -1, -1, 0) != 1 ||
	    X509_set_issuer_name(cert, name) != 1 || extension == NULL ||
	    X509_add_ext(cert, extension, -1) != 1)
		die("cannot name a certificate");
	X509_EXTENSION_free(extension);
}

static X509 *
make(EVP_PKEY *key, long number)
{
	X509 *cert = X509_new();
	char host[NAME_SIZE];

	(void)snprintf(host, sizeof(host), "host%ld.example.org", number);
	if (cert == NULL || X509_set_version(cert, 2) != 1 ||
	    ASN1_INTEGER_set(X509_get_serialNumber(cert), number + 1) != 1 ||
	    X509_gmtime_adj(X509_getm_notBefore(cert), -DAY) == NULL ||
	    X509_gmtime_adj(X509_getm_notAfter(cert), DAYS * DAY) == NULL ||
	    X509_set_pubkey(cert, key) != 1)
		die("cannot make a certificate");
	add_names(cert, host);
	if (X509_sign(cert, key, EVP_sha256()) == 0)
		die("cannot sign a certificate");
	return (cert);
}

static FILE *
create(const char *folder, long number, const char *kind)
{
	char path[PATH_SIZE];
	FILE *file;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%ld.%s", folder, number, kind);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	file = fd == -1 ? NULL : fdopen(fd, "w");
	if (file == NULL) {
		perror(path);
		exit(1);
	}
	return (file);
}

static void
write_pair(const char *folder, long number)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	FILE *file;
	X509 *cert;

	if (key == NULL)
		die("cannot make a key");
	cert = make(key, number);
	file = create(folder, number, "key");
	if (PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) != 1 ||
	    fclose(file) != 0)
		die("cannot write a key");
	file = create(folder, number, "pem");
	if (PEM_write_X509(file, cert) != 1 || fclose(file) != 0)
		die("cannot write a certificate");
	X509_free(cert);
	EVP_PKEY_free(key);
}

int
main(int argc, char **argv)
{
	long count, i;

	count = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
	if (count < 1 || count > COUNT_MAX) {
		(void)fprintf(stderr, "usage: certs folder count\n");
		return (2);
	}
	for (i = 0; i < count; i++)
		write_pair(argv[1], i);
	return (0);
}
