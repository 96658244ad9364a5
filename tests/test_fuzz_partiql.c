/* test_fuzz_partiql.c: the corpus of fuzz_partiql.c; see tests/fuzz/corpus.h. */
#include "tests/fuzz/fuzz_partiql.c" /* NOLINT(bugprone-suspicious-include): the code under test */

#include "tests/fuzz/corpus.h"

int main(void)
{
    return corpus_replay("tests/fuzz/corpus/partiql/");
}
