/* partiql_literal.c: literals of PartiQL as values. Sources: DDB-PARTIQL-3, DDB-NUMBER-1. */
#include "model/api/partiql_tree.h"
#include "sim/assert.h"

#include <stdio.h>

static void put_spot(struct text_writer *w, const struct spot *spot)
{
    const struct spot *chain[40];
    uint32_t count = 0;
    for (; spot != NULL && spot->outer != NULL; spot = spot->outer) {
        chain[count++] = spot;
    }
    text_put(w, TEXT("root"));
    while (count > 0) {
        const struct spot *s = chain[--count];
        text_put_char(w, s->name.at != NULL ? '.' : '[');
        text_put(w, s->name);
        if (s->name.at == NULL) {
            text_put_integer(w, s->index, 0);
            text_put_char(w, ']');
        }
    }
}

const char *spot_text(const struct spot *spot, char *text, size_t size)
{
    struct text_writer w = text_writer(text, size);
    put_spot(&w, spot);
    return text_writer_string(&w);
}

enum status literal_number(struct text digits, bool negative, const struct spot *spot,
                           struct value *value, struct error *error)
{
    char where[300];
    struct error reason;
    *value = (struct value){.type = TYPE_N};
    if (number_parse(digits, &value->number, &reason) != STATUS_OK) {
        return error_set(error, STATUS_BAD_INPUT, "%s under %s", reason.message,
                         spot_text(spot, where, sizeof where));
    }
    value->number.sign = (int8_t)(negative ? -value->number.sign : value->number.sign);
    return STATUS_OK;
}

struct text literal_string(struct partiql *s, struct text token)
{
    char *at = s->text + s->text_used;
    size_t size = 0;
    for (size_t i = 1; i + 1 < token.size; i++) {
        at[size++] = token.at[i];
        i += token.at[i] == token.at[0]; /* of two quotes one is kept */
    }
    s->text_used += size;
    return (struct text){at, size};
}

/* A writer in the rest of the statement's room; keep() cuts off what it took. */
static struct item_writer room(struct partiql *s)
{
    return item_writer(s->text + s->text_used, (uint32_t)(s->text_size - s->text_used));
}

static void keep(struct partiql *s, const struct item_writer *w, enum attribute_type type,
                 struct value *value)
{
    struct item written = item_written(w);
    ASSERT(written.bytes.size > 0); /* statement_new made room */
    s->text_used += written.bytes.size;
    *value = (struct value){.type = type, .bytes = written.bytes};
}

void literal_list(struct partiql *s, uint16_t first, struct value *value)
{
    struct item_writer w = room(s);
    for (uint16_t i = first; i != 0; i = term_at(s, i)->next) {
        item_append(&w, &s->values[term_at(s, i)->value]);
    }
    keep(s, &w, TYPE_L, value);
}

enum status literal_map(struct partiql *s, uint16_t first, struct value *value, struct error *error)
{
    struct item_writer w = room(s);
    for (uint16_t i = first; i != 0; i = term_at(s, i)->next) {
        struct text name = term_at(s, i)->text;
        uint32_t count = w.count;
        item_add(&w, name, &s->values[term_at(s, i)->value]);
        if (w.count == count) {
            return partiql_refuse_at(s, term_at(s, i)->token, error,
                                     "A tuple has the key %.*s twice", (int)name.size, name.at);
        }
    }
    keep(s, &w, TYPE_M, value);
    return STATUS_OK;
}

/* "[a, b]": the elements of a bag as they are written. */
static void put_elements(struct text_writer *w, const struct partiql *s, uint16_t first)
{
    text_put_char(w, '[');
    for (uint16_t i = first; i != 0; i = term_at(s, i)->next) {
        const struct value *v = &s->values[term_at(s, i)->value];
        text_put(w, i == first ? TEXT("") : TEXT(", "));
        text_put(w, v->type == TYPE_S ? v->bytes : term_at(s, i)->token);
    }
    text_put_char(w, ']');
}

static enum status refuse_duplicates(const struct partiql *s, uint16_t first,
                                     const struct spot *spot, bool numbers, struct error *error)
{
    char elements[300];
    char where[100];
    struct text_writer w = text_writer(elements, sizeof elements);
    put_elements(&w, s, first);
    return error_set(error, STATUS_BAD_INPUT,
                     "One or more parameter values were invalid: Input collection %s contains "
                     "duplicates%s%s",
                     text_writer_string(&w), numbers ? "! under " : ".",
                     numbers ? spot_text(spot, where, sizeof where) : "");
}

enum status literal_set(struct partiql *s, uint16_t first, const struct spot *spot,
                        struct value *value, struct error *error)
{
    if (first == 0) {
        return error_set(error, STATUS_BAD_INPUT, "Empty bags are not supported");
    }
    struct item_writer w = room(s);
    enum attribute_type type = s->values[term_at(s, first)->value].type;
    for (uint16_t i = first; i != 0; i = term_at(s, i)->next) {
        const struct value *element = &s->values[term_at(s, i)->value];
        uint32_t count = w.count;
        if ((type != TYPE_S && type != TYPE_N) || element->type != type) {
            return error_set(error, STATUS_BAD_INPUT,
                             "Unsupported data type in Bag. DynamoDB only supports either numbers "
                             "or strings in bags");
        }
        item_add_element(&w, element);
        if (w.count == count) {
            return refuse_duplicates(s, first, spot, type == TYPE_N, error);
        }
    }
    keep(s, &w, type == TYPE_S ? TYPE_SS : TYPE_NS, value);
    return STATUS_OK;
}
