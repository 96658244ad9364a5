/* item.c: see item.h. */
#include "model/dynamodb/item.h"

#include "sim/assert.h"

enum {
    COUNT_BYTES = 4,
    HEAD_BYTES = 6, /* of an attribute: type and size of the value, size of the name */
    TYPES = TYPE_BS + 1,
    NUMBER_HEAD_BYTES = 3 /* sign and exponent; the coefficient's bytes follow */
};

static uint32_t load32(const char *at)
{
    uint32_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

static uint16_t load16(const char *at)
{
    uint16_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the encoding is stored as it is loaded");

/* One attribute or element where it lies. */
struct entry {
    struct text name, bytes;
    enum attribute_type type;
    const char *end;
};

static struct entry entry_at(const char *at)
{
    uint32_t head = load32(at);
    uint16_t name_size = load16(at + 4);
    const char *bytes = at + HEAD_BYTES + name_size;
    return (struct entry){
        .name = {at + HEAD_BYTES, name_size},
        .bytes = {bytes,           head >> 4},
        .type = (enum attribute_type)(head & 15),
        .end = bytes + (head >> 4)
    };
}

static struct number number_decode(struct text bytes)
{
    struct number n = {.sign = (int8_t)bytes.at[0], .exponent = (int16_t)load16(bytes.at + 1)};
    size_t size = bytes.size - NUMBER_HEAD_BYTES;
    memcpy(&n.low, bytes.at + NUMBER_HEAD_BYTES, size < 8 ? size : 8);
    if (size > 8) {
        memcpy(&n.high, bytes.at + NUMBER_HEAD_BYTES + 8, size - 8);
    }
    return n;
}

static uint32_t coefficient_bytes(const struct number *n)
{
    if (n->high != 0) {
        return 16 - (uint32_t)__builtin_clzll(n->high) / 8;
    }
    return n->low == 0 ? 0 : 8 - (uint32_t)__builtin_clzll(n->low) / 8;
}

static void value_decode(const struct entry *e, struct value *value)
{
    value->type = e->type;
    value->boolean = e->type == TYPE_BOOL && e->bytes.at[0] != 0;
    value->bytes = e->bytes;
    if (e->type == TYPE_N) {
        value->number = number_decode(e->bytes);
    }
}

static uint32_t value_bytes(const struct value *value)
{
    switch (value->type) {
    case TYPE_N:
        return NUMBER_HEAD_BYTES + coefficient_bytes(&value->number);
    case TYPE_BOOL:
        return 1;
    case TYPE_NULL:
        return 0;
    case TYPE_S:
    case TYPE_B:
    case TYPE_M:
    case TYPE_L:
    case TYPE_SS:
    case TYPE_NS:
    case TYPE_BS:
        break;
    }
    ASSERT(value->bytes.size < UINT32_C(1) << 28);
    return (uint32_t)value->bytes.size;
}

static void value_encode(char *at, const struct value *value, uint32_t size)
{
    if (value->type == TYPE_N) {
        uint64_t halves[2] = {value->number.low, value->number.high};
        at[0] = (char)value->number.sign;
        memcpy(at + 1, &value->number.exponent, 2);
        memcpy(at + NUMBER_HEAD_BYTES, halves, size - NUMBER_HEAD_BYTES);
    } else if (value->type == TYPE_BOOL) {
        at[0] = (char)value->boolean;
    } else if (size > 0) {
        memcpy(at, value->bytes.at, size);
    }
}

struct item_writer item_writer(char *buffer, uint32_t capacity)
{
    struct item_writer w = {.at = buffer, .size = COUNT_BYTES, .capacity = capacity};
    w.overflowed = capacity < COUNT_BYTES;
    return w;
}

/* Where the attribute lies, or would be put: *found tells which. Names mostly come in rising order,
 * so the last one is looked at first. */
static uint32_t writer_find(const struct item_writer *w, struct text name, bool *found)
{
    *found = false;
    if (w->last == 0 || text_compare(entry_at(w->at + w->last).name, name) < 0) {
        return w->size;
    }
    uint32_t at = COUNT_BYTES;
    while (at < w->size) {
        struct entry e = entry_at(w->at + at);
        int order = text_compare(e.name, name);
        if (order >= 0) {
            *found = order == 0;
            return at;
        }
        at = (uint32_t)(e.end - w->at);
    }
    return at;
}

static void writer_cut(struct item_writer *w, uint32_t at)
{
    uint32_t end = (uint32_t)(entry_at(w->at + at).end - w->at);
    memmove(w->at + at, w->at + end, w->size - end);
    w->size -= end - at;
    w->count--;
    if (w->last > at) {
        w->last -= end - at;
    }
}

/* After a cut at the end the last attribute is not known any more: it is found again. */
static void writer_find_last(struct item_writer *w)
{
    w->last = 0;
    for (uint32_t at = COUNT_BYTES; at < w->size;
         at = (uint32_t)(entry_at(w->at + at).end - w->at)) {
        w->last = at;
    }
}

static uint32_t entry_bytes(struct text name, const struct value *value)
{
    ASSERT(name.size <= UINT16_MAX);
    return HEAD_BYTES + (uint32_t)name.size + value_bytes(value);
}

static void head_encode(char *entry, struct text name, enum attribute_type type, uint32_t size)
{
    uint32_t head = size << 4 | (uint32_t)type;
    uint16_t name_size = (uint16_t)name.size;
    memcpy(entry, &head, 4);
    memcpy(entry + 4, &name_size, 2);
    if (name.size > 0) {
        memcpy(entry + HEAD_BYTES, name.at, name.size);
    }
}

/* Encodes an entry of entry_bytes in all. */
static void entry_encode(char *entry, struct text name, const struct value *value, uint32_t bytes)
{
    uint32_t size = bytes - HEAD_BYTES - (uint32_t)name.size;
    head_encode(entry, name, value->type, size);
    value_encode(entry + HEAD_BYTES + name.size, value, size);
}

static void writer_insert(struct item_writer *w, uint32_t at, struct text name,
                          const struct value *value)
{
    uint32_t needed = entry_bytes(name, value);
    if (w->overflowed || needed > w->capacity - w->size) {
        w->overflowed = true;
        return;
    }
    char *entry = w->at + at;
    memmove(entry + needed, entry, w->size - at);
    entry_encode(entry, name, value, needed);
    w->last = at == w->size ? at : w->last + needed;
    w->size += needed;
    w->count++;
}

void item_remove(struct item_writer *w, struct text name)
{
    bool found;
    uint32_t at = writer_find(w, name, &found);
    if (found && !w->overflowed) {
        writer_cut(w, at);
        writer_find_last(w);
    }
}

void item_add(struct item_writer *w, struct text name, const struct value *value)
{
    bool found;
    uint32_t at = writer_find(w, name, &found);
    if (found && !w->overflowed) {
        writer_cut(w, at);
        if (at == w->size) {
            writer_find_last(w);
        }
    }
    writer_insert(w, at, name, value);
}

void item_add_s(struct item_writer *w, struct text name, struct text text)
{
    struct value value = value_s(text);
    item_add(w, name, &value);
}

void item_add_n(struct item_writer *w, struct text name, int64_t integer)
{
    struct value value = value_n(integer);
    item_add(w, name, &value);
}

void item_append(struct item_writer *w, const struct value *element)
{
    writer_insert(w, w->size, (struct text){0}, element);
}

void item_add_element(struct item_writer *w, const struct value *element)
{
    uint32_t at = COUNT_BYTES;
    while (at < w->size) {
        struct entry e = entry_at(w->at + at);
        struct value present;
        value_decode(&e, &present);
        int order = value_compare(&present, element);
        if (order >= 0) {
            if (order == 0) {
                return;
            }
            break;
        }
        at = (uint32_t)(e.end - w->at);
    }
    writer_insert(w, at, (struct text){0}, element);
}

struct item_writer item_begin(const struct item_writer *w, struct text name)
{
    uint64_t start = (uint64_t)w->size + HEAD_BYTES + name.size;
    if (w->overflowed || start > w->capacity) {
        return (struct item_writer){.overflowed = true};
    }
    return item_writer(w->at + start, w->capacity - (uint32_t)start);
}

void item_end(struct item_writer *w, struct text name, enum attribute_type type,
              const struct item_writer *inner)
{
    struct item written = item_written(inner);
    if (written.bytes.size == 0 || written.bytes.size >= UINT32_C(1) << 28) {
        w->overflowed = true;
        return;
    }
    ASSERT(name.size <= UINT16_MAX);
    ASSERT(written.bytes.at == w->at + w->size + HEAD_BYTES + name.size);
    head_encode(w->at + w->size, name, type, (uint32_t)written.bytes.size);
    w->last = w->size;
    w->size += HEAD_BYTES + (uint32_t)(name.size + written.bytes.size);
    w->count++;
}

/* Paths into what is being written */

/* Where a path ends in a writer's buffer: the offset of the entry, or of the place where it would
 * be; and the entries around it, from the item's attribute inwards. */
struct place {
    uint32_t at;
    bool found;
    uint32_t around[ITEM_DEPTH_MAX];
    uint32_t around_count;
};

/* Finds the step's entry in the document of `e`, or where it would be put. */
static uint32_t document_find(const struct item_writer *w, const struct entry *e,
                              const struct item_step *step, bool *found)
{
    const char *at = e->bytes.at + COUNT_BYTES;
    *found = false;
    for (uint32_t i = 0; at < e->end && !*found; i++) {
        struct entry member = entry_at(at);
        int order = step->name.at != NULL ? text_compare(member.name, step->name)
                                          : (i > step->index) - (i < step->index);
        if (order > 0) {
            break;
        }
        *found = order == 0;
        at = *found ? at : member.end;
    }
    return (uint32_t)(at - w->at);
}

static struct place place_find(const struct item_writer *w, const struct item_path *path)
{
    struct place p;
    p.around_count = 0;
    p.at = writer_find(w, path->name, &p.found);
    for (; p.around_count < path->steps_count; p.around_count++) {
        const struct item_step *step = &path->steps[p.around_count];
        ASSERT(p.found && p.around_count < ITEM_DEPTH_MAX);
        struct entry e = entry_at(w->at + p.at);
        ASSERT(e.type == (step->name.at != NULL ? TYPE_M : TYPE_L));
        p.around[p.around_count] = p.at;
        p.at = document_find(w, &e, step, &p.found);
    }
    return p;
}

/* Makes room for `put` bytes in place of `cut` bytes at a place inside a document, which then has
 * `more` members more. False where there is no room. */
static bool place_resize(struct item_writer *w, const struct place *p, uint32_t cut, uint32_t put,
                         int more)
{
    if (w->overflowed || (put > cut && put - cut > w->capacity - w->size)) {
        w->overflowed = true;
        return false;
    }
    char *from = w->at + p->at;
    memmove(from + put, from + cut, w->size - p->at - cut);
    for (uint32_t i = 0; i < p->around_count; i++) {
        uint32_t head = load32(w->at + p->around[i]);
        head += (put - cut) << 4;
        memcpy(w->at + p->around[i], &head, 4);
    }
    char *members = w->at + (entry_at(w->at + p->around[p->around_count - 1]).bytes.at - w->at);
    uint32_t count = load32(members) + (uint32_t)more;
    memcpy(members, &count, COUNT_BYTES);
    w->last += w->last > p->around[0] ? put - cut : 0;
    w->size += put - cut;
    return true;
}

static uint32_t place_bytes(const struct item_writer *w, const struct place *p)
{
    return p->found ? (uint32_t)(entry_at(w->at + p->at).end - (w->at + p->at)) : 0;
}

void item_put(struct item_writer *w, const struct item_path *path, const struct value *value)
{
    if (path->steps_count == 0) {
        item_add(w, path->name, value);
    } else if (!w->overflowed) {
        struct place p = place_find(w, path);
        struct text name = path->steps[path->steps_count - 1].name;
        uint32_t bytes = entry_bytes(name, value);
        if (place_resize(w, &p, place_bytes(w, &p), bytes, !p.found)) {
            entry_encode(w->at + p.at, name, value, bytes);
        }
    }
}

void item_cut(struct item_writer *w, const struct item_path *path)
{
    if (path->steps_count == 0) {
        item_remove(w, path->name);
    } else if (!w->overflowed) {
        struct place p = place_find(w, path);
        ASSERT(p.found);
        (void)place_resize(w, &p, place_bytes(w, &p), 0, -1);
    }
}

void item_copy(struct item_writer *w, struct item item)
{
    *w = item_writer(w->at, w->capacity);
    if (item.bytes.size == 0) {
        return;
    }
    if (item.bytes.size > w->capacity) {
        w->overflowed = true;
        return;
    }
    memcpy(w->at, item.bytes.at, item.bytes.size);
    w->size = (uint32_t)item.bytes.size;
    w->count = item_count(item);
    writer_find_last(w);
}

struct item item_written(const struct item_writer *w)
{
    if (w->overflowed) {
        return (struct item){0};
    }
    memcpy(w->at, &w->count, COUNT_BYTES);
    return (struct item){
        {w->at, w->size}
    };
}

uint32_t item_count(struct item item)
{
    return item.bytes.size == 0 ? 0 : load32(item.bytes.at);
}

struct item_cursor item_cursor(struct item item)
{
    if (item.bytes.size == 0) {
        return (struct item_cursor){NULL, NULL};
    }
    return (struct item_cursor){item.bytes.at + COUNT_BYTES, item.bytes.at + item.bytes.size};
}

bool item_next(struct item_cursor *cursor, struct text *name, struct value *value)
{
    if (cursor->at == cursor->end) {
        return false;
    }
    struct entry e = entry_at(cursor->at);
    *name = e.name;
    value_decode(&e, value);
    cursor->at = e.end;
    return true;
}

bool item_get(struct item item, struct text name, struct value *value)
{
    struct item_cursor c = item_cursor(item);
    while (c.at != c.end) {
        struct entry e = entry_at(c.at);
        if (text_equal(e.name, name)) {
            value_decode(&e, value);
            return true;
        }
        c.at = e.end;
    }
    return false;
}

bool value_step(const struct value *from, const struct item_step *step, struct value *to)
{
    if (step->name.at != NULL) {
        return from->type == TYPE_M && item_get((struct item){from->bytes}, step->name, to);
    }
    if (from->type != TYPE_L || step->index >= item_count((struct item){from->bytes})) {
        return false;
    }
    struct entry e = entry_at(from->bytes.at + COUNT_BYTES);
    for (uint32_t i = 0; i < step->index; i++) {
        e = entry_at(e.end);
    }
    value_decode(&e, to);
    return true;
}

bool item_find(struct item item, const struct item_path *path, struct value *value)
{
    if (!item_get(item, path->name, value)) {
        return false;
    }
    for (uint32_t i = 0; i < path->steps_count; i++) {
        struct value from = *value;
        if (!value_step(&from, &path->steps[i], value)) {
            return false;
        }
    }
    return true;
}

static uint32_t depth_within(const struct value *value, uint32_t limit)
{
    uint32_t deepest = 0;
    if ((value->type == TYPE_M || value->type == TYPE_L) && limit > 0) {
        struct item_cursor c = item_cursor((struct item){value->bytes});
        struct text name;
        struct value member;
        while (item_next(&c, &name, &member)) {
            uint32_t depth = depth_within(&member, limit - 1);
            deepest = depth > deepest ? depth : deepest;
        }
    }
    return deepest + 1;
}

uint32_t value_depth(const struct value *value)
{
    return depth_within(value, ITEM_DEPTH_MAX);
}

struct text item_text(struct item item, struct text name)
{
    struct value value;
    if (!item_get(item, name, &value) || value.type != TYPE_S) {
        return (struct text){0};
    }
    return value.bytes;
}

void item_at(struct item item, uint32_t i, struct text *name, struct value *value)
{
    ASSERT(i < item_count(item));
    struct item_cursor c = item_cursor(item);
    for (uint32_t k = 0; k <= i; k++) {
        ASSERT(item_next(&c, name, value));
    }
}

/* Sums what lies in a run; each element of a document adds a byte of its own. */
static uint32_t run_size(struct text bytes, uint32_t each)
{
    struct item_cursor c = item_cursor((struct item){bytes});
    struct text name;
    struct value value;
    uint32_t size = 0;
    while (item_next(&c, &name, &value)) {
        size += (uint32_t)name.size + value_size(&value) + each;
    }
    return size;
}

uint32_t value_size(const struct value *value)
{
    switch (value->type) {
    case TYPE_S:
    case TYPE_B:
        return (uint32_t)value->bytes.size;
    case TYPE_N:
        return number_size(&value->number);
    case TYPE_BOOL:
    case TYPE_NULL:
        return 1;
    case TYPE_M:
    case TYPE_L:
        return 3 + run_size(value->bytes, 1);
    case TYPE_SS:
    case TYPE_NS:
    case TYPE_BS:
        break;
    }
    return run_size(value->bytes, 0);
}

uint32_t item_size(struct item item)
{
    return run_size(item.bytes, 0);
}

bool value_equal(const struct value *a, const struct value *b)
{
    if (a->type != b->type) {
        return false;
    }
    switch (a->type) {
    case TYPE_N:
        return number_compare(&a->number, &b->number) == 0;
    case TYPE_BOOL:
        return a->boolean == b->boolean;
    case TYPE_NULL:
        return true;
    case TYPE_S:
    case TYPE_B:
    case TYPE_M:
    case TYPE_L:
    case TYPE_SS:
    case TYPE_NS:
    case TYPE_BS:
        break;
    }
    return text_equal(a->bytes, b->bytes);
}

int value_compare(const struct value *a, const struct value *b)
{
    ASSERT(a->type == b->type);
    ASSERT(a->type == TYPE_S || a->type == TYPE_N || a->type == TYPE_B);
    return a->type == TYPE_N ? number_compare(&a->number, &b->number)
                             : text_compare(a->bytes, b->bytes);
}

struct text attribute_type_text(enum attribute_type type)
{
    static const struct text texts[] = {
#define ATTRIBUTE_TYPE_TEXT(name) {#name, sizeof #name - 1},
        ATTRIBUTE_TYPE_MAP(ATTRIBUTE_TYPE_TEXT)
#undef ATTRIBUTE_TYPE_TEXT
    };
    _Static_assert(sizeof texts / sizeof texts[0] == TYPES, "one text a type");
    return texts[type];
}

static bool run_valid(struct text bytes, enum attribute_type container, unsigned level);

static bool number_valid(struct text bytes)
{
    if (bytes.size < NUMBER_HEAD_BYTES || bytes.size > NUMBER_HEAD_BYTES + 16) {
        return false;
    }
    struct number n = number_decode(bytes);
    char digits[NUMBER_TEXT_MAX];
    struct text_writer w = text_writer(digits, sizeof digits);
    if (n.sign < -1 || n.sign > 1 || n.exponent < -170 || n.exponent > 125) {
        return false;
    }
    text_put_number(&w, &n);
    struct number again;
    return !w.overflowed && number_parse(text_written(&w), &again, NULL) == STATUS_OK &&
           memcmp(&again, &n, sizeof n) == 0 &&
           coefficient_bytes(&n) + NUMBER_HEAD_BYTES == bytes.size;
}

/* Whether an entry at that level is sound, 1 being the item's attributes. */
static bool entry_valid(const struct entry *e, unsigned level)
{
    if (level > ITEM_DEPTH_MAX) {
        return false;
    }
    switch (e->type) {
    case TYPE_S:
    case TYPE_B:
        return true;
    case TYPE_N:
        return number_valid(e->bytes);
    case TYPE_BOOL:
        return e->bytes.size == 1 && (unsigned char)e->bytes.at[0] <= 1;
    case TYPE_NULL:
        return e->bytes.size == 0;
    case TYPE_M:
    case TYPE_L:
        return run_valid(e->bytes, e->type, level + 1);
    case TYPE_SS:
    case TYPE_NS:
    case TYPE_BS:
        return run_valid(e->bytes, e->type, level);
    }
    return false;
}

/* Whether an element may follow `before` in a container of that type. */
static bool follows(const struct entry *before, const struct entry *e,
                    enum attribute_type container)
{
    if (container == TYPE_M) {
        return before == NULL || text_compare(before->name, e->name) < 0;
    }
    if (e->name.size > 0) {
        return false;
    }
    if (container == TYPE_L) {
        return true;
    }
    enum attribute_type type = container == TYPE_SS   ? TYPE_S
                               : container == TYPE_NS ? TYPE_N
                                                      : TYPE_B;
    if (e->type != type || before == NULL) {
        return e->type == type;
    }
    struct value a;
    struct value b;
    value_decode(before, &a);
    value_decode(e, &b);
    return value_compare(&a, &b) < 0;
}

static bool run_valid(struct text bytes, enum attribute_type container, unsigned level)
{
    if (bytes.size < COUNT_BYTES) {
        return false;
    }
    const char *at = bytes.at + COUNT_BYTES;
    const char *end = bytes.at + bytes.size;
    uint32_t count = 0;
    struct entry before;
    for (; at < end; count++) {
        size_t room = (size_t)(end - at);
        if (room < HEAD_BYTES || room - HEAD_BYTES < (size_t)load16(at + 4) + (load32(at) >> 4)) {
            return false;
        }
        struct entry e = entry_at(at);
        if (!entry_valid(&e, level) || !follows(count == 0 ? NULL : &before, &e, container)) {
            return false;
        }
        before = e;
        at = e.end;
    }
    return count == load32(bytes.at);
}

bool item_valid(struct text bytes)
{
    return run_valid(bytes, TYPE_M, 1);
}
