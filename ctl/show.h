/* show - answers as text for people. */
#ifndef CTL_SHOW_H
#define CTL_SHOW_H

#include <jansson.h>
#include <stdint.h>

/* Each writes the answer to its command to standard output. */
void show_sesscache_clear(const json_t *answer);
void show_sesscache_info(const json_t *answer);
void show_sesscache_remove(const json_t *answer);
void show_ocspcache_clear(const json_t *answer);
void show_ocspcache_info(const json_t *answer);
void show_ocspcache_remove(const json_t *answer);
void show_reload(const json_t *answer);
void show_status(const json_t *answer);
void show_stop(const json_t *answer);
void show_tls_info(const json_t *answer);
void show_trace(const json_t *answer);

/* What is known of the staple of a certificate: "-" where nothing is. */
#define SHOW_STAPLE_MAX 128
const char *show_staple(const json_t *staple, char out[SHOW_STAPLE_MAX]);
/* The first entry of the list, from *i on, about that certificate; or NULL. */
const json_t *show_find_staple(const json_t *staples, const json_t *certificate,
    size_t *i);

/* Members of an object; what is missing is 0 or "-". */
long long show_number(const json_t *object, const char *key);
const char *show_string(const json_t *object, const char *key);

/* "Sat Nov 22 07:49:00 2025" */
#define SHOW_TIME_MAX 64
const char *show_time(long long seconds, char *out);

/* "3 d 04:05:06" */
const char *show_duration(long long seconds, char *out);

#endif
