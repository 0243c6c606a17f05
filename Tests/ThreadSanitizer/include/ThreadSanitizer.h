#pragma once
// Linked for its symbols only: see MutexSlowPath.c.
