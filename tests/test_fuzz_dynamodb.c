/* test_fuzz_dynamodb.c: the corpus of fuzz_dynamodb.c; see tests/fuzz/corpus.h. */
#include "tests/fuzz/fuzz_dynamodb.c" /* NOLINT(bugprone-suspicious-include): the code under test */

#include "tests/fuzz/corpus.h"

int main(void)
{
    return corpus_replay("tests/fuzz/corpus/dynamodb/");
}
