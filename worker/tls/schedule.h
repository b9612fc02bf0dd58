/*
 * schedule - the key schedule of TLS 1.3 for a process that does much of it.
 *
 * A handshake derives more than twenty secrets.  For each of them OpenSSL 3.0
 * looks up the digest by its name and makes and wipes half a dozen contexts,
 * which takes longer than the hashing.  So this process has a provider of its
 * own with one algorithm, TLS13-KDF: the same HKDF (RFC 8446 7.1) on OpenSSL's
 * own SHA-256 and SHA-384, by contexts that are made once.
 *
 * For one thread: the contexts are shared by all derivations.
 */
#ifndef WORKER_TLS_SCHEDULE_H
#define WORKER_TLS_SCHEDULE_H

/*
 * Sets the provider up, once in a process.  Returns the property query for
 * SSL_CTX_new_ex() with which libssl finds it; NULL, without harm, when there
 * is none and OpenSSL's own is used.  Where the configuration names another
 * provider or wants the FIPS module, the key schedule is theirs, too: the
 * query is that of provider.h then.
 */
const char *schedule_query(void);

#endif
