/* attr - compiler attributes and the few macros that everything uses. */
#ifndef SHM_BASE_ATTR_H
#define SHM_BASE_ATTR_H

#define NODISCARD             __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, arg) __attribute__((format(printf, fmt, arg)))
#define NORETURN              __attribute__((noreturn))
#define UNUSED                __attribute__((unused))
#define NITEMS(a)             (sizeof(a) / sizeof((a)[0]))

#endif
