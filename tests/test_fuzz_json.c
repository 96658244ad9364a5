/* test_fuzz_json.c: the corpus of fuzz_json.c; see tests/fuzz/corpus.h. */
#include "tests/fuzz/fuzz_json.c" /* NOLINT(bugprone-suspicious-include): the code under test */

#include "tests/fuzz/corpus.h"

int main(void)
{
    return corpus_replay("tests/fuzz/corpus/json/");
}
