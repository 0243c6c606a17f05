// Two functions of <spawn.h> that the C library declares only under _GNU_SOURCE, which Swift's importer does not
// define. They go when it does. (glibc 2.34 and later.)
#pragma once
#include <spawn.h>
#include <sys/prctl.h>

static inline int infinite_spawn_close_from(posix_spawn_file_actions_t *actions, int first) {
    extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

static inline int infinite_spawn_change_folder(posix_spawn_file_actions_t *actions, const char *path) {
    extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *, const char *);
    return posix_spawn_file_actions_addchdir_np(actions, path);
}

// prctl takes variable arguments, which Swift cannot pass.
static inline int infinite_signal_at_end_of_parent(int signal) { return prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0); }
