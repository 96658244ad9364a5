/* vector_line.c: see vector_line.h. */
#include "tools/vector_line.h"

#include "model/pipeline/scenario.h"

#include <stdio.h>

enum { INVOCATIONS_MAX = 10000, FILES_MAX = 1000000, DAYS_MAX = 3650 };

static bool complain(const struct place *place, const char *field, const char *what)
{
    (void)fprintf(stderr, "%s:%d: error: %s: %s\n", place->file, place->line, field, what);
    return false;
}

/* A member of the line's object; NULL's type where there is none. */
static struct value member(const struct value *object, const char *field)
{
    struct value value = value_null();
    (void)item_get((struct item){object->bytes}, text_from(field), &value);
    return value;
}

static bool read_word(const struct place *place, const struct value *object, const char *field,
                      const char *const *words, int count, int *word)
{
    struct value given = member(object, field);
    for (int i = 0; given.type == TYPE_S && i < count; i++) {
        if (text_equal(given.bytes, text_from(words[i]))) {
            *word = i;
            return true;
        }
    }
    char message[128];
    struct text_writer w = text_writer(message, sizeof message);
    text_put(&w, TEXT("must be one of"));
    for (int i = 0; i < count; i++) {
        text_put_char(&w, ' ');
        text_put(&w, text_from(words[i]));
    }
    return complain(place, field, text_writer_string(&w));
}

static bool read_integer(const struct place *place, const struct value *value, const char *field,
                         int64_t least, int64_t most, int64_t *integer)
{
    if (value->type != TYPE_N || !number_integer(&value->number, integer) || *integer < least ||
        *integer > most) {
        char message[96];
        (void)snprintf(message, sizeof message, "must be an integer from %lld to %lld",
                       (long long)least, (long long)most);
        return complain(place, field, message);
    }
    return true;
}

static const char *const event_words[] = {
#define X(name, word) word,
    VECTOR_EVENT_MAP(X)
#undef X
};

int64_t vector_number_at(struct item list, uint32_t i)
{
    struct text name;
    struct value value;
    int64_t integer = 0;
    item_at(list, i, &name, &value);
    (void)number_integer(&value.number, &integer);
    return integer;
}

/* Holds the elements of a list to a range, and sums them. */
static bool read_list(const struct place *place, struct item list, const char *field, int64_t least,
                      int64_t most, int64_t *sum)
{
    struct item_cursor c = item_cursor(list);
    struct text name;
    struct value value;
    int64_t integer;
    for (*sum = 0; item_next(&c, &name, &value); *sum += integer) {
        if (!read_integer(place, &value, field, least, most, &integer)) {
            return false;
        }
    }
    return true;
}

static bool read_lists(const struct place *place, const struct value *object, struct vector *v)
{
    struct value invocations = member(object, "invocations");
    struct value days = member(object, "days");
    int64_t sum;
    v->invocations = (struct item){invocations.bytes};
    v->days = (struct item){days.bytes};
    v->invocations_count = item_count(v->invocations);
    if (invocations.type != TYPE_L || v->invocations_count > INVOCATIONS_MAX) {
        return complain(place, "invocations", "must be a list of at most 10000 numbers of files");
    }
    if (days.type != TYPE_L || item_count(v->days) != v->invocations_count) {
        return complain(place, "days", "must be a list as long as invocations");
    }
    if (!read_list(place, v->invocations, "invocations", 0, FILES_MAX, &v->files) ||
        !read_list(place, v->days, "days", -DAYS_MAX, DAYS_MAX, &sum)) {
        return false;
    }
    return v->files <= FILES_MAX ||
           complain(place, "invocations", "more than 1000000 files in all");
}

enum vector_event vector_event_at(const struct vector *v, uint32_t i)
{
    struct text name;
    struct value value;
    int event = 0;
    if (item_count(v->events) == 0) {
        return VECTOR_NEW;
    }
    item_at(v->events, i, &name, &value);
    while (event < VECTOR_EVENTS_COUNT &&
           (value.type != TYPE_S || !text_equal(value.bytes, text_from(event_words[event])))) {
        event++;
    }
    return (enum vector_event)event;
}

static bool read_events(const struct place *place, const struct value *object, struct vector *v)
{
    struct value events = member(object, "events");
    int64_t uploaded = 0;
    v->events = (struct item){events.bytes};
    if (events.type == TYPE_NULL) {
        return true;
    }
    if (events.type != TYPE_L || item_count(v->events) != v->invocations_count) {
        return complain(place, "events", "must be a list as long as invocations");
    }
    for (uint32_t i = 0; i < v->invocations_count; i++) {
        enum vector_event event = vector_event_at(v, i);
        if (event == VECTOR_EVENTS_COUNT) {
            return complain(place, "events",
                            "must be of new, bare, again, unstartable, preload, complete");
        }
        if (event == VECTOR_AGAIN && vector_number_at(v->invocations, i) > uploaded) {
            return complain(place, "events", "more files again than there are");
        }
        uploaded += event == VECTOR_AGAIN || event == VECTOR_COMPLETE
                        ? 0
                        : vector_number_at(v->invocations, i);
    }
    return true;
}

static bool read_size(const struct place *place, const struct value *object, int64_t *size)
{
    struct value value = member(object, "size");
    *size = VECTOR_FILE_SIZE;
    return value.type == TYPE_NULL ||
           read_integer(place, &value, "size", 1, INT64_C(1) << 40, size);
}

bool vector_read(const struct place *place, const struct value *object, struct vector *v)
{
    static const char *const fields[] = {"variant", "machine", "max",  "invocations",
                                         "days",    "events",  "size", "seconds_per_manifest"};
    static const char *const variants[] = {
#define X(name, word) word,
        BUILDER_MAP(X)
#undef X
    };
    static const char *const machines[] = {
#define X(name, word) word,
        MACHINE_MAP(X)
#undef X
    };
    if (object->type != TYPE_M) {
        return complain(place, "line", "must be a JSON object");
    }
    struct item_cursor c = item_cursor((struct item){object->bytes});
    struct text key;
    struct value value;
    while (item_next(&c, &key, &value)) {
        bool known = false;
        for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
            known |= text_equal(key, text_from(fields[i]));
        }
        if (!known) {
            (void)fprintf(stderr, "%s:%d: error: %.*s: unknown field\n", place->file, place->line,
                          (int)key.size, key.at);
            return false;
        }
    }
    struct value max = member(object, "max");
    struct value pause = member(object, "seconds_per_manifest");
    return read_word(place, object, "variant", variants, sizeof variants / sizeof variants[0],
                     &v->variant) &&
           read_word(place, object, "machine", machines, sizeof machines / sizeof machines[0],
                     &v->machine) &&
           read_integer(place, &max, "max", 1, 10000, &v->max) &&
           read_integer(place, &pause, "seconds_per_manifest", 0, 86400,
                        &v->seconds_per_manifest) &&
           read_lists(place, object, v) && read_events(place, object, v) &&
           read_size(place, object, &v->size);
}
