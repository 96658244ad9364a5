/* table_memo.h: pages that were counted lately, remembered until a write falls into them.
 *
 * Method. A page of a partition is fixed by its start key and by the items in it, and by nothing
 * else: what is written before or behind it does not change it. So the answer to "count the matches
 * of the page that starts here" is kept with the page's two ends, and forgotten when an item
 * between them is written. Builders that wait for a lock count the same growing partition again and
 * again, and nearly all of its pages stand still. The pages of one question and partition are a
 * chain: they do not overlap and stand in order of their starts, so asking, remembering and
 * forgetting are each one binary search, however long the partition. Only counts of a whole
 * partition through an index are kept (table_query.c says which); a page seen in the past is not.
 */
#ifndef LOCKSTEP_MODEL_DYNAMODB_TABLE_MEMO_H
#define LOCKSTEP_MODEL_DYNAMODB_TABLE_MEMO_H

#include "sim/text.h"

#include <stdbool.h>
#include <stdint.h>

enum { MEMO_CHAINS = 8, MEMO_CHAIN_PAGES = 512, MEMO_TEXT_MAX = 128 };

/* What is asked: how many items of the page that starts behind a range key (size 0: at the
 * partition's beginning) have a value as their hash key in an index. Partition and value are given
 * by memo_hash, so each is hashed once. */
struct memo_question {
    uint32_t index;
    uint64_t partition, value;
    struct text start;
};

uint64_t memo_hash(struct text text);

struct memo_answer {
    int64_t count, scanned_count, bytes;
    struct text last; /* the page's last range key; size 0: it reaches to the partition's end */
};

struct memo_page {
    int64_t count, scanned_count, bytes;
    uint32_t start_size, last_size;
    char start[MEMO_TEXT_MAX], last[MEMO_TEXT_MAX];
};

struct memo_chain {
    uint64_t value;
    uint64_t put; /* number of the latest memo_put: the chain that is least so gives way */
    uint32_t index;
    uint32_t count;                   /* of pages */
    uint16_t order[MEMO_CHAIN_PAGES]; /* their places, by start; then the free places */
    struct memo_page pages[MEMO_CHAIN_PAGES];
};

/* Zeroed at first. */
struct table_memo {
    uint64_t puts;
    uint64_t partitions[MEMO_CHAINS]; /* of each chain, side by side for memo_forget; 0: free */
    struct memo_chain chains[MEMO_CHAINS];
};

/* The answer, if it is known: false otherwise. `last` is valid until the next memo_put. */
bool memo_get(const struct table_memo *m, const struct memo_question *question,
              struct memo_answer *answer);

/* Remembers an answer, in place of pages that it overlaps, or of another chain. */
void memo_put(struct table_memo *m, const struct memo_question *question,
              const struct memo_answer *answer);

/* An item with that key was written, or deleted: pages that it lies in are forgotten. */
void memo_forget(struct table_memo *m, struct text partition, struct text range);

#endif
