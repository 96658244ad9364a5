/* test_fuzz_replay.c: the corpus of fuzz_replay.c; see tests/fuzz/corpus.h. */
#include "tests/fuzz/fuzz_replay.c" /* NOLINT(bugprone-suspicious-include): the code under test */

#include "tests/fuzz/corpus.h"

int main(void)
{
    return corpus_replay("tests/fuzz/corpus/replay/");
}
