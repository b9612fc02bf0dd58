/* Macros of system headers, which cppcheck does not read. */
#define LIST_HEAD(name, type)       \
	struct name {               \
		struct type *first; \
	}
#define SLIST_HEAD(name, type)      \
	struct name {               \
		struct type *first; \
	}
#define STAILQ_HEAD(name, type)             \
	struct name {                       \
		struct type *first, **last; \
	}
#define TAILQ_HEAD(name, type)              \
	struct name {                       \
		struct type *first, **last; \
	}
#define LIST_ENTRY(type)                       \
	struct {                               \
		struct type *next, **previous; \
	}
#define SLIST_ENTRY(type)          \
	struct {                   \
		struct type *next; \
	}
#define STAILQ_ENTRY(type)         \
	struct {                   \
		struct type *next; \
	}
#define TAILQ_ENTRY(type)                      \
	struct {                               \
		struct type *next, **previous; \
	}
#define json_array_foreach(array, index, value)           \
	for (index = 0; index < json_array_size(array) && \
	     (value = json_array_get(array, index));      \
	     index++)
#define json_object_foreach(object, key, value)       \
	for (key = json_object_first(object);         \
	     key && (value = json_object_value(key)); \
	     key = json_object_after(key))
#define LIST_FOREACH(item, head, field) \
	for (item = (head)->first; item; item = item->field.next)
#define SLIST_FOREACH  LIST_FOREACH
#define STAILQ_FOREACH LIST_FOREACH
#define TAILQ_FOREACH  LIST_FOREACH
