/* test_fuzz_journal.c: the corpus of fuzz_journal.c; see tests/fuzz/corpus.h. */
#include "tests/fuzz/fuzz_journal.c" /* NOLINT(bugprone-suspicious-include): the code under test */

#include "tests/fuzz/corpus.h"

int main(void)
{
    return corpus_replay("tests/fuzz/corpus/journal/");
}
