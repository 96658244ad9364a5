/* account.h: an account with tables of every kind, and requests by the line.
 *
 *     table  partition key pk (S), sort key sk (S); index gsi: g (S), r (S), all attributes;
 *            index keys: g (S), keys only
 *     plain  partition key pk (S), provisioned with 1 unit for reads and writes
 *     tiny   as plain, but keeps unused units for one second
 *     typed  partition key n (N), sort key b (B); local index lsi: sort key l (N), keys only
 *
 * A request is a line: the operation's name, a blank, and the body.
 */
#ifndef LOCKSTEP_TESTS_ACCOUNT_H
#define LOCKSTEP_TESTS_ACCOUNT_H

#include "model/api/dynamodb.h"
#include "sim/assert.h"

static const struct instant ACCOUNT_START = {INT64_C(1700000000) * NS_PER_S};

static const struct table_config ACCOUNT_TABLES[] = {
    {.name = "table",
     .hash_key = {"pk", TYPE_S},
     .range_key = {"sk", TYPE_S},
     .items_max = 1000,
     .cache_bytes = 1 << 20,
     .indexes_count = 2,
     .indexes = {{.name = "gsi", .hash_key = {"g", TYPE_S}, .range_key = {"r", TYPE_S}},
                 {.name = "keys", .hash_key = {"g", TYPE_S}, .projection = PROJECTION_KEYS_ONLY}}},
    {.name = "plain",
     .hash_key = {"pk", TYPE_S},
     .rcu = 1,
     .wcu = 1,
     .items_max = 1000,
     .cache_bytes = 1 << 20                           },
    {.name = "tiny",
     .hash_key = {"pk", TYPE_S},
     .rcu = 1,
     .wcu = 1,
     .limits = {.burst = {NS_PER_S}},
     .items_max = 1000,
     .cache_bytes = 1 << 20                                         },
    {.name = "typed",
     .hash_key = {"n", TYPE_N},
     .range_key = {"b", TYPE_B},
     .items_max = 1000,
     .cache_bytes = 1 << 20,
     .indexes_count = 1,
     .indexes = {{.name = "lsi",
                  .hash_key = {"n", TYPE_N},
                  .range_key = {"l", TYPE_N},
                  .local = true,
                  .projection = PROJECTION_KEYS_ONLY}}                           },
};

enum { ACCOUNT_TABLES_COUNT = sizeof ACCOUNT_TABLES / sizeof ACCOUNT_TABLES[0] };

/* An account with tables, to be given back by dynamodb_close. */
static inline struct dynamodb *account_with(const struct dynamodb_config *config,
                                            const struct table_config *tables, size_t count)
{
    struct error error;
    struct dynamodb *d = dynamodb_open(config, &error);
    ASSERT(d != NULL);
    for (size_t i = 0; i < count; i++) {
        ASSERT(dynamodb_add_table(d, ACCOUNT_START, &tables[i], &error) == STATUS_OK);
    }
    return d;
}

/* The account. `plain` is what the stream of the table of that name holds. */
static inline struct dynamodb *account_open(enum stream_view plain)
{
    static const struct dynamodb_config config = {
        .items_max = 1000, .cache_bytes = 1 << 20, .history = {NS_PER_S}};
    struct table_config tables[ACCOUNT_TABLES_COUNT];
    memcpy(tables, ACCOUNT_TABLES, sizeof tables);
    tables[1].stream = plain;
    return account_with(&config, tables, ACCOUNT_TABLES_COUNT);
}

/* The next line without its end; false where there is none. */
static inline bool next_line(struct text *lines, struct text *line)
{
    if (lines->size == 0) {
        return false;
    }
    const char *end = memchr(lines->at, '\n', lines->size);
    size_t size = end == NULL ? lines->size : (size_t)(end - lines->at);
    size_t used = size + (end != NULL);
    *line = (struct text){lines->at, size};
    *lines = (struct text){lines->at + used, lines->size - used};
    return true;
}

/* What stands before the first blank, and what behind it. */
static inline struct text first_word(struct text line, struct text *rest)
{
    size_t size = 0;
    while (size < line.size && line.at[size] != ' ') {
        size++;
    }
    size_t used = size < line.size ? size + 1 : size;
    *rest = (struct text){line.at + used, line.size - used};
    return (struct text){line.at, size};
}

#endif
