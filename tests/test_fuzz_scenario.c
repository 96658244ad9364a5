/* test_fuzz_scenario.c: the corpus of fuzz_scenario.c; see tests/fuzz/corpus.h. */
#include "tests/fuzz/fuzz_scenario.c" /* NOLINT(bugprone-suspicious-include): the code under test */

#include "tests/fuzz/corpus.h"

int main(void)
{
    return corpus_replay("tests/fuzz/corpus/scenario/");
}
