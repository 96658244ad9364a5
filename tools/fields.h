/* fields.h: the one table of what a scenario file can say.
 *
 * Method. Each row names a field of struct scenario by its dotted key and gives its type, range,
 * words and one sentence of documentation. The decoder, `--set`, `lockstep schema` and `lockstep
 * help scenario` all read this table and nothing else. Defaults are not in it: they are what
 * scenario_init leaves (and, for elements of lists, the list's default element), rendered by
 * field_put. In a key, `*` stands for an index: "workload.*.files".
 */
#ifndef LOCKSTEP_TOOLS_FIELDS_H
#define LOCKSTEP_TOOLS_FIELDS_H

#include "model/pipeline/scenario.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_type {
    FIELD_TEXT,     /* any text without control characters but line feeds and tabs */
    FIELD_DATE,     /* 2026-01-29 */
    FIELD_INTEGER,  /* decimal digits */
    FIELD_BOOLEAN,  /* true, false */
    FIELD_WORD,     /* one of `words`; the enumerator's number is stored */
    FIELD_WORDS,    /* a list of `words`, or "all" or "none"; bit i for word i is stored */
    FIELD_SIZE,     /* 3.5MB, 4KiB, 12B: bytes; KB, MB, GB are powers of 1024, as KiB, MiB, GiB */
    FIELD_SHARE,    /* 0.5%, 120ppm: stored in millionths */
    FIELD_MONEY,    /* 0.625USD: stored in billionths of a dollar */
    FIELD_DURATION, /* 300s, 1h30m */
    FIELD_INSTANT,  /* 2026-01-29T08:00:00Z */
    FIELD_DISTRIBUTION, /* 40ms, uniform(3h, 48h) */
    FIELD_COMMAND,      /* what an operator types: check-locks --clear-expired */
    FIELD_INSTANCE,     /* 2.7, or 7: parent and ordinal of a process */
    FIELD_FAULT,        /* a process; stores it and the kind of fault in `least` */
};

struct field {
    const char *key;
    enum field_type type;
    bool required;
    size_t offset;            /* in struct scenario, or in its list's element */
    int64_t least, most;      /* of integers, bytes, ns */
    const char *const *words; /* ends with NULL */
    const char *noun; /* for so many words that they are listed elsewhere; NULL: they are not */
    bool any;         /* of FIELD_WORDS: "any" may be said, and all 32 bits are stored */
    void (*apply)(struct scenario *s, unsigned word); /* presets: sets what the word stands for */
    const char *text;
};

/* A list of structs: "workload" and its like. */
struct field_list {
    const char *key;
    size_t count_offset; /* uint32_t in struct scenario */
    size_t items_offset, item_size;
    uint32_t most;
    const void *item; /* what a new element holds before its fields are set */
    const char *text;
};

/* A group of fields, for documentation: "pipeline". */
struct field_group {
    const char *key, *text;
};

size_t fields_count(void);
const struct field *field_at(size_t i);
const struct field_list *field_list_at(size_t i); /* NULL beyond the last */
const struct field_group *field_group_at(size_t i);

/* NULL where there is none of that key. */
const struct field *field_find(struct text key);
const struct field_list *field_list_find(struct text key);

/* Whether some field's key begins with `key` and a dot. */
bool field_group_exists(struct text key);

/* The list that a field is in (the part of its key before ".*."), or NULL. */
const struct field_list *field_list_of(const struct field *field);

/* Types `value` and stores it in the scenario, or in element `index` of the field's list (which is
 * there). Texts are stored as the view they are. STATUS_BAD_INPUT with a message that names value
 * and expectation, nothing stored. Presets are stored, not applied. */
enum status field_set(const struct field *field, struct scenario *scenario, uint32_t index,
                      struct text value, struct error *error);

/* Writes the value in the form field_set reads. */
void field_put(const struct field *field, const struct scenario *scenario, uint32_t index,
               struct text_writer *w);

/* FIELD_TEXT, _COMMAND, _DATE or _FAULT: what it holds is the text itself. */
bool field_is_of_text(const struct field *field);

/* Room for a value that is no text: a distribution of 16 points. */
enum { FIELD_VALUE_MAX = 2048 };

/* The value as field_put writes it: in `room`, or the text that it holds. */
struct text field_value(const struct field *field, const struct scenario *scenario, uint32_t index,
                        char room[FIELD_VALUE_MAX]);

/* The text that a field of text holds now. */
struct text field_text(const struct field *field, const struct scenario *scenario, uint32_t index);

/* Whether a field holds the same in both. */
bool field_is_same(const struct field *field, const struct scenario *a, uint32_t a_index,
                   const struct scenario *b, uint32_t b_index);

/* What a FIELD_INTEGER or FIELD_DURATION (ns) holds now; sets it, unchecked. */
int64_t field_amount(const struct field *field, const struct scenario *scenario, uint32_t index);
void field_set_amount(const struct field *field, struct scenario *scenario, uint32_t index,
                      int64_t amount);

/* Gives a field of one scenario what it holds in another; presets are stored, not applied. */
void field_copy(const struct field *field, struct scenario *to, uint32_t to_index,
                const struct scenario *from, uint32_t from_index);

/* The enumerator a FIELD_WORD holds now. */
unsigned field_word(const struct field *field, const struct scenario *scenario);

/* The bits that a FIELD_WORDS holds now; sets them. */
uint32_t field_bits(const struct field *field, const struct scenario *scenario, uint32_t index);
void field_set_bits(const struct field *field, struct scenario *scenario, uint32_t index,
                    uint32_t bits);

/* The type in a few words, for documentation: "duration, 1s to 15m". */
void field_put_type(const struct field *field, struct text_writer *w);

/* What the presets of `s` give where nothing else is said, with one default element in each list.
 */
void fields_fill_base(struct scenario *base, const struct scenario *s);

uint32_t field_list_count(const struct field_list *list, const struct scenario *scenario);

/* Takes an element out. */
void field_list_remove(const struct field_list *list, struct scenario *scenario, uint32_t index);

/* Adds an element with default values; false where the list is full. */
bool field_list_add(const struct field_list *list, struct scenario *scenario);

#endif
