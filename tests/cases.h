/* cases.h: makes one cmocka test of each row of a case table, so that each reports by itself. */
#ifndef LOCKSTEP_TESTS_CASES_H
#define LOCKSTEP_TESTS_CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { CASES_MAX = 1024 };

struct cases {
    struct CMUnitTest tests[CASES_MAX];
    size_t count;
};

static inline void cases_add(struct cases *cases, const char *name, CMUnitTestFunction run,
                             const void *row)
{
    if (cases->count == CASES_MAX) {
        return; /* cases_run reports it */
    }
    cases->tests[cases->count++] =
        (struct CMUnitTest){.name = name, .test_func = run, .initial_state = (void *)row};
}

/* A test for every row; the row's name is its member `name`, a string. */
#define CASES_ADD_TABLE(cases, run, rows)                                                          \
    do {                                                                                           \
        for (size_t row = 0; row < sizeof(rows) / sizeof((rows)[0]); row++) {                      \
            cases_add(cases, (rows)[row].name, run, &(rows)[row]);                                 \
        }                                                                                          \
    } while (0)

#define CASES_ADD(cases, run) cases_add(cases, #run, run, NULL)

/* The exit status of the test program. */
static inline int cases_run(const char *group, const struct cases *cases)
{
    if (cases->count == CASES_MAX) {
        print_error("%s: more tests than CASES_MAX\n", group);
        return 1;
    }
    return _cmocka_run_group_tests(group, cases->tests, cases->count, NULL, NULL);
}

#endif
