/* test_table_memo.c: a remembered page is given again until a write falls into it, and only for its
 * own question.
 *
 * That counts through the memo are those of the table itself is shown by
 * tests/test_table_differential.c, which asks both.
 */
#include "model/dynamodb/table_memo.h"
#include "tests/cases.h"

#include <stdio.h>

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

/* Pages "a" to "b", "b" to "c" and so on, of one chain. */
static struct memo_question page_question(struct memo_question asked, const char *start)
{
    asked.start = text_from(start);
    return asked;
}

static void put_page(struct table_memo *m, const char *start, const char *last)
{
    struct memo_question asked = page_question(question(), start);
    struct memo_answer answer = ANSWER;
    answer.last = text_from(last);
    memo_put(m, &asked, &answer);
}

static bool knows(const struct table_memo *m, const char *start)
{
    struct memo_question asked = page_question(question(), start);
    return known(m, &asked);
}

static void a_chain_knows_each_of_its_pages(void **state)
{
    (void)state;
    static struct table_memo m;
    const char *const keys = "cafhbegd"; /* in no order */
    memset(&m, 0, sizeof m);
    put_page(&m, "", "a");
    for (const char *k = keys; *k != '\0'; k++) {
        put_page(&m, (const char[]){*k, '\0'}, (const char[]){(char)(*k + 1), '\0'});
    }
    assert_true(knows(&m, ""));
    for (const char *k = keys; *k != '\0'; k++) {
        assert_true(knows(&m, (const char[]){*k, '\0'}));
    }
    memo_forget(&m, TEXT("p"), TEXT("d"));
    assert_false(knows(&m, "c")); /* its last key */
    assert_true(knows(&m, "d"));
    memo_forget(&m, TEXT("p"), TEXT("0"));
    assert_false(knows(&m, ""));
    memo_forget(&m, TEXT("p"), TEXT("z"));
    assert_true(knows(&m, "h") && knows(&m, "a"));
}

/* A page that comes takes the place of those that it overlaps, and of no others. */
static void pages_do_not_overlap(void **state)
{
    (void)state;

    const struct {
        const char *start, *last;
        bool a, c, e; /* whether a to c, c to e and e to g are still known */
    } puts[] = {
        {"c", "e", true,  true,  true },
        {"b", "c", false, true,  true },
        {"b", "d", false, false, true },
        {"d", "e", true,  false, true },
        {"d", "f", true,  false, false},
        {"0", "",  false, false, false},
        {"",  "a", true,  true,  true },
        {"g", "",  true,  true,  true },
        {"f", "",  true,  true,  false},
    };

    for (size_t i = 0; i < sizeof puts / sizeof puts[0]; i++) {
        static struct table_memo m;
        memset(&m, 0, sizeof m);
        put_page(&m, "a", "c");
        put_page(&m, "c", "e");
        put_page(&m, "e", "g");
        put_page(&m, puts[i].start, puts[i].last);
        assert_true(knows(&m, puts[i].start));
        assert_int_equal(knows(&m, "a"), puts[i].a);
        assert_int_equal(knows(&m, "c"), puts[i].c);
        assert_int_equal(knows(&m, "e"), puts[i].e);
    }
}

/* More pages than a chain holds are not remembered; the others are, and none is confused. */
static void a_full_chain_keeps_what_it_has(void **state)
{
    (void)state;
    static struct table_memo m;
    char start[16], last[16];
    memset(&m, 0, sizeof m);
    for (int i = 0; i < MEMO_CHAIN_PAGES + 10; i++) {
        (void)snprintf(start, sizeof start, "%05d", i);
        (void)snprintf(last, sizeof last, "%05d", i + 1);
        put_page(&m, start, last);
        assert_int_equal(knows(&m, start), i < MEMO_CHAIN_PAGES);
    }
    memo_forget(&m, TEXT("p"), TEXT("00001"));
    assert_false(knows(&m, "00000"));
    put_page(&m, "10000", "10001");
    assert_true(knows(&m, "10000") && knows(&m, "00001"));
}

/* The chain that was put into least lately gives way. */
static void a_ninth_chain_takes_the_oldest_one_s_place(void **state)
{
    (void)state;
    static struct table_memo m;
    struct memo_question asked = question();
    memset(&m, 0, sizeof m);
    for (asked.index = 0; asked.index < MEMO_CHAINS; asked.index++) {
        memo_put(&m, &asked, &ANSWER);
    }
    asked.index = 0;
    memo_put(&m, &asked, &ANSWER);
    asked.index = MEMO_CHAINS;
    memo_put(&m, &asked, &ANSWER);
    for (asked.index = 0; asked.index <= MEMO_CHAINS; asked.index++) {
        assert_int_equal(known(&m, &asked), asked.index != 1);
    }
}

int main(void)
{
    static struct cases cases;
    CASES_ADD_TABLE(&cases, a_write_forgets_the_pages_it_falls_into, WRITES);
    CASES_ADD(&cases, the_last_page_reaches_to_the_end);
    CASES_ADD(&cases, another_question_is_not_answered);
    CASES_ADD(&cases, a_key_too_long_is_not_remembered);
    CASES_ADD(&cases, a_chain_knows_each_of_its_pages);
    CASES_ADD(&cases, pages_do_not_overlap);
    CASES_ADD(&cases, a_full_chain_keeps_what_it_has);
    CASES_ADD(&cases, a_ninth_chain_takes_the_oldest_one_s_place);
    return cases_run("table_memo", &cases);
}
