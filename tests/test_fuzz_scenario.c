/* test_fuzz_scenario.c: the fuzzer's corpus, replayed: each file is an input that the decoder must
 * survive with all of fuzz_scenario.c's checks. Inputs that once failed are added to it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>

#include "tests/fuzz/fuzz_scenario.c" /* NOLINT(bugprone-suspicious-include): the code under test */

#define CORPUS "tests/fuzz/corpus/scenario/"

static void test_input(void **state)
{
    static uint8_t bytes[1 << 21];
    FILE *file = fopen(*state, "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    assert_int_equal(LLVMFuzzerTestOneInput(bytes, size), 0);
}

int main(void)
{
    enum { INPUTS_MAX = 1000 };
    static struct CMUnitTest tests[INPUTS_MAX];
    static char paths[INPUTS_MAX][300];
    size_t count = 0;
    DIR *corpus = opendir(CORPUS);
    ASSERT(corpus != NULL); /* run from the top of the tree */
    struct dirent *entry;
    /* cppcheck-suppress readdirCalled; one thread */
    while ((entry = readdir(corpus)) != NULL && count < INPUTS_MAX) {
        if (entry->d_name[0] != '.') {
            (void)snprintf(paths[count], sizeof paths[count], CORPUS "%s", entry->d_name);
            tests[count] = (struct CMUnitTest){
                .name = paths[count], .test_func = test_input, .initial_state = paths[count]};
            count++;
        }
    }
    (void)closedir(corpus);
    ASSERT(count > 0);
    return _cmocka_run_group_tests("corpus", tests, count, NULL, NULL);
}
