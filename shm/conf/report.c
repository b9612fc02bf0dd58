#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shm/base/log.h"
#include "shm/conf/load.h"

#define MESSAGE_MAX 512

static void
add_text(struct conf_errors *errors, const char *file, size_t line,
    size_t column, const char *text)
{
	struct conf_error *items, error;

	error.file = strdup(file);
	error.text = strdup(text);
	error.line = line;
	error.column = column;
	items = realloc(errors->items, (errors->count + 1) * sizeof(*items));
	if (items != NULL)
		errors->items = items;
	if (items == NULL || error.file == NULL || error.text == NULL) {
		free(error.file);
		free(error.text);
		return;
	}
	errors->items[errors->count++] = error;
}

void
conf_errors_add(struct conf_errors *errors, const char *file, size_t line,
    size_t column, const char *format, ...)
{
	char text[MESSAGE_MAX];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	add_text(errors, file, line, column, text);
}

void
conf_errors_free(struct conf_errors *errors)
{
	size_t i;

	for (i = 0; i < errors->count; i++) {
		free(errors->items[i].file);
		free(errors->items[i].text);
	}
	free(errors->items);
	memset(errors, 0, sizeof(*errors));
}

void
report_add(struct load *load, struct place place, const char *format, ...)
{
	char text[MESSAGE_MAX];
	va_list arguments;

	if (load->report.muted)
		return;
	if (load->report.count++ >= REPORT_SHOWN)
		return;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	add_text(load->report.errors, load->files[place.file].name, place.line,
	    place.column, text);
}

void
report_notice(struct load *load, struct place place, const char *format, ...)
{
	struct conf_errors *notices = load->report.notices;
	char text[MESSAGE_MAX];
	va_list arguments;

	if (load->report.muted || notices == NULL ||
	    notices->count >= REPORT_SHOWN)
		return;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	add_text(notices, load->files[place.file].name, place.line,
	    place.column, text);
}

void
report_no_memory(struct load *load)
{
	if (load->report.no_memory)
		return;
	load->report.no_memory = true;
	load->report.count++;
	add_text(load->report.errors,
	    load->nfiles > 0 ? load->files[0].name : "ftpsd", 0, 0,
	    "out of memory");
}

const char *
report_show(struct shown *shown, const char *text)
{
	size_t len = strlen(text), most = sizeof(shown->text) - 4;

	if (len <= most) {
		log_escape(shown->text, sizeof(shown->text), text, len);
		return (shown->text);
	}
	len = log_escape(shown->text, most, text, most - 1);
	memcpy(shown->text + len, "...", 4);
	return (shown->text);
}

static size_t
file_order(const struct load *load, const char *name)
{
	size_t i;

	for (i = 0; i < load->nfiles; i++)
		if (strcmp(load->files[i].name, name) == 0)
			return (i);
	return (load->nfiles);
}

/* Whether a stands before b in the files. */
static bool
before(const struct load *load, const struct conf_error *a,
    const struct conf_error *b)
{
	size_t fa = file_order(load, a->file), fb = file_order(load, b->file);

	if (fa != fb)
		return (fa < fb);
	if (a->line != b->line)
		return (a->line < b->line);
	return (a->column < b->column);
}

/* There are few, and checks add them almost in order: insertion is enough. */
static void
sort_errors(const struct load *load, struct conf_errors *errors)
{
	struct conf_error error;
	size_t i, j;

	for (i = 1; i < errors->count; i++) {
		error = errors->items[i];
		for (j = i;
		     j > 0 && before(load, &error, &errors->items[j - 1]); j--)
			errors->items[j] = errors->items[j - 1];
		errors->items[j] = error;
	}
}

void
report_finish(struct load *load)
{
	size_t more;

	sort_errors(load, load->report.errors);
	sort_errors(load, load->report.notices);
	if (load->report.count <= REPORT_SHOWN)
		return;
	more = load->report.count - REPORT_SHOWN;
	conf_errors_add(load->report.errors, load->files[0].name, 0, 0,
	    "and %s%zu more mistakes",
	    load->report.count >= REPORT_STOP ? "at least " : "", more);
}
