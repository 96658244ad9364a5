/* test_fuzz_number.c: the corpus of fuzz_number.c; see tests/fuzz/corpus.h. */
#include "tests/fuzz/fuzz_number.c" /* NOLINT(bugprone-suspicious-include): the code under test */

#include "tests/fuzz/corpus.h"

int main(void)
{
    return corpus_replay("tests/fuzz/corpus/number/");
}
