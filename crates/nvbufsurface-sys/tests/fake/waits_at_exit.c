/* A library like libnvbufsurftransform.so: its end waits for a thread, which a fork does not have. */
#include <unistd.h>

static int home;

__attribute__((constructor)) static void opened(void) { home = getpid(); }

__attribute__((destructor)) static void ended(void) {
    if (getpid() != home)
        _exit(99); /* instead of waiting for ever */
}
