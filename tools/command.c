/* command.c: see command.h. */
#include "tools/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int exit_status_of(enum status status)
{
    static const int map[] = {
        [STATUS_OK] = STATUS_PASS,
        [STATUS_BAD_INPUT] = STATUS_USAGE,
        [STATUS_NO_MEMORY] = STATUS_INTERNAL,
        [STATUS_FULL] = STATUS_INTERNAL,
        [STATUS_IO] = STATUS_INTERNAL,
        [STATUS_CORRUPT] = STATUS_INTERNAL,
        [STATUS_DIVERGED] = STATUS_NOT_THE_SAME,
        [STATUS_INTERRUPTED] = STATUS_BY_INTERRUPT,
    };

    return map[status];
}

/* An interrupt hides the rest; a broken machine more than a broken promise; bad input more than a
 * failed expectation. */
static int severity(int status)
{
    static const int rising[] = {STATUS_PASS,         STATUS_FAIL,     STATUS_USAGE,
                                 STATUS_NOT_THE_SAME, STATUS_INTERNAL, STATUS_BY_INTERRUPT};

    int i = 0;
    while (rising[i] != status) {
        i++;
    }
    return i;
}

int exit_status_worse(int a, int b)
{
    return severity(a) >= severity(b) ? a : b;
}

int close_output(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return status;
    }
    (void)fprintf(stderr, "lockstep: cannot write to standard output: %s\n", strerror(errno));
    return exit_status_worse(status, STATUS_INTERNAL);
}
