/* repeat - threads that repeat an operation, each with a client of its own. */
#ifndef TESTS_BENCH_LOAD_REPEAT_H
#define TESTS_BENCH_LOAD_REPEAT_H

#include "tests/bench/load/options.h"
#include "tests/bench/load/report.h"

/*
 * Lets all clients prepare, then begin at the same moment; says "begin" and
 * "end".
 */
void repeat_run(const struct options *options, struct report *report);

#endif
