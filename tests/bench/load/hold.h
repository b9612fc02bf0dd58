/* hold - sessions that are opened, and stay until our standard input ends. */
#ifndef TESTS_BENCH_LOAD_HOLD_H
#define TESTS_BENCH_LOAD_HOLD_H

#include "tests/bench/load/options.h"
#include "tests/bench/load/report.h"

/*
 * Opens options->operations sessions, or one for each thread, lets each begin
 * as the mode says, and says "ready".  While it waits, the mode's tick runs
 * once a second for each.  An operation is the opening of one.
 */
void hold_run(const struct options *options, struct report *report);

#endif
