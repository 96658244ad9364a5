/* test_fuzz_expression.c: the corpus of fuzz_expression.c; see tests/fuzz/corpus.h. */
#include "tests/fuzz/fuzz_expression.c" /* NOLINT(bugprone-suspicious-include): the code under test */

#include "tests/fuzz/corpus.h"

int main(void)
{
    return corpus_replay("tests/fuzz/corpus/expression/");
}
