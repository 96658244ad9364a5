/* table_memo.c: see table_memo.h. */
#include "model/dynamodb/table_memo.h"

#include "sim/hash.h"

/* Never 0, which marks a free chain. Two partitions of one hash share a chain; 64 bits make that a
 * matter of 2^-64. */
uint64_t memo_hash(struct text text)
{
    return hash64(text.at, text.size, 0) | 1;
}

static struct text start_of(const struct memo_page *page)
{
    return (struct text){page->start, page->start_size};
}

static struct text last_of(const struct memo_page *page)
{
    return (struct text){page->last, page->last_size};
}

/* The page in that position of a chain. */
static const struct memo_page *page_at(const struct memo_chain *c, uint32_t position)
{
    return &c->pages[c->order[position]];
}

/* The position of the first page that starts at `start` or behind it. */
static uint32_t position_of(const struct memo_chain *c, struct text start)
{
    uint32_t low = 0;
    uint32_t high = c->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (text_compare(start_of(page_at(c, middle)), start) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The number of a question's chain; MEMO_CHAINS: there is none. */
static uint32_t chain_of(const struct table_memo *m, const struct memo_question *question)
{
    uint32_t i = 0;
    while (i < MEMO_CHAINS &&
           (m->partitions[i] != question->partition || m->chains[i].value != question->value ||
            m->chains[i].index != question->index)) {
        i++;
    }
    return i;
}

bool memo_get(const struct table_memo *m, const struct memo_question *question,
              struct memo_answer *answer)
{
    uint32_t chain = chain_of(m, question);
    if (chain == MEMO_CHAINS) {
        return false;
    }
    const struct memo_chain *c = &m->chains[chain];
    uint32_t position = position_of(c, question->start);
    if (position == c->count || !text_equal(start_of(page_at(c, position)), question->start)) {
        return false;
    }
    const struct memo_page *page = page_at(c, position);
    *answer = (struct memo_answer){
        .count = page->count,
        .scanned_count = page->scanned_count,
        .bytes = page->bytes,
        .last = last_of(page),
    };
    return true;
}

/* The chain of a question, in place of the one that is longest not put into where there is none. */
static struct memo_chain *take_chain(struct table_memo *m, const struct memo_question *question)
{
    uint32_t chain = chain_of(m, question);
    if (chain < MEMO_CHAINS) {
        return &m->chains[chain];
    }
    chain = 0;
    for (uint32_t i = 1; i < MEMO_CHAINS; i++) {
        chain = m->chains[i].put < m->chains[chain].put ? i : chain;
    }
    struct memo_chain *c = &m->chains[chain];
    m->partitions[chain] = question->partition;
    c->value = question->value;
    c->index = question->index;
    c->count = 0;
    for (uint32_t i = 0; i < MEMO_CHAIN_PAGES; i++) {
        c->order[i] = (uint16_t)i;
    }
    return c;
}

/* Frees the pages in positions from .. to - 1. */
static void drop_pages(struct memo_chain *c, uint32_t from, uint32_t to)
{
    for (; to > from; to--) {
        uint16_t place = c->order[to - 1];
        memmove(&c->order[to - 1], &c->order[to], (c->count - to) * sizeof c->order[0]);
        c->order[--c->count] = place;
    }
}

/* Copies a text that fits; a text of size 0 may point nowhere. */
static uint32_t keep(char *to, struct text text)
{
    if (text.size > 0) {
        memcpy(to, text.at, text.size);
    }
    return (uint32_t)text.size;
}

/* Frees what overlaps a page, which is to stand in the position returned. */
static uint32_t make_way(struct memo_chain *c, struct text start, struct text last)
{
    uint32_t position = position_of(c, start);
    uint32_t end = last.size == 0 ? c->count : position_of(c, last);
    drop_pages(c, position, end);
    if (position > 0) {
        struct text before = last_of(page_at(c, position - 1));
        if (before.size == 0 || text_compare(before, start) > 0) {
            position--;
            drop_pages(c, position, position + 1);
        }
    }
    return position;
}

void memo_put(struct table_memo *m, const struct memo_question *question,
              const struct memo_answer *answer)
{
    if (question->start.size > MEMO_TEXT_MAX || answer->last.size > MEMO_TEXT_MAX) {
        return;
    }
    struct memo_chain *c = take_chain(m, question);
    c->put = ++m->puts;
    uint32_t position = make_way(c, question->start, answer->last);
    if (c->count == MEMO_CHAIN_PAGES) {
        return;
    }
    uint16_t place = c->order[c->count];
    memmove(&c->order[position + 1], &c->order[position],
            (c->count++ - position) * sizeof c->order[0]);
    c->order[position] = place;
    struct memo_page *page = &c->pages[place];
    page->count = answer->count;
    page->scanned_count = answer->scanned_count;
    page->bytes = answer->bytes;
    page->start_size = keep(page->start, question->start);
    page->last_size = keep(page->last, answer->last);
}

void memo_forget(struct table_memo *m, struct text partition, struct text range)
{
    if (m->puts == 0) {
        return;
    }
    uint64_t hash = memo_hash(partition);
    for (uint32_t i = 0; i < MEMO_CHAINS; i++) {
        if (m->partitions[i] != hash) {
            continue;
        }
        struct memo_chain *c = &m->chains[i];
        uint32_t position = position_of(c, range);
        if (position == 0) {
            continue;
        }
        struct text last = last_of(page_at(c, position - 1));
        if (last.size == 0 || text_compare(range, last) <= 0) {
            drop_pages(c, position - 1, position);
        }
    }
}
