#pragma once

// Why C: what runs inside a signal handler may neither allocate nor lock, and Swift promises neither.

// From now on a fatal signal (SEGV, BUS, ILL, FPE, TRAP, ABRT) writes a report to standard error and, when `path` is not
// empty, to a file made at that moment; then the signal takes its default action, so that the exit status and a core
// dump are what they would have been. `title` is the report's first line. Returns 0, or -1 with errno set.
int infinite_install_crash_report(const char *title, const char *path);
