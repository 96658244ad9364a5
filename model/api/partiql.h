/* partiql.h: PartiQL statements, as DynamoDB takes them, read into plain data.
 *
 * Method. A statement is parsed once, by recursive descent, into terms in one array; literals and
 * parameters become values, names are kept once each. What it says of an item is then written in
 * DynamoDB's own expression language, with a #name and a :value for each, and compiled: so there is
 * one evaluator, and what it refuses is refused here in its words. Which items it is about is found
 * in its WHERE clause. Left out: UPDATEs that begin with FROM. Sources: DDB-PARTIQL-* in
 * docs/sources.md.
 */
#ifndef LOCKSTEP_MODEL_API_PARTIQL_H
#define LOCKSTEP_MODEL_API_PARTIQL_H

#include "model/dynamodb/expression.h"
#include "model/dynamodb/item.h"
#include "model/dynamodb/table.h"
#include "sim/status.h"

/* Source: DDB-PARTIQL-1. */
enum { PARTIQL_STATEMENT_MAX = 8192 };

enum partiql_kind {
    PARTIQL_SELECT,
    PARTIQL_INSERT,
    PARTIQL_UPDATE,
    PARTIQL_DELETE,
    PARTIQL_EXISTS, /* EXISTS(SELECT ...): a condition check of a transaction */
};

enum partiql_returning {
    PARTIQL_RETURNING_NONE,
    PARTIQL_RETURNING_ALL_OLD,
    PARTIQL_RETURNING_MODIFIED_OLD,
    PARTIQL_RETURNING_ALL_NEW,
    PARTIQL_RETURNING_MODIFIED_NEW,
};

struct partiql; /* a statement; opaque, immutable */

/* Parses a statement, of at most PARTIQL_STATEMENT_MAX bytes, with the values of its parameters,
 * whose bytes must outlive it. The result is the caller's, to be given back by partiql_free. NULL,
 * with DynamoDB's own ValidationException text as the message, where it is not a statement. */
struct partiql *partiql_parse(struct text statement, const struct value *parameters, uint32_t count,
                              struct error *error);
void partiql_free(struct partiql *s); /* NULL is ignored */

enum partiql_kind partiql_kind(const struct partiql *s);
enum partiql_returning partiql_returning(const struct partiql *s);

/* "table" and "index" of FROM "table"."index"; the index has size 0 where none is named. */
struct text partiql_table(const struct partiql *s);
struct text partiql_index(const struct partiql *s);

/* The item of an INSERT. */
struct item partiql_item(const struct partiql *s);

/* The values of the statement: what its expressions index. */
const struct value *partiql_values(const struct partiql *s);

/* What the WHERE clause says of an item, as a condition; to be given back by expression_free. NULL
 * without an error (STATUS_OK) where there is no WHERE clause. */
struct expression *partiql_where(const struct partiql *s, struct error *error);

/* The same, that also holds where there is no item with the attribute `key`, which the WHERE clause
 * names: a DELETE's. */
struct expression *partiql_where_or_absent(const struct partiql *s, struct text key,
                                           struct error *error);

/* That there is no item with the attribute `key`: an INSERT's. */
struct expression *partiql_absent(struct text key, struct error *error);

/* What an UPDATE does. */
struct expression *partiql_update(const struct partiql *s, struct error *error);

/* The keys of a table, or of an index. */
struct partiql_keys {
    struct text hash, range; /* size 0: none */
    enum attribute_type hash_type, range_type;
};

/* The one item that a WHERE clause is about, by what it says of the keys at its top. */
enum { PARTIQL_NO_VALUE = UINT16_MAX };

struct partiql_target {
    uint16_t hash, range; /* positions of values, or PARTIQL_NO_VALUE */
    bool exact;           /* it says nothing else */
};

/* STATUS_BAD_INPUT with DynamoDB's text where a write names two values for one key. */
enum status partiql_target(const struct partiql *s, const struct partiql_keys *keys,
                           struct partiql_target *target, struct error *error);

/* One range of one partition. Bounds are positions of values, or PARTIQL_NO_VALUE. */
struct partiql_range {
    uint16_t hash, lower, upper;
    bool lower_open, upper_open;
    bool prefix; /* what begins with `lower`; there is no upper bound then */
};

/* Source: DDB-PARTIQL-5. */
enum { PARTIQL_RANGES_MAX = 50 };

/* How a SELECT reads: some ranges, in order, or all there is. */
struct partiql_plan {
    bool keyed; /* false: a scan */
    bool backward;
    uint32_t count;
    struct partiql_range ranges[PARTIQL_RANGES_MAX];
};

enum status partiql_plan(const struct partiql *s, const struct partiql_keys *keys,
                         struct partiql_plan *plan, struct error *error);

/* The key condition of a range. To be given back by expression_free. */
struct expression *partiql_key_condition(const struct partiql *s, const struct partiql_keys *keys,
                                         const struct partiql_range *range, struct error *error);

/* Writes into `w`, from its beginning, the columns of a SELECT that an item has: each by the name
 * of the last attribute in its path, "k[0]" for m.k[0]. Source: DDB-PARTIQL-10. */
void partiql_project(const struct partiql *s, struct item item, struct item_writer *w);

/* The attribute that the i-th column begins with; false where there is none, as for SELECT *. */
bool partiql_column(const struct partiql *s, uint32_t i, struct text *root);

/* The i-th attribute, from 0, that conditions joined by AND at the top of the WHERE clause name and
 * that is no key; false where there is none. */
bool partiql_filtered(const struct partiql *s, const struct partiql_keys *keys, uint32_t i,
                      struct text *root);

/* A SELECT on a table. */
struct partiql_read {
    const struct partiql *statement;
    const struct partiql_plan *plan;
    const struct partiql_keys *keys;
    const struct expression *where; /* NULL: none */
    struct table *table;
    int32_t index; /* as in struct table_query, like what follows */
    bool consistent, fetch;
    uint32_t limit;
    struct instant as_of;
    void (*visit)(void *self, struct item item);
    void *self;
};

/* Where a page begins: in a range of the plan, behind the table's last key there. */
struct partiql_place {
    uint32_t range;
    struct text key;
};

struct partiql_page {
    bool more; /* `next` says where it goes on; valid until the next call */
    struct partiql_place next;
    uint32_t scanned;          /* items, before the WHERE clause */
    struct throttle throttled; /* as in a reply */
    bool refused;              /* TABLE_INVALID for what `error` says, not table_message */
    struct error error;
};

/* One page. It ends as a page of a Query does, all ranges together, and after 10 items where there
 * are several. Source: DDB-PARTIQL-11. */
enum table_result partiql_read_page(const struct partiql_read *read, struct instant now,
                                    struct partiql_place start, struct partiql_page *page);

#endif
