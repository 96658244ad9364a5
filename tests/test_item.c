/* test_item.c: items: one encoding for equal contents, sizes as DynamoDB counts, damage is seen,
 * documents are written, entered and changed in place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/dynamodb/item.h"
#include "sim/random.h"
#include "tests/document.h"

enum { BYTES = 4096 };

/* A value of each type, nested ones too, in `buffer`. */
static struct item rich_item(char *buffer)
{
    static char list_bytes[BYTES];
    static char map_bytes[BYTES];
    static char set_bytes[BYTES];
    struct value values[] = {
        value_s(TEXT("a")), value_n(12), value_null(), {.type = TYPE_BOOL, .boolean = true}
    };
    struct item_writer list = item_writer(list_bytes, BYTES);
    struct item_writer map = item_writer(map_bytes, BYTES);
    struct item_writer set = item_writer(set_bytes, BYTES);
    for (int i = 0; i < 4; i++) {
        item_append(&list, &values[i]);
    }
    item_add_n(&map, TEXT("x"), 1);
    item_add_s(&map, TEXT("y"), TEXT("zz"));
    static const int64_t elements[] = {7, -3, 7, 100};
    for (int i = 0; i < 4; i++) {
        struct value element = value_n(elements[i]);
        item_add_element(&set, &element);
    }
    struct value l = {.type = TYPE_L, .bytes = item_written(&list).bytes};
    struct value m = {.type = TYPE_M, .bytes = item_written(&map).bytes};
    struct value ns = {.type = TYPE_NS, .bytes = item_written(&set).bytes};
    struct value b = {
        .type = TYPE_B, .bytes = {"\0\1\2", 3}
    };
    struct item_writer w = item_writer(buffer, BYTES);
    item_add(&w, TEXT("set"), &ns);
    item_add(&w, TEXT("list"), &l);
    item_add(&w, TEXT("map"), &m);
    item_add(&w, TEXT("binary"), &b);
    item_add(&w, TEXT("null"), &values[2]);
    item_add(&w, TEXT("yes"), &values[3]);
    item_add_n(&w, TEXT("number"), -1500);
    item_add_s(&w, TEXT("string"), TEXT("text"));
    return item_written(&w);
}

static void any_order_gives_the_same_bytes(void **state)
{
    (void)state;
    static const char *const names[] = {"d", "a", "c", "b", "aa", "", "e"};
    char first[BYTES];
    struct item reference = {0};
    struct random_stream random = random_stream(3, TEXT("orders"));
    for (int round = 0; round < 200; round++) {
        char buffer[BYTES];
        struct item_writer w = item_writer(round == 0 ? first : buffer, BYTES);
        bool done[7] = {false};
        for (int left = 7; left > 0;) {
            uint32_t i = round == 0 ? (uint32_t)(7 - left) : (uint32_t)random_below(&random, 7);
            /* Writing twice keeps the last value; writing and removing leaves no trace. */
            if (round > 0 && random_below(&random, 4) == 0) {
                item_add_s(&w, text_from(names[i]), TEXT("overwritten by what follows"));
                item_remove(&w, text_from(names[i]));
                left += done[i];
                done[i] = false;
            } else {
                item_add_n(&w, text_from(names[i]), i);
                left -= !done[i];
                done[i] = true;
            }
        }
        struct item item = item_written(&w);
        assert_int_equal(item_count(item), 7);
        assert_true(item_valid(item.bytes));
        reference = round == 0 ? item : reference;
        assert_true(text_equal(item.bytes, reference.bytes));
    }
}

static void attributes_are_found(void **state)
{
    (void)state;
    char buffer[BYTES];
    struct item item = rich_item(buffer);
    struct value value;
    struct text name;
    assert_int_equal(item_count(item), 8);
    assert_true(item_get(item, TEXT("number"), &value));
    assert_int_equal(value.type, TYPE_N);
    struct number expected = number_from(-1500);
    assert_memory_equal(&value.number, &expected, sizeof expected);
    assert_true(text_equal(item_text(item, TEXT("string")), TEXT("text")));
    assert_int_equal(item_text(item, TEXT("number")).size, 0);
    assert_int_equal(item_text(item, TEXT("strin")).size, 0);
    assert_false(item_get(item, TEXT("missing"), &value));
    assert_false(item_get((struct item){0}, TEXT("a"), &value));
    assert_true(item_get(item, TEXT("yes"), &value) && value.boolean);
    item_at(item, 0, &name, &value);
    assert_true(text_equal(name, TEXT("binary")));
    item_at(item, 7, &name, &value);
    assert_true(text_equal(name, TEXT("yes")));
    assert_true(item_get(item, TEXT("set"), &value));
    struct item set = {value.bytes};
    assert_int_equal(item_count(set), 3);
    item_at(set, 0, &name, &value);
    int64_t least;
    assert_true(number_integer(&value.number, &least));
    assert_int_equal(least, -3);
}

/* Source of the figures: DDB-SIZE-1; the first is the guide's own example. */
static void sizes_are_as_documented(void **state)
{
    (void)state;
    char buffer[BYTES];
    struct item_writer w = item_writer(buffer, BYTES);
    item_add_s(&w, TEXT("shirt-color"), TEXT("R"));
    item_add_s(&w, TEXT("shirt-size"), TEXT("M"));
    assert_int_equal(item_size(item_written(&w)), 23);
    struct item item = rich_item(buffer);
    struct value value;

    static const struct {
        const char *name;
        uint32_t size;
    } sizes[] = {
        {"string", 4                        },
        {"binary", 3                        },
        {"null",   1                        },
        {"yes",    1                        },
        {"number", 3                        }, /* 1.5E3: one, one for two digits, one for the sign */
        {"map",    3 + (1 + 2) + (1 + 2) + 2},
        {"list",   3 + 1 + 2 + 1 + 1 + 4    },
        {"set",    3 + 2 + 2                },
    };

    uint32_t sum = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct text name = text_from(sizes[i].name);
        assert_true(item_get(item, name, &value));
        assert_int_equal(value_size(&value), sizes[i].size);
        sum += (uint32_t)name.size + sizes[i].size;
    }
    assert_int_equal(item_size(item), sum);
}

static void too_small_a_buffer_is_told_at_the_end(void **state)
{
    (void)state;
    char buffer[BYTES];
    struct item whole = rich_item(buffer);
    for (uint32_t capacity = 0; capacity <= whole.bytes.size; capacity++) {
        char small[BYTES];
        struct item_writer w = item_writer(small, capacity);
        item_copy(&w, whole);
        assert_int_equal(item_written(&w).bytes.size,
                         capacity == whole.bytes.size ? whole.bytes.size : 0);
    }
    struct item_writer w = item_writer(buffer, 30);
    item_add_s(&w, TEXT("a"), TEXT("fits"));
    item_add_s(&w, TEXT("b"), TEXT("does not fit any more"));
    item_add_s(&w, TEXT("c"), TEXT(""));
    assert_int_equal(item_written(&w).bytes.size, 0);
}

/* Every truncation and every changed byte either is refused or gives another item that can be
 * walked through: nothing is read outside (the address sanitizer watches). */
static void damaged_bytes_do_no_harm(void **state)
{
    (void)state;
    char buffer[BYTES];
    struct item item = rich_item(buffer);
    assert_true(item_valid(item.bytes));
    for (size_t size = 0; size < item.bytes.size; size++) {
        assert_false(item_valid((struct text){item.bytes.at, size}));
    }
    uint32_t refused = 0;
    for (size_t i = 0; i < item.bytes.size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            buffer[i] = (char)(buffer[i] ^ (1 << bit));
            if (item_valid(item.bytes)) {
                assert_true(item_size(item) > 0);
            } else {
                refused++;
            }
            buffer[i] = (char)(buffer[i] ^ (1 << bit));
        }
    }
    assert_in_range(refused, item.bytes.size * 2, item.bytes.size * 8);
}

static void values_are_equal_by_content(void **state)
{
    (void)state;
    struct value a = value_n(5);
    struct value b = value_n(5);
    assert_true(value_equal(&a, &b));
    b = value_s(TEXT("5"));
    assert_false(value_equal(&a, &b));
    a = value_s(TEXT("5"));
    assert_true(value_equal(&a, &b));
    a = value_null();
    b = value_null();
    assert_true(value_equal(&a, &b));
    a = (struct value){.type = TYPE_BOOL, .boolean = true};
    b = (struct value){.type = TYPE_BOOL, .boolean = false};
    assert_false(value_equal(&a, &b));
    a = value_s(TEXT("a\xff"));
    b = value_s(TEXT("a\x01z"));
    assert_true(value_compare(&a, &b) > 0);
    b = value_s(TEXT("a"));
    assert_true(value_compare(&a, &b) > 0);
}

/* {a: 1, m: {l: [7, {}], n: 'x'}, z: <'p' 'q'>}, written inside out. */
static struct item nested_item(char *buffer, uint32_t capacity)
{
    struct value seven = value_n(7);
    struct value p = value_s(TEXT("p"));
    struct value q = value_s(TEXT("q"));
    struct item_writer w = item_writer(buffer, capacity);
    item_add_n(&w, TEXT("a"), 1);
    struct item_writer m = item_begin(&w, TEXT("m"));
    struct item_writer l = item_begin(&m, TEXT("l"));
    item_append(&l, &seven);
    struct item_writer empty = item_begin(&l, (struct text){0});
    item_end(&l, (struct text){0}, TYPE_M, &empty);
    item_end(&m, TEXT("l"), TYPE_L, &l);
    item_add_s(&m, TEXT("n"), TEXT("x"));
    item_end(&w, TEXT("m"), TYPE_M, &m);
    struct item_writer dropped = item_begin(&w, TEXT("n"));
    item_add_n(&dropped, TEXT("never"), 1);
    struct item_writer z = item_begin(&w, TEXT("z"));
    item_add_element(&z, &q);
    item_add_element(&z, &p);
    item_end(&w, TEXT("z"), TYPE_SS, &z);
    return item_written(&w);
}

static void documents_are_written_in_place(void **state)
{
    (void)state;
    char buffer[BYTES];
    char small[BYTES];
    struct item item = nested_item(buffer, BYTES);
    assert_true(item_valid(item.bytes));
    assert_string_equal(document_text(item), "{a: 1, m: {l: [7, {}], n: 'x'}, z: <'p' 'q'>}");
    assert_true(text_equal(item.bytes,
                           document_item("{z: <'q' 'p'>, m: {n: 'x', l: [7, {}]}, a: 1}").bytes));
    for (uint32_t capacity = 0; capacity < item.bytes.size; capacity++) {
        assert_int_equal(nested_item(small, capacity).bytes.size, 0);
    }
}

/* A change at a path of {a: 1, d: {l: [1, [2]], m: {b: 'x'}}, z: 9}: put where there is a value,
 * else cut; an attribute zz is added afterwards, since the writer has to know its end. */
static const struct change {
    const char *path, *value, *after;
} changes[] = {
    {"d.m.b",     "'a longer text'", "{a: 1, d: {l: [1, [2]], m: {b: 'a longer text'}}, z: 9, zz: 0}"},
    {"d.m.b",     "null",            "{a: 1, d: {l: [1, [2]], m: {b: null}}, z: 9, zz: 0}"           },
    {"d.m.a",     "[]",              "{a: 1, d: {l: [1, [2]], m: {a: [], b: 'x'}}, z: 9, zz: 0}"     },
    {"d.m.c",     "{}",              "{a: 1, d: {l: [1, [2]], m: {b: 'x', c: {}}}, z: 9, zz: 0}"     },
    {"d.lm",      "5",               "{a: 1, d: {l: [1, [2]], lm: 5, m: {b: 'x'}}, z: 9, zz: 0}"     },
    {"d.l",       "5",               "{a: 1, d: {l: 5, m: {b: 'x'}}, z: 9, zz: 0}"                   },
    {"d.l[0]",    "[0, 0]",          "{a: 1, d: {l: [[0, 0], [2]], m: {b: 'x'}}, z: 9, zz: 0}"       },
    {"d.l[1][0]", "3",               "{a: 1, d: {l: [1, [3]], m: {b: 'x'}}, z: 9, zz: 0}"            },
    {"d.l[2]",    "3",               "{a: 1, d: {l: [1, [2], 3], m: {b: 'x'}}, z: 9, zz: 0}"         },
    {"d.l[1][8]", "3",               "{a: 1, d: {l: [1, [2, 3]], m: {b: 'x'}}, z: 9, zz: 0}"         },
    {"z",         "{}",              "{a: 1, d: {l: [1, [2]], m: {b: 'x'}}, z: {}, zz: 0}"           },
    {"d.l[0]",    NULL,              "{a: 1, d: {l: [[2]], m: {b: 'x'}}, z: 9, zz: 0}"               },
    {"d.l[1][0]", NULL,              "{a: 1, d: {l: [1, []], m: {b: 'x'}}, z: 9, zz: 0}"             },
    {"d.m.b",     NULL,              "{a: 1, d: {l: [1, [2]], m: {}}, z: 9, zz: 0}"                  },
    {"d.l",       NULL,              "{a: 1, d: {m: {b: 'x'}}, z: 9, zz: 0}"                         },
    {"d",         NULL,              "{a: 1, z: 9, zz: 0}"                                           },
    {"z",         NULL,              "{a: 1, d: {l: [1, [2]], m: {b: 'x'}}, zz: 0}"                  },
};

static void documents_are_changed_in_place(void **state)
{
    (void)state;
    struct item before = document_item("{a: 1, d: {l: [1, [2]], m: {b: 'x'}}, z: 9}");
    char buffer[BYTES];
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        const struct change *c = &changes[i];
        struct item_path path = document_path(c->path);
        struct value value;
        uint32_t needed = (uint32_t)document_item(c->after).bytes.size;
        for (uint32_t spare = 0; spare < 40; spare++) {
            uint32_t capacity = (uint32_t)before.bytes.size + spare;
            struct item_writer w = item_writer(buffer, capacity);
            item_copy(&w, before);
            if (c->value != NULL) {
                value = document_read(c->value);
                item_put(&w, &path, &value);
            } else {
                item_cut(&w, &path);
            }
            item_add_n(&w, TEXT("zz"), 0);
            struct item after = item_written(&w);
            assert_int_equal(after.bytes.size, needed <= capacity ? needed : 0);
            if (after.bytes.size > 0) {
                assert_true(item_valid(after.bytes));
                assert_string_equal(document_text(after), c->after);
                bool moved = strchr(c->path, '[') != NULL;
                assert_true(moved || item_find(after, &path, &value) == (c->value != NULL));
            }
        }
    }
}

/* Levels of a value, and that an item has 32 of them. Source: DDB-LIMIT-1. */
static void levels_are_counted(void **state)
{
    (void)state;
    struct value value = value_n(1);
    static char buffers[2][BYTES];
    for (uint32_t level = 1; level <= 40; level++) {
        struct item_writer w = item_writer(buffers[level % 2], BYTES);
        assert_int_equal(value_depth(&value), level <= 33 ? level : 33);
        item_add(&w, TEXT("a"), &value);
        assert_int_equal(item_valid(item_written(&w).bytes), level <= 32);
        value = (struct value){.type = TYPE_M, .bytes = item_written(&w).bytes};
    }
    value = document_read("[1, {a: <1 2>, b: [{}]}, 2]");
    assert_int_equal(value_depth(&value), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_gives_the_same_bytes),
        cmocka_unit_test(attributes_are_found),
        cmocka_unit_test(sizes_are_as_documented),
        cmocka_unit_test(too_small_a_buffer_is_told_at_the_end),
        cmocka_unit_test(damaged_bytes_do_no_harm),
        cmocka_unit_test(values_are_equal_by_content),
        cmocka_unit_test(documents_are_written_in_place),
        cmocka_unit_test(documents_are_changed_in_place),
        cmocka_unit_test(levels_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
