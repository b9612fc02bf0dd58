#include "shm/conf/reader.h"

#include <string.h>

static bool
on_document(struct reader *reader, const yaml_event_t *event)
{
	if (reader->document)
		return (tree_give_up(reader, event->start_mark,
		    "a second document: a file holds one"));
	reader->document = true;
	if (event->data.document_start.tag_directives.start !=
	    event->data.document_start.tag_directives.end)
		return (
		    tree_give_up(reader, event->start_mark, "%TAG is refused"));
	return (true);
}

/* false: nothing more is to be read. */
static bool
on_event(struct reader *reader, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return (on_document(reader, event));
	case YAML_ALIAS_EVENT:
		return (tree_alias(reader, event));
	case YAML_SCALAR_EVENT:
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return (tree_value(reader, event));
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		tree_end(reader);
		return (true);
	case YAML_STREAM_END_EVENT:
		return (false);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
	return (true);
}

/* --- the whole file ------------------------------------------------------- */

/* Says what libyaml did not like. */
static void
report_syntax(struct reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	const char *problem =
	    parser->problem == NULL ? "cannot be read" : parser->problem;
	const char *hint = "";

	reader->load->partial = true;
	if (reader->stop != NULL) {
		report_add(reader->load, tree_place(reader, parser->mark), "%s",
		    reader->stop);
		return;
	}
	if (parser->error == YAML_MEMORY_ERROR) {
		report_no_memory(reader->load);
		return;
	}
	if (parser->error == YAML_READER_ERROR) {
		report_add(reader->load,
		    source_place(reader, parser->problem_offset),
		    "not valid UTF-8 text: %s", problem);
		return;
	}
	if (strstr(problem, "cannot start any token") != NULL ||
	    strstr(problem, "expected node content") != NULL ||
	    (parser->context != NULL &&
		(strstr(parser->context, "alias") != NULL ||
		    strstr(parser->context, "anchor") != NULL ||
		    strstr(parser->context, "tag") != NULL ||
		    strstr(parser->context, "directive") != NULL)))
		hint = QUOTE_HINT;
	report_add(reader->load, tree_place(reader, parser->problem_mark),
	    "%s%s%s%s", parser->context == NULL ? "" : parser->context,
	    parser->context == NULL ? "" : ": ", problem, hint);
}

/* Whether the limits allow another event. */
static bool
within_limits(struct reader *reader, const yaml_event_t *event)
{
	struct load *load = reader->load;

	if (++load->events > LOAD_EVENTS_MAX) {
		load->hopeless = true;
		return (tree_give_up(reader, event->start_mark,
		    "too many values in all files together"));
	}
	if (load->report.count < REPORT_STOP)
		return (true);
	load->hopeless = true;
	return (false);
}

static void
read_events(struct reader *reader)
{
	yaml_event_t event;
	bool more;

	do {
		reader->since = 0;
		if (!yaml_parser_parse(&reader->parser, &event)) {
			report_syntax(reader);
			return;
		}
		more =
		    within_limits(reader, &event) && on_event(reader, &event);
		yaml_event_delete(&event);
	} while (more);
}

void
reader_read(struct load *load, const struct source *source)
{
	struct reader reader;

	memset(&reader, 0, sizeof(reader));
	reader.load = load;
	reader.source = source;
	if (!yaml_parser_initialize(&reader.parser)) {
		report_no_memory(load);
		return;
	}
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input(&reader.parser, source_feed, &reader);
	read_events(&reader);
	yaml_parser_delete(&reader.parser);
}
