// Makes the slow path of Swift's `Mutex` visible to the thread sanitizer.
//
// `Mutex` takes and leaves its lock by atomics that are compiled into our code, where the sanitizer sees them. Only when
// threads contend does it call into libswiftSynchronization, which is not instrumented: the sanitizer then misses that
// one thread waited for the other and reports races that cannot happen. The two functions below take the place of the
// library's, call it, and tell the sanitizer what happened: leaving a lock releases, taking it acquires. Nothing is
// suppressed: without the lock the same accesses are still reported.
//
// In builds without the sanitizer this file is empty. It can go when the toolchain instruments its own library.
#if defined(__has_feature) && __has_feature(thread_sanitizer)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

// A method of a Swift struct: `self` arrives in the context register.
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))
typedef SWIFT void LockSlow(uint32_t owner, SELF void *mutex);
typedef SWIFT void UnlockSlow(SELF void *mutex);

#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

static void *theirs(const char *name) {
    void *function = dlsym(RTLD_NEXT, name);
    if (!function) abort();
    return function;
}

SWIFT void infinite_lock_slow(uint32_t owner, SELF void *mutex) __asm__(LOCK_SLOW);
SWIFT void infinite_lock_slow(uint32_t owner, SELF void *mutex) {
    ((LockSlow *)theirs(LOCK_SLOW))(owner, mutex);
    __tsan_acquire(mutex);
}

SWIFT void infinite_unlock_slow(SELF void *mutex) __asm__(UNLOCK_SLOW);
SWIFT void infinite_unlock_slow(SELF void *mutex) {
    __tsan_release(mutex);
    ((UnlockSlow *)theirs(UNLOCK_SLOW))(mutex);
}
#endif
