/* test_table_memo.c: a remembered page is given again until a write falls into it, and only for its
 * own question.
 *
 * That counts through the memo are those of the table itself is shown by
 * tests/test_table_differential.c, which asks both.
 */
#include "model/dynamodb/table_memo.h"
#include "tests/cases.h"

/* The page behind "c" up to "k" of partition "p", and how many are "pending" in index 1. */
static struct memo_question question(void)
{
    return (struct memo_question){.index = 1,
                                  .partition = memo_hash(TEXT("p")),
                                  .value = memo_hash(TEXT("pending")),
                                  .start = TEXT("c")};
}

static const struct memo_answer ANSWER = {
    .count = 3, .scanned_count = 5, .bytes = 900, .last = {"k", 1}
};

static bool known(const struct table_memo *m, const struct memo_question *asked)
{
    struct memo_answer answer;
    if (!memo_get(m, asked, &answer)) {
        return false;
    }
    assert_int_equal(answer.count, ANSWER.count);
    assert_int_equal(answer.scanned_count, ANSWER.scanned_count);
    assert_int_equal(answer.bytes, ANSWER.bytes);
    return true;
}

struct write_case {
    const char *name, *partition, *range;
    bool forgotten;
};

static const struct write_case WRITES[] = {
    {"a write before the page leaves it",              "p", "a",  false},
    {"a write of its start key, not in it, leaves it", "p", "c",  false},
    {"a write just behind the start forgets it",       "p", "c0", true },
    {"a write within forgets it",                      "p", "f",  true },
    {"a write of its last key forgets it",             "p", "k",  true },
    {"a write behind the page leaves it",              "p", "k0", false},
    {"a write to another partition leaves it",         "q", "f",  false},
};

static void a_write_forgets_the_pages_it_falls_into(void **state)
{
    const struct write_case *row = *state;
    static struct table_memo m;
    const struct memo_question asked = question();
    memset(&m, 0, sizeof m);
    memo_put(&m, &asked, &ANSWER);
    assert_true(known(&m, &asked));
    memo_forget(&m, text_from(row->partition), text_from(row->range));
    assert_int_equal(known(&m, &asked), !row->forgotten);
}

static void the_last_page_reaches_to_the_end(void **state)
{
    (void)state;
    static struct table_memo m;
    const struct memo_question asked = question();
    struct memo_answer open = ANSWER;
    open.last = (struct text){NULL, 0};
    memo_put(&m, &asked, &open);
    assert_true(known(&m, &asked));
    memo_forget(&m, TEXT("p"), TEXT("zzz"));
    assert_false(known(&m, &asked));
}

static void another_question_is_not_answered(void **state)
{
    (void)state;
    static struct table_memo m;
    const struct memo_question asked = question();
    struct memo_question other[] = {asked, asked, asked, asked};
    other[0].index = 2;
    other[1].partition = memo_hash(TEXT("q"));
    other[2].start = TEXT("d");
    other[3].value = memo_hash(TEXT("manifested"));
    memo_put(&m, &asked, &ANSWER);
    for (size_t i = 0; i < 4; i++) {
        assert_false(known(&m, &other[i]));
    }
    assert_true(known(&m, &asked));
}

static void a_key_too_long_is_not_remembered(void **state)
{
    (void)state;
    static struct table_memo m;
    struct memo_question asked = question();
    static const char letters[MEMO_TEXT_MAX + 1] = {'x'};
    asked.start = (struct text){letters, sizeof letters};
    memo_put(&m, &asked, &ANSWER);
    assert_false(known(&m, &asked));
}

int main(void)
{
    static struct cases cases;
    CASES_ADD_TABLE(&cases, a_write_forgets_the_pages_it_falls_into, WRITES);
    CASES_ADD(&cases, the_last_page_reaches_to_the_end);
    CASES_ADD(&cases, another_question_is_not_answered);
    CASES_ADD(&cases, a_key_too_long_is_not_remembered);
    return cases_run("table_memo", &cases);
}
