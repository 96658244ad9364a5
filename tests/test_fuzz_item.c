/* test_fuzz_item.c: the corpus of fuzz_item.c; see tests/fuzz/corpus.h. */
#include "tests/fuzz/fuzz_item.c" /* NOLINT(bugprone-suspicious-include): the code under test */

#include "tests/fuzz/corpus.h"

int main(void)
{
    return corpus_replay("tests/fuzz/corpus/item/");
}
