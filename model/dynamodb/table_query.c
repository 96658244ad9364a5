/* table_query.c: pages of Query and Scan; see table.h.
 *
 * Method. A key condition is an interval of an order. The page's end comes from the tree's sums, so
 * what a page costs is known before an item is looked at. Which items match is then either asked of
 * every one, or, where the filter demands `attribute = :value` for the hash key of an index whose
 * range key is the table's hash key, of those alone that stand under (value, partition) in that
 * index: the rest of its key is the table's key, so they are in the page's order and the page is
 * an interval there too.
 */
#include "model/dynamodb/table_state.h"

__extension__ typedef unsigned __int128 wide_t;

enum { FETCH_UNIT_BYTES = 4096 };

/* One end of an interval: before what equals the probe, or behind it. */
struct bound {
    struct key_probe probe;
    bool after;
};

struct interval {
    struct bound low, high;
};

/* A query being answered. */
struct reading {
    struct table *t;
    const struct table_query *query;
    struct table_order *order;
    uint32_t hash_place, range_place;     /* of what is queried */
    struct text partition;                /* size 0: a Scan */
    bool ranged;                          /* the key condition has one on the range key */
    char numbers[3][NUMBER_SORTABLE_MAX]; /* of the key condition's values */
    struct interval interval;
    uint32_t orders; /* that show the past */
    /* The page. */
    struct tree_place low, high;
    bool cut;        /* ended by size or limit, so there is a last_key */
    int64_t fetched; /* bytes of items fetched, each rounded up */
    /* The index that knows the matches; NULL: none. */
    struct table_order *matches;
    struct text match_value;
    char match_number[NUMBER_SORTABLE_MAX];
    bool match_is_all; /* the filter demands nothing else */
};

void table_query_plainly(struct table *t, bool plainly)
{
    t->plainly = plainly;
}

/* The key condition */

static void read_schema(struct reading *r)
{
    const struct table *t = r->t;
    r->hash_place = t->hash_place;
    r->range_place = t->range_place;
    if (r->query->index != TABLE_BASE) {
        const struct table_index_config *c = &t->config.indexes[r->query->index];
        r->hash_place = r->order->places[0];
        r->range_place = c->range_key.name == NULL ? PLACE_NONE : r->order->places[1];
        if (c->range_key.name != NULL && strcmp(c->range_key.name, c->hash_key.name) == 0) {
            r->range_place = r->hash_place;
        }
    }
}

static const struct value *value_of(const struct reading *r, const struct key_condition *c, int i)
{
    return &r->query->values[c->values[i]];
}

/* Source: DDB-EXPR-9. */
static enum table_result check_values(struct reading *r, uint32_t place,
                                      const struct key_condition *c)
{
    for (int i = 0; i < (c->relation == KEY_BETWEEN ? 2 : 1); i++) {
        if (value_of(r, c, i)->type != r->t->types[place]) {
            return table_invalid(r->t, "One or more parameter values were invalid: Condition "
                                       "parameter type does not match schema type");
        }
    }
    if (c->relation == KEY_BEGINS_WITH && r->t->types[place] == TYPE_N) {
        return table_invalid(r->t, "Invalid KeyConditionExpression: Incorrect operand type for "
                                   "operator or function; operator or function: begins_with, "
                                   "operand type: N");
    }
    return TABLE_OK;
}

/* Cuts the interval of a partition down to a condition on the range key, the second part. */
static enum table_result read_range(struct reading *r, const struct key_condition *c)
{
    struct bound *low = &r->interval.low;
    struct bound *high = &r->interval.high;
    struct text value = key_text(value_of(r, c, 0), r->numbers[1]);
    bool from = c->relation != KEY_LESS && c->relation != KEY_LESS_EQUAL;
    bool to = c->relation != KEY_GREATER && c->relation != KEY_GREATER_EQUAL;
    r->ranged = true;
    if (from) {
        low->probe.parts[1] = value;
        low->probe.count = 2;
        low->after = c->relation == KEY_GREATER;
        low->probe.prefix = c->relation == KEY_BEGINS_WITH;
    }
    if (to) {
        high->probe.parts[1] =
            c->relation == KEY_BETWEEN ? key_text(value_of(r, c, 1), r->numbers[2]) : value;
        high->probe.count = 2;
        high->after = c->relation != KEY_LESS;
        high->probe.prefix = c->relation == KEY_BEGINS_WITH;
    }
    if (c->relation == KEY_BETWEEN && text_compare(value, high->probe.parts[1]) > 0) {
        return table_invalid(r->t, "Invalid KeyConditionExpression: The BETWEEN operator requires "
                                   "upper bound to be greater than or equal to lower bound");
    }
    return TABLE_OK;
}

/* The condition on one key attribute among those given; NULL: none. */
static const struct key_condition *condition_on(const struct reading *r, uint32_t place,
                                                const struct key_condition *conditions,
                                                uint32_t count)
{
    for (uint32_t i = 0; i < count && place != PLACE_NONE; i++) {
        if (text_equal(conditions[i].name, r->t->attributes[place])) {
            return &conditions[i];
        }
    }
    return NULL;
}

/* The first hash of a segment. All segments together are all hashes. */
static uint64_t segment_begin(const struct table_query *q, uint32_t segment)
{
    return (uint64_t)(((wide_t)segment << 64) / q->segments_count);
}

/* The interval of a Scan: everything, or a segment's hashes. Source: DDB-SCAN-1. */
static void read_segment(struct reading *r)
{
    const struct table_query *q = r->query;
    r->interval.high.after = true;
    if (q->segments_count == 0) {
        return;
    }
    r->interval.low.probe =
        (struct key_probe){.hashed = true, .hash = segment_begin(q, q->segment)};
    if (q->segment + 1 < q->segments_count) {
        r->interval.high.probe =
            (struct key_probe){.hashed = true, .hash = segment_begin(q, q->segment + 1)};
        r->interval.high.after = false;
    }
}

/* The interval of a whole partition. */
static enum table_result read_partition(struct reading *r, const struct key_condition *c)
{
    const struct value *value = value_of(r, c, 0);
    r->partition = key_text(value, r->numbers[0]);
    if (r->partition.size == 0) {
        return table_invalid(r->t,
                             "One or more parameter values are not valid. The AttributeValue for a "
                             "key attribute cannot contain an empty %s value. Key: %s",
                             value->type == TYPE_B ? "binary" : "string",
                             table_place_name(r->t, r->hash_place));
    }
    r->interval.low.probe = (struct key_probe){.parts = {r->partition}, .count = 1};
    r->interval.high.probe = r->interval.low.probe;
    r->interval.high.after = true;
    return TABLE_OK;
}

/* Turns the key condition into an interval. Source: DDB-EXPR-9. */
static enum table_result read_key(struct reading *r)
{
    struct key_condition conditions[2];
    if (r->query->key == NULL) {
        read_segment(r);
        return TABLE_OK;
    }
    uint32_t count = expression_key_conditions(r->query->key, conditions);
    if (count > 2) {
        return table_invalid(r->t,
                             "The number of query conditions (%u) exceeds the number of key "
                             "attributes defined in the schema (%u)",
                             count, r->range_place == PLACE_NONE ? 1 : 2);
    }
    const struct key_condition *hash = condition_on(r, r->hash_place, conditions, count);
    const struct key_condition *range = condition_on(r, r->range_place, conditions, count);
    if (hash == NULL || (count == 2 && range == NULL)) {
        if (hash != NULL && r->range_place == PLACE_NONE) {
            return table_invalid(r->t, "Query key condition not supported");
        }
        return table_invalid(r->t, "Query condition missed key schema element: %s",
                             table_place_name(r->t, hash == NULL ? r->hash_place : r->range_place));
    }
    if (hash->relation != KEY_EQUAL) {
        return table_invalid(r->t, "Query key condition not supported");
    }
    enum table_result result = check_values(r, r->hash_place, hash);
    if (result == TABLE_OK && range != NULL) {
        result = check_values(r, r->range_place, range);
    }
    if (result == TABLE_OK) {
        result = read_partition(r, hash);
    }
    return result == TABLE_OK && range != NULL ? read_range(r, range) : result;
}

/* A Query's filter must leave the key alone. Sources: DDB-EXPR-5, DDB-EXPR-14. */
static enum table_result check_filter(struct reading *r)
{
    const uint32_t places[] = {r->hash_place, r->range_place};
    for (int i = 0; i < 2 && r->query->filter != NULL && r->query->key != NULL; i++) {
        if (places[i] != PLACE_NONE &&
            expression_names(r->query->filter, r->t->attributes[places[i]])) {
            return table_invalid(r->t,
                                 "Filter Expression can only contain non-primary key attributes: "
                                 "Primary key attribute: %s",
                                 table_place_name(r->t, places[i]));
        }
    }
    return table_check_paths(r->t, r->query->filter);
}

/* The start key */

static size_t encode_key(const struct table_order *o, const struct record *r, char *to)
{
    struct text parts[KEY_PARTS_MAX];
    for (uint32_t i = 0; i < o->places_count; i++) {
        parts[i] = record_key(r, o->places[i]);
    }
    return start_key_encode(parts, o->places_count, to);
}

/* How a bound of a range condition stands to a range key: less than 0 before it, 0 at it. */
static int range_order(const struct bound *b, struct text range)
{
    if (b->probe.prefix && range.size > b->probe.parts[1].size) {
        range.size = b->probe.parts[1].size;
    }
    return text_compare(b->probe.parts[1], range);
}

/* Whether a range key meets the key condition. */
static bool in_range(const struct interval *interval, struct text range)
{
    const struct bound *low = &interval->low;
    const struct bound *high = &interval->high;
    int from = low->probe.count < 2 ? -1 : range_order(low, range);
    int to = high->probe.count < 2 ? 1 : range_order(high, range);
    return (from < 0 || (from == 0 && !low->after)) && (to > 0 || (to == 0 && high->after));
}

/* Whether a start key lies in the interval. Source: DDB-QUERY-4, DDB-SCAN-1. */
static enum table_result check_start(struct reading *r, const struct key_probe *start)
{
    const struct table_query *q = r->query;
    if (r->ranged && !in_range(&r->interval, start->parts[1])) {
        return table_invalid(r->t,
                             "The provided starting key does not match the range key predicate");
    }
    if (q->key != NULL && !text_equal(start->parts[0], r->partition)) {
        return table_invalid(r->t, r->ranged
                                       ? "The query can return at most one row and cannot be "
                                         "restarted"
                                       : "The provided starting key is outside query boundaries "
                                         "based on provided conditions");
    }
    uint64_t hash = q->segments_count > 0 ? partition_hash(start->parts[0]) : 0;
    if (q->segments_count > 0 &&
        (hash < segment_begin(q, q->segment) ||
         (q->segment + 1 < q->segments_count && hash >= segment_begin(q, q->segment + 1)))) {
        return table_invalid(r->t,
                             "The provided starting key is invalid: Invalid ExclusiveStartKey. "
                             "Please use ExclusiveStartKey with correct Segment. TotalSegments: %u "
                             "Segment: %u",
                             q->segments_count, q->segment);
    }
    return TABLE_OK;
}

/* Moves the end of the interval where reading starts up to the start key. The key is copied first:
 * it may be the page before's, which this page overwrites. */
static enum table_result read_start(struct reading *r)
{
    struct text start = r->query->start_key;
    struct bound *from = r->query->backward ? &r->interval.high : &r->interval.low;
    if (start.size == 0) {
        return TABLE_OK;
    }
    if (start.size > sizeof r->t->start_key) {
        return table_invalid(r->t, "The provided starting key is invalid");
    }
    memcpy(r->t->start_key, start.at, start.size);
    struct key_probe probe;
    if (!start_key_decode(r->order, (struct text){r->t->start_key, start.size}, &probe)) {
        return table_invalid(r->t, "The provided starting key is invalid");
    }
    enum table_result result = check_start(r, &probe);
    from->probe = probe;
    from->after = !r->query->backward;
    return result;
}

/* The matches' index */

/* Finds a conjunct `attribute = :value` of the filter that an index answers. Its range key has to
 * be the table's hash key, and the query one of a partition of the table. */
static void find_matches(struct reading *r)
{
    const struct table *t = r->t;
    const struct expression *filter = r->query->filter;
    if (filter == NULL || r->partition.size == 0 || r->query->index != TABLE_BASE || t->plainly) {
        return;
    }
    uint32_t conjuncts = expression_conjuncts(filter);
    for (uint32_t i = 0; i < conjuncts && r->matches == NULL; i++) {
        struct text name;
        uint16_t value;
        if (!expression_conjunct_equality(filter, i, &name, &value)) {
            continue;
        }
        for (uint32_t k = 0; k < t->config.indexes_count; k++) {
            struct table_order *o = &r->t->orders[1 + k];
            if (text_equal(name, t->attributes[o->places[0]]) && o->places_count > 1 &&
                o->places[1] == t->hash_place &&
                r->query->values[value].type == t->types[o->places[0]]) {
                r->matches = o;
                r->match_value = key_text(&r->query->values[value], r->match_number);
                r->match_is_all = conjuncts == 1;
            }
        }
    }
}

/* The page */

static struct tree_place seek(const struct reading *r, struct bound *b)
{
    return tree_seek(&r->order->tree, &b->probe, b->after);
}

/* Whether a member lies on the inner side of a bound that is the interval's far end. */
static bool inside(const struct reading *r, struct bound *b, uint32_t member)
{
    int order = r->order->tree.keys.compare(r->order, &b->probe, member);
    bool before = order > 0 || (order == 0 && b->after);
    return before != r->query->backward;
}

static uint32_t limit_of(const struct reading *r)
{
    return r->query->limit == 0 ? UINT32_MAX : r->query->limit;
}

/* Finds the page from the low end. Its far end is looked for only if the page does not end before
 * it. Source: DDB-QUERY-2, DDB-QUERY-3. */
static void page_forward(struct reading *r)
{
    const struct counted_tree *tree = &r->order->tree;
    struct tree_place start = seek(r, &r->interval.low);
    struct tree_place end = tree_at_weight(tree, start.weight + PAGE_BYTES);
    r->cut = end.weight >= start.weight + PAGE_BYTES;
    if (end.rank - start.rank >= limit_of(r)) {
        end = tree_at_rank(tree, start.rank + limit_of(r));
        r->cut = true;
    }
    if (end.rank > start.rank &&
        !inside(r, &r->interval.high, tree_member_before(tree, end.cursor))) {
        end = seek(r, &r->interval.high);
        r->cut = false;
    }
    r->low = start;
    r->high = end.rank < start.rank ? start : end;
}

/* The same from the high end down. */
static void page_backward(struct reading *r)
{
    const struct counted_tree *tree = &r->order->tree;
    struct tree_place start = seek(r, &r->interval.high);
    struct tree_place end = tree_at_rank(tree, 0);
    if (start.weight >= PAGE_BYTES) {
        /* The last place before which at most the rest lies. */
        end = tree_at_weight(tree, start.weight - PAGE_BYTES + 1);
        end = tree_at_rank(tree, end.rank - 1);
        r->cut = true;
    }
    if (start.rank - end.rank >= limit_of(r)) {
        end = tree_at_rank(tree, start.rank - limit_of(r));
        r->cut = true;
    }
    if (end.rank < start.rank && !inside(r, &r->interval.low, tree_member(tree, end.cursor))) {
        end = seek(r, &r->interval.low);
        r->cut = false;
    }
    r->low = end.rank > start.rank ? start : end;
    r->high = start;
}

/* A page that fetches */

static bool fetches(const struct reading *r)
{
    return r->query->fetch && r->query->index != TABLE_BASE &&
           r->t->config.indexes[r->query->index].projection != PROJECTION_ALL;
}

/* What a fetched item counts towards the page: by itself, rounded up. Source: DDB-LSI-2. */
static int64_t fetched_bytes(const struct reading *r, uint32_t slot)
{
    int64_t size = record_of(r->t, slot_at(r->t, slot)->record)->size;
    return (size + FETCH_UNIT_BYTES - 1) / FETCH_UNIT_BYTES * FETCH_UNIT_BYTES;
}

/* Cuts a page that fetches down to what, with the items fetched, is 1 MB. At least 4 KB go for each
 * item, so there are at most 256. */
static void cut_to_fetched(struct reading *r)
{
    const struct counted_tree *tree = &r->order->tree;
    bool backward = r->query->backward;
    struct tree_place *start = backward ? &r->high : &r->low;
    struct tree_place *end = backward ? &r->low : &r->high;
    struct tree_cursor c = start->cursor;
    uint32_t left = r->high.rank - r->low.rank;
    uint32_t taken = 0;
    for (int64_t bytes = 0; taken < left && bytes < PAGE_BYTES; taken++) {
        uint32_t slot = backward ? tree_member_before(tree, c) : tree_member(tree, c);
        int64_t fetched = fetched_bytes(r, slot);
        r->fetched += fetched;
        bytes += fetched + record_size_in(r->order, record_of(r->t, slot_at(r->t, slot)->record));
        r->cut = r->cut || bytes >= PAGE_BYTES;
        tree_step(tree, &c, backward);
    }
    if (taken < left) {
        *end = tree_at_rank(tree, backward ? start->rank - taken : start->rank + taken);
    }
}

static const struct record *shown(const struct reading *r, uint32_t slot)
{
    return record_of(r->t, slot_at(r->t, slot)->record);
}

/* The records at the page's ends; it is not empty. */
static const struct record *lowest(const struct reading *r)
{
    return shown(r, tree_member(&r->order->tree, r->low.cursor));
}

static const struct record *highest(const struct reading *r)
{
    return shown(r, tree_member_before(&r->order->tree, r->high.cursor));
}

/* The interval of the matches' index that corresponds to the page. */
static void narrow(const struct reading *r, struct tree_place *low, struct tree_place *high)
{
    const struct table_order *o = r->matches;
    struct key_probe least;
    order_probe(o, lowest(r), &least);
    struct key_probe most;
    order_probe(o, highest(r), &most);
    least.parts[0] = most.parts[0] = r->match_value;
    *low = tree_seek(&o->tree, &least, false);
    *high = tree_seek(&o->tree, &most, true);
}

/* Looks at one item; false where the storage failed. */
static bool evaluate(const struct reading *r, uint32_t slot, struct table_page *page)
{
    if (!slot_load(r->t, slot)) {
        return false;
    }
    struct item item = record_item(r->t, record_of(r->t, slot_at(r->t, slot)->record));
    if (r->query->index != TABLE_BASE && !r->query->fetch) {
        item = index_item(r->t, (uint32_t)r->query->index, item, r->t->scratch);
    }
    if (r->query->filter != NULL && !expression_holds(r->query->filter, item, r->query->values)) {
        return true;
    }
    page->count++;
    if (r->query->visit != NULL) {
        r->t->busy = true;
        r->query->visit(r->query->self, item);
        r->t->busy = false;
    }
    return true;
}

/* Looks at the members between two places of a tree, in the direction of the query. */
static bool evaluate_all(const struct reading *r, const struct counted_tree *tree,
                         struct tree_place low, struct tree_place high, struct table_page *page)
{
    bool backward = r->query->backward;
    struct tree_cursor c = backward ? high.cursor : low.cursor;
    for (uint32_t left = high.rank - low.rank; left > 0; left--) {
        uint32_t slot = backward ? tree_member_before(tree, c) : tree_member(tree, c);
        if (!evaluate(r, slot, page)) {
            return false;
        }
        tree_step(tree, &c, backward);
    }
    return true;
}

/* Looks at the page's first member for each value of the range key, and passes over the others by
 * one search each. */
static bool evaluate_leaders(const struct reading *r, struct table_page *page)
{
    const struct counted_tree *tree = &r->order->tree;
    struct tree_place place = r->low;
    page->count = r->high.rank - r->low.rank;
    while (place.rank < r->high.rank) {
        uint32_t slot = tree_member(tree, place.cursor);
        struct table_page one = {0};
        if (!evaluate(r, slot, &one)) {
            return false;
        }
        struct key_probe probe;
        order_probe(r->order, shown(r, slot), &probe);
        probe.count = 2;
        place = tree_seek(tree, &probe, true);
    }
    return true;
}

/* Finds the matches of the page. */
static bool find_items(const struct reading *r, struct table_page *page)
{
    struct tree_place low = r->low;
    struct tree_place high = r->high;
    const struct counted_tree *tree = &r->order->tree;
    if (low.rank < high.rank && r->matches != NULL) {
        narrow(r, &low, &high);
        tree = &r->matches->tree;
    }
    bool every = r->query->filter == NULL || (r->matches != NULL && r->match_is_all);
    if (every && r->query->visit == NULL) {
        page->count = high.rank - low.rank;
        return true;
    }
    if (r->query->leaders) {
        return evaluate_leaders(r, page);
    }
    return evaluate_all(r, tree, low, high, page);
}

static void put_last_key(const struct reading *r, struct table_page *page)
{
    if (!r->cut) {
        return;
    }
    size_t size = encode_key(r->order, r->query->backward ? lowest(r) : highest(r), r->t->last_key);
    page->last_key = (struct text){r->t->last_key, size};
}

/* A global index is not read consistently, and does not fetch. Source: DDB-GSI-1, DDB-GSI-6. */
static const struct table_index_config *global_index(const struct reading *r)
{
    const struct table_index_config *c =
        r->query->index == TABLE_BASE ? NULL : &r->t->config.indexes[r->query->index];
    return c == NULL || c->local ? NULL : c;
}

static enum table_result check_fetch(struct reading *r)
{
    const struct table_index_config *c = global_index(r);
    if (c == NULL || !r->query->fetch || c->projection == PROJECTION_ALL) {
        return TABLE_OK;
    }
    return table_invalid(r->t,
                         "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is "
                         "not supported for global secondary index %s because its projection type "
                         "is not ALL",
                         c->name);
}

static enum table_result read_query(struct reading *r)
{
    if (r->query->consistent && global_index(r) != NULL) {
        return table_invalid(r->t,
                             "Consistent reads are not supported on global secondary indexes");
    }
    read_schema(r);
    enum table_result result = read_key(r);
    if (result == TABLE_OK) {
        result = read_start(r);
    }
    if (result == TABLE_OK) {
        result = check_filter(r);
    }
    return result == TABLE_OK ? check_fetch(r) : result;
}

/* What was read is rounded up once. Source: DDB-QUERY-1. */
static enum table_result charge(struct reading *r, struct instant now, int64_t bytes,
                                struct table_page *page)
{
    enum table_result result = table_charge_read(r->t, now, r->query->index, r->partition, bytes,
                                                 r->query->consistent, &page->rcu_milli);
    page->throttled = r->t->throttled;
    return result;
}

static enum table_result answer(struct reading *r, struct instant now, struct table_page *page)
{
    if (r->query->backward) {
        page_backward(r);
    } else {
        page_forward(r);
    }
    if (fetches(r)) {
        cut_to_fetched(r);
    }
    int64_t bytes = (int64_t)(r->high.weight - r->low.weight);
    enum table_result result = charge(r, now, bytes + r->fetched, page);
    if (result != TABLE_OK) {
        return result;
    }
    page->scanned_count = r->high.rank - r->low.rank;
    page->bytes = bytes;
    page->fetched_bytes = r->fetched;
    put_last_key(r, page);
    return find_items(r, page) ? TABLE_OK : TABLE_FULL;
}

/* The memo */

/* Whether the answer is of a whole partition through an index, as things are now. */
static bool memorable(const struct reading *r)
{
    const struct table_query *q = r->query;
    return r->matches != NULL && r->match_is_all && q->limit == 0 && !q->backward &&
           r->interval.high.probe.count == 1 &&
           (r->interval.low.probe.count == 1 || q->start_key.size > 0) &&
           r->order->places_count == 2 && r->t->journal.travelled_count == 0;
}

static struct memo_question question_of(const struct reading *r)
{
    const struct key_probe *low = &r->interval.low.probe;
    return (struct memo_question){
        .index = (uint32_t)(r->matches - r->t->orders),
        .partition = memo_hash(r->partition),
        .value = memo_hash(r->match_value),
        .start = low->count == 2 ? low->parts[1] : (struct text){"", 0},
    };
}

/* Gives the answer that is known; its units are charged like any other's. */
static enum table_result answer_from_memo(struct reading *r, struct instant now,
                                          const struct memo_answer *known, struct table_page *page)
{
    enum table_result result = charge(r, now, known->bytes, page);
    if (result != TABLE_OK) {
        return result;
    }
    page->count = known->count;
    page->scanned_count = known->scanned_count;
    page->bytes = known->bytes;
    if (known->last.size > 0) {
        const struct text parts[] = {r->partition, known->last};
        page->last_key = (struct text){r->t->last_key, start_key_encode(parts, 2, r->t->last_key)};
    }
    return TABLE_OK;
}

static void memorize(struct reading *r, const struct memo_question *question,
                     const struct table_page *page)
{
    struct memo_answer answer = {
        .count = page->count, .scanned_count = page->scanned_count, .bytes = page->bytes};
    if (page->last_key.size > 0) {
        answer.last = record_key(highest(r), r->order->places[1]);
    }
    memo_put(&r->t->memo, question, &answer);
}

static enum table_result answer_or_remember(struct reading *r, struct instant now,
                                            struct table_page *page)
{
    if (!memorable(r)) {
        return answer(r, now, page);
    }
    struct memo_question question = question_of(r);
    struct memo_answer known;
    if (memo_get(&r->t->memo, &question, &known) && (r->query->visit == NULL || known.count == 0)) {
        return answer_from_memo(r, now, &known, page);
    }
    enum table_result result = answer(r, now, page);
    if (result == TABLE_OK) {
        memorize(r, &question, page);
    }
    return result;
}

enum table_result table_read_page(struct table *t, struct instant now,
                                  const struct table_query *query, struct table_page *page)
{
    ASSERT(!t->busy);
    ASSERT(query->index >= TABLE_BASE && query->index < (int32_t)t->config.indexes_count);
    ASSERT(!query->consistent || query->as_of.ns == now.ns);
    ASSERT(!query->leaders ||
           (query->index != TABLE_BASE && query->filter == NULL && !query->backward));
    ASSERT(query->segments_count == 0 ||
           (query->key == NULL && query->segment < query->segments_count));
    t->now = now;
    journal_prune(t, now);
    meters_begin(t);
    *page = (struct table_page){0};
    struct reading r = {.t = t, .query = query, .order = &t->orders[query->index + 1]};
    enum table_result result = read_query(&r);
    if (result != TABLE_OK) {
        return result;
    }
    ASSERT(r.order != NULL);
    find_matches(&r);
    r.orders = 1U << (query->index + 1);
    if (r.matches != NULL) {
        r.orders |= 1U << (r.matches - t->orders);
    }
    journal_travel(t, table_as_of(t, now, query->as_of), r.orders, r.order->places[0], r.partition);
    result = answer_or_remember(&r, now, page);
    journal_return(t, r.orders);
    return result;
}
