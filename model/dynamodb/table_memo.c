/* table_memo.c: see table_memo.h. */
#include "model/dynamodb/table_memo.h"

#include "sim/hash.h"

/* Never 0, which marks a free place. Two partitions of one hash share places and answers are told
 * apart by their start; 64 bits make that a matter of 2^-64. */
uint64_t memo_hash(struct text text)
{
    return hash64(text.at, text.size, 0) | 1;
}

/* 1 to 255. */
static uint8_t tag_of(uint64_t partition)
{
    return (uint8_t)(1 + (partition >> 32) % UINT8_MAX);
}

static uint32_t place_of(uint64_t partition, struct text start)
{
    return (uint32_t)(hash64(start.at, start.size, partition) % MEMO_PAGES);
}

bool memo_get(const struct table_memo *m, const struct memo_question *question,
              struct memo_answer *answer)
{
    const struct memo_page *page = &m->pages[place_of(question->partition, question->start)];
    struct text start = {page->start, page->start_size};
    if (page->partition != question->partition || page->index != question->index ||
        page->value != question->value || !text_equal(start, question->start)) {
        return false;
    }
    *answer = (struct memo_answer){
        .count = page->count,
        .scanned_count = page->scanned_count,
        .bytes = page->bytes,
        .last = {page->last, page->last_size},
    };
    return true;
}

/* Copies a text that fits; a text of size 0 may point nowhere. */
static uint32_t keep(char *to, struct text text)
{
    if (text.size > 0) {
        memcpy(to, text.at, text.size);
    }
    return (uint32_t)text.size;
}

void memo_put(struct table_memo *m, const struct memo_question *question,
              const struct memo_answer *answer)
{
    if (question->start.size > MEMO_TEXT_MAX || answer->last.size > MEMO_TEXT_MAX) {
        return;
    }
    uint32_t place = place_of(question->partition, question->start);
    struct memo_page *page = &m->pages[place];
    m->tags[place] = tag_of(question->partition);
    page->partition = question->partition;
    page->index = question->index;
    page->value = question->value;
    page->count = answer->count;
    page->scanned_count = answer->scanned_count;
    page->bytes = answer->bytes;
    page->start_size = keep(page->start, question->start);
    page->last_size = keep(page->last, answer->last);
}

static bool lies_in(const struct memo_page *page, struct text range)
{
    struct text last = {page->last, page->last_size};
    struct text start = {page->start, page->start_size};
    return (last.size == 0 || text_compare(range, last) <= 0) &&
           (start.size == 0 || text_compare(range, start) > 0);
}

void memo_forget(struct table_memo *m, struct text partition, struct text range)
{
    uint64_t hash = memo_hash(partition);
    const uint8_t *end = m->tags + MEMO_PAGES;
    const uint8_t *at = memchr(m->tags, tag_of(hash), MEMO_PAGES);
    while (at != NULL) {
        struct memo_page *page = &m->pages[at - m->tags];
        if (page->partition == hash && lies_in(page, range)) {
            page->partition = 0;
            m->tags[at - m->tags] = 0;
        }
        at = memchr(at + 1, tag_of(hash), (size_t)(end - at - 1));
    }
}
