/* corpus.h: a fuzzer's corpus, replayed in every ordinary test run: each file is an input that the
 * target must survive with all of its checks. Inputs that once failed are added to it.
 *
 * Included by tests/test_fuzz_*.c, behind the target itself.
 */
#ifndef LOCKSTEP_TESTS_FUZZ_CORPUS_H
#define LOCKSTEP_TESTS_FUZZ_CORPUS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>

static void test_input(void **state)
{
    static uint8_t bytes[1 << 21];
    FILE *file = fopen(*state, "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    assert_int_equal(LLVMFuzzerTestOneInput(bytes, size), 0);
}

/* Makes a test of each file of the folder, which ends in a slash, and runs them. */
static int corpus_replay(const char *folder)
{
    enum { INPUTS_MAX = 2000 };
    static struct CMUnitTest tests[INPUTS_MAX];
    static char paths[INPUTS_MAX][300];
    size_t count = 0;
    DIR *corpus = opendir(folder);
    ASSERT(corpus != NULL); /* run from the top of the tree */
    struct dirent *entry;
    /* cppcheck-suppress readdirCalled; one thread */
    while ((entry = readdir(corpus)) != NULL && count < INPUTS_MAX) {
        if (entry->d_name[0] != '.') {
            (void)snprintf(paths[count], sizeof paths[count], "%s%s", folder, entry->d_name);
            tests[count] = (struct CMUnitTest){
                .name = paths[count], .test_func = test_input, .initial_state = paths[count]};
            count++;
        }
    }
    (void)closedir(corpus);
    ASSERT(count > 0);
    return _cmocka_run_group_tests("corpus", tests, count, NULL, NULL);
}

#endif
