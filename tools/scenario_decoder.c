/* scenario_decoder.c: see scenario_decoder.h. Reading first, then the meaning of what was read. */
#include "tools/scenario_decoder.h"

#include "model/pipeline/faults.h"
#include "sim/unicode.h"
#include "tools/fields.h"
#include "tools/suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

enum { PATH_MAX_SIZE = 96 };

enum node_kind { NODE_SCALAR, NODE_MAPPING, NODE_SEQUENCE };

static const char *const node_names[] = {"a value", "a mapping", "a list"};

/* One thing in the document. Paths longer than the room are cut: no field has one as long. */
struct node {
    enum node_kind kind;
    bool empty;    /* a plain scalar without text: YAML's null */
    bool assigned; /* by a case or the command line */
    bool by_case;
    struct position key, value;
    struct text text;
    size_t path_size;
    char path[PATH_MAX_SIZE];
};

struct document {
    struct source file;
    const char *const *sets;
    size_t sets_count;
    uint32_t nodes_count;
    size_t texts_size, texts_capacity;
    char *texts; /* the values, one after the other */
    struct node nodes[SCENARIO_NODES_MAX];
};

static struct text path_of(const struct node *node)
{
    return (struct text){node->path, node->path_size};
}

static struct source source_of(const struct document *d, struct position at)
{
    if (at.source_number == 0) {
        return d->file;
    }
    return (struct source){TEXT("--set"), text_from(d->sets[at.source_number - 1])};
}

static void blame(const struct document *d, struct diagnostics *diagnostics, struct position at,
                  struct text path, const char *what)
{
    struct source source = source_of(d, at);
    if (path.size == 0) {
        diagnostics_add(diagnostics, &source, at, "%s", what);
    } else {
        diagnostics_add(diagnostics, &source, at, "%s: %s", shown(path).text, what);
    }
}

/* ---- Paths. ---- */

/* What a path stands for. */
enum meaning {
    MEANS_NOTHING,
    MEANS_ROOT,
    MEANS_GROUP,
    MEANS_LIST,
    MEANS_ELEMENT,
    MEANS_FIELD,
    MEANS_WORD
};

struct target {
    enum meaning meaning;
    const struct field *field;
    const struct field_list *list; /* that the path leads into, if any */
    uint32_t index;                /* of the element */
    char pattern[PATH_MAX_SIZE];   /* the path with `*` for the index */
};

/* The part of `path` before the last dot; empty where there is none. */
static struct text parent_of(struct text path)
{
    while (path.size > 0 && path.at[path.size - 1] != '.') {
        path.size--;
    }
    path.size -= path.size > 0;
    return path;
}

static bool parse_index(struct text text, uint32_t *index)
{
    *index = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] < '0' || text.at[i] > '9' || *index > 9999) {
            return false;
        }
        *index = *index * 10 + (uint32_t)(text.at[i] - '0');
    }
    return text.size > 0 && (text.size == 1 || text.at[0] != '0');
}

/* Replaces the index in "workload.3.files"; false where the path can mean nothing: it is too long,
 * or says `*` itself. */
static bool write_pattern(struct text path, struct target *t)
{
    struct text_writer w = text_writer(t->pattern, sizeof t->pattern);
    for (size_t start = 0; start <= path.size;) {
        const char *dot = memchr(path.at + start, '.', path.size - start);
        size_t end = dot == NULL ? path.size : (size_t)(dot - path.at);
        struct text part = {path.at + start, end - start};
        if (text_equal(part, TEXT("*"))) {
            return false;
        }
        struct text before = {path.at, start > 0 ? start - 1 : 0};
        const struct field_list *list = field_list_find(before);
        if (list != NULL && parse_index(part, &t->index)) {
            t->list = list;
            part = TEXT("*");
        }
        text_put(&w, start > 0 ? TEXT(".") : TEXT(""));
        text_put(&w, part);
        start = end + 1;
    }
    (void)text_writer_string(&w);
    return !w.overflowed;
}

static struct target resolve(struct text path)
{
    struct target t = {.meaning = MEANS_NOTHING};
    if (path.size == 0) {
        t.meaning = MEANS_ROOT;
        return t;
    }
    if (!write_pattern(path, &t)) {
        memcpy(t.pattern, "?.?", 4); /* near nothing that is known */
        return t;
    }
    struct text pattern = text_from(t.pattern);
    const struct field *above = field_find(parent_of(pattern));
    uint32_t index;
    t.field = field_find(pattern);
    if (t.field != NULL) {
        t.meaning = MEANS_FIELD;
    } else if (field_list_find(pattern) != NULL) {
        t.meaning = MEANS_LIST;
    } else if (text_ends(pattern, TEXT(".*"))) {
        t.meaning = MEANS_ELEMENT;
    } else if (field_group_exists(pattern)) {
        t.meaning = MEANS_GROUP;
    } else if (above != NULL && above->type == FIELD_WORDS &&
               parse_index(text_after_last(path, '.'), &index)) {
        t.meaning = MEANS_WORD;
        t.field = above;
    }
    return t;
}

/* ---- Reading: from events to nodes. ---- */

/* A container that is open while reading. */
struct level {
    enum node_kind kind;
    uint32_t node;
    uint32_t items; /* so far */
    bool has_key;   /* in a mapping: its key is read, its value is next */
};

struct reader {
    struct document *d;
    struct diagnostics *diagnostics;
    yaml_parser_t parser;
    struct level levels[SCENARIO_DEPTH_MAX];
    uint32_t depth, documents;
    struct position key; /* of the node to come */
    char path[PATH_MAX_SIZE];
    size_t path_size;
    bool stop; /* what was found leaves nothing to go on with */
};

static struct position position_of(yaml_mark_t mark)
{
    return (struct position){0, (uint32_t)mark.line + 1, (uint32_t)mark.column + 1};
}

static void complain(struct reader *r, struct position at, const char *what)
{
    blame(r->d, r->diagnostics, at, (struct text){"", 0}, what);
}

static void give_up(struct reader *r, struct position at, const char *what)
{
    complain(r, at, what);
    r->stop = true;
}

/* Sets the path of the node to come: that of the open container, a dot, and `last`. */
static void enter_path(struct reader *r, struct text last)
{
    struct text_writer w = text_writer(r->path, sizeof r->path);
    const struct level *level = &r->levels[r->depth - 1];
    text_put(&w, path_of(&r->d->nodes[level->node]));
    text_put(&w, w.size > 0 ? TEXT(".") : TEXT(""));
    text_put(&w, last);
    r->path_size = w.size;
}

/* The text, copied to where it stays as long as the document. An escape such as \L takes two bytes
 * and gives three, so twice the file is always enough. */
static struct text keep(struct document *d, const char *at, size_t size)
{
    ASSERT(size <= d->texts_capacity - d->texts_size);
    char *copy = d->texts + d->texts_size;
    memcpy(copy, at, size);
    d->texts_size += size;
    return (struct text){copy, size};
}

static struct node *add_node(struct reader *r, enum node_kind kind, yaml_mark_t mark)
{
    struct document *d = r->d;
    if (d->nodes_count == SCENARIO_NODES_MAX) {
        give_up(r, position_of(mark), "more than 4096 values");
        return NULL;
    }
    struct node *node = &d->nodes[d->nodes_count++];
    node->kind = kind;
    node->value = position_of(mark);
    node->key = node->value;
    if (r->depth > 0) {
        struct level *level = &r->levels[r->depth - 1];
        if (level->kind == NODE_SEQUENCE) {
            char number[16];
            (void)snprintf(number, sizeof number, "%u", level->items);
            enter_path(r, text_from(number));
        } else {
            node->key = r->key;
        }
        level->items++;
        level->has_key = false;
        memcpy(node->path, r->path, r->path_size);
        node->path_size = r->path_size;
    }
    return node;
}

/* A key of the open mapping: refuses a second one of the same name. */
static void read_key(struct reader *r, const yaml_event_t *event)
{
    struct text key = {(const char *)event->data.scalar.value, event->data.scalar.length};
    struct level *level = &r->levels[r->depth - 1];
    r->key = position_of(event->start_mark);
    enter_path(r, key);
    level->has_key = true;
    struct text path = {r->path, r->path_size};
    if (memchr(key.at, '.', key.size) != NULL && resolve(path).meaning != MEANS_NOTHING) {
        blame(r->d, r->diagnostics, r->key, path, "a key with a dot; nest the keys instead");
    }
    for (uint32_t i = level->node + 1; i < r->d->nodes_count && path.size < PATH_MAX_SIZE; i++) {
        const struct node *node = &r->d->nodes[i];
        if (text_equal(path_of(node), path)) {
            char what[64];
            (void)snprintf(what, sizeof what, "duplicate key (first at line %u)", node->key.line);
            blame(r->d, r->diagnostics, r->key, path, what);
            return;
        }
    }
}

static bool expects_key(const struct reader *r)
{
    return r->depth > 0 && r->levels[r->depth - 1].kind == NODE_MAPPING &&
           !r->levels[r->depth - 1].has_key;
}

static void refuse_decoration(struct reader *r, const yaml_event_t *event,
                              const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor != NULL) {
        complain(r, position_of(event->start_mark), "anchors are not read; write the value out");
    }
    if (tag != NULL) {
        complain(r, position_of(event->start_mark), "tags are not read; write the value alone");
    }
}

static void read_scalar(struct reader *r, const yaml_event_t *event)
{
    refuse_decoration(r, event, event->data.scalar.anchor, event->data.scalar.tag);
    if (expects_key(r)) {
        read_key(r, event);
        return;
    }
    struct node *node = add_node(r, NODE_SCALAR, event->start_mark);
    if (node != NULL) {
        node->text = keep(r->d, (const char *)event->data.scalar.value, event->data.scalar.length);
        node->empty = node->text.size == 0 && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    }
}

static void read_start(struct reader *r, const yaml_event_t *event, enum node_kind kind)
{
    struct position at = position_of(event->start_mark);
    if (expects_key(r)) {
        give_up(r, at, "a key must be a word");
    } else if (r->depth == SCENARIO_DEPTH_MAX) {
        give_up(r, at, "nested more than 64 deep");
    } else if (add_node(r, kind, event->start_mark) != NULL) {
        r->levels[r->depth++] = (struct level){.kind = kind, .node = r->d->nodes_count - 1};
    }
}

static void read_document_start(struct reader *r, const yaml_event_t *event)
{
    if (++r->documents > 1) {
        give_up(r, position_of(event->start_mark), "a second document; a file holds one scenario");
    }
}

static void read_alias(struct reader *r, const yaml_event_t *event)
{
    give_up(r, position_of(event->start_mark), "aliases are not read; write the value out");
}

static void read_event(struct reader *r, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        read_document_start(r, event);
        return;
    case YAML_SCALAR_EVENT:
        read_scalar(r, event);
        return;
    case YAML_MAPPING_START_EVENT:
        refuse_decoration(r, event, event->data.mapping_start.anchor,
                          event->data.mapping_start.tag);
        read_start(r, event, NODE_MAPPING);
        return;
    case YAML_SEQUENCE_START_EVENT:
        refuse_decoration(r, event, event->data.sequence_start.anchor,
                          event->data.sequence_start.tag);
        read_start(r, event, NODE_SEQUENCE);
        return;
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        r->depth--;
        return;
    case YAML_ALIAS_EVENT:
        read_alias(r, event);
        return;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return;
    }
}

static struct position position_of_byte(struct text text, size_t offset)
{
    struct position at = {0, 1, 1};
    for (size_t i = 0; i < offset; i++) {
        at.line += text.at[i] == '\n';
        at.column = text.at[i] == '\n' ? 1 : at.column + ((text.at[i] & 0xC0) != 0x80);
    }
    return at;
}

/* What libyaml could not read, in its words, but for tabs, of which it says nothing. */
static bool read_problem(struct reader *r)
{
    if (r->parser.error == YAML_MEMORY_ERROR) {
        return false;
    }
    struct position at = position_of(r->parser.problem_mark);
    const unsigned char *next = r->parser.buffer.pointer;
    if (r->parser.error == YAML_SCANNER_ERROR && next < r->parser.buffer.last && *next == '\t') {
        give_up(r, at, "a tab; YAML indents with blanks");
        return true;
    }
    char what[160];
    bool has_context = r->parser.context != NULL && r->parser.error != YAML_READER_ERROR;
    (void)snprintf(what, sizeof what, "not YAML: %s%s%s", r->parser.problem, has_context ? " " : "",
                   has_context ? r->parser.context : "");
    if (r->parser.error == YAML_READER_ERROR) {
        at = position_of_byte(r->d->file.text, r->parser.problem_offset);
    }
    give_up(r, at, what);
    return true;
}

/* All events of the stream. False if memory ran out. */
static bool read_events(struct reader *r)
{
    bool more = true;
    while (more && !r->stop) {
        yaml_event_t event;
        if (!yaml_parser_parse(&r->parser, &event)) {
            return read_problem(r);
        }
        more = event.type != YAML_STREAM_END_EVENT;
        read_event(r, &event);
        yaml_event_delete(&event);
    }
    return true;
}

static bool read_file(struct document *d, struct diagnostics *diagnostics)
{
    struct reader r = {.d = d, .diagnostics = diagnostics};
    struct text text = d->file.text;
    size_t valid = utf8_valid(text);
    if (text.size > SCENARIO_BYTES_MAX) {
        complain(&r, (struct position){0}, "more than 1 MiB");
        return true;
    }
    if (valid < text.size) {
        complain(&r, position_of_byte(text, valid), "not UTF-8");
        return true;
    }
    if (!yaml_parser_initialize(&r.parser)) {
        return false;
    }
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text.at, text.size);
    bool enough_memory = read_events(&r);
    yaml_parser_delete(&r.parser);
    if (enough_memory && !r.stop && d->nodes_count == 0) {
        complain(&r, (struct position){0}, "empty; a scenario is a mapping such as 'name: first'");
    }
    return enough_memory;
}

/* One node for each "path=value". */
static void read_sets(struct document *d, struct diagnostics *diagnostics)
{
    for (size_t i = 0; i < d->sets_count; i++) {
        struct position at = {(uint32_t)i + 1, 1, 1};
        const char *equals = strchr(d->sets[i], '=');
        struct text whole = text_from(d->sets[i]);
        if (equals == NULL || equals == d->sets[i]) {
            blame(d, diagnostics, at, whole, "write PATH=VALUE, as in pipeline.lock_ttl=60s");
            continue;
        }
        if (utf8_valid(whole) < whole.size || d->nodes_count == SCENARIO_NODES_MAX) {
            blame(d, diagnostics, at, whole, "not UTF-8, or one value too many");
            continue;
        }
        struct node *node = &d->nodes[d->nodes_count++];
        size_t size = (size_t)(equals - d->sets[i]);
        node->kind = NODE_SCALAR;
        node->assigned = true;
        node->key = at;
        node->value = (struct position){at.source_number, 1, (uint32_t)size + 2};
        node->path_size = size < PATH_MAX_SIZE ? size : PATH_MAX_SIZE;
        memcpy(node->path, d->sets[i], node->path_size);
        node->text = text_from(equals + 1);
    }
}

/* ---- Meaning: from nodes to the scenario. ---- */

struct decoder {
    struct document *d;
    struct diagnostics *diagnostics;
    struct scenario *scenario;
};

static enum node_kind kind_wanted(const struct target *t)
{
    switch (t->meaning) {
    case MEANS_ROOT:
    case MEANS_GROUP:
    case MEANS_ELEMENT:
        return NODE_MAPPING;
    case MEANS_LIST:
        return NODE_SEQUENCE;
    case MEANS_NOTHING:
    case MEANS_FIELD:
    case MEANS_WORD:
        break;
    }
    return NODE_SCALAR;
}

/* "unknown key 'lock_tll' (did you mean 'lock_ttl'?)": near keys of the same mapping; else the same
 * key elsewhere. */
static void blame_unknown(struct decoder *c, const struct node *node, const struct target *t)
{
    struct text pattern = text_from(t->pattern);
    struct text parent = parent_of(pattern);
    struct text key = text_after_last(path_of(node), '.');
    struct suggestion here = suggestion(key);
    const char *elsewhere = NULL;
    for (size_t i = 0; i < fields_count(); i++) {
        struct text known = text_from(field_at(i)->key);
        if (text_equal(text_after_last(known, '.'), key) && strchr(known.at, '*') == NULL) {
            elsewhere = known.at;
        }
        size_t start = parent.size > 0 ? parent.size + 1 : 0;
        if (text_starts(known, parent) && (start == 0 || known.at[parent.size] == '.')) {
            struct text rest = {known.at + start, known.size - start};
            const char *dot = memchr(rest.at, '.', rest.size);
            suggestion_offer(
                &here, (struct text){rest.at, dot == NULL ? rest.size : (size_t)(dot - rest.at)});
        }
    }
    struct suggestion_text near = suggestion_text(&here);
    if (near.text[0] == '\0' && elsewhere != NULL && resolve(parent).meaning != MEANS_NOTHING) {
        (void)snprintf(near.text, sizeof near.text, " (did you mean '%s'?)", elsewhere);
    }
    char what[128];
    (void)snprintf(what, sizeof what, "unknown key%s", near.text);
    blame(c->d, c->diagnostics, node->key, path_of(node), what);
}

static void blame_kind(struct decoder *c, const struct node *node, const struct target *t)
{
    char what[160];
    struct text_writer w = text_writer(what, sizeof what);
    enum node_kind wanted = kind_wanted(t);
    text_put(&w, TEXT("wants "));
    if (wanted == NODE_SCALAR) {
        text_put(&w, TEXT("a value ("));
        field_put_type(t->field, &w);
        text_put(&w, TEXT(")"));
    } else {
        text_put(&w, text_from(node_names[wanted]));
    }
    text_put(&w, TEXT(", not "));
    text_put(&w, node->empty ? TEXT("nothing") : text_from(node_names[node->kind]));
    struct text path = t->meaning == MEANS_ROOT ? TEXT("the file") : path_of(node);
    blame(c->d, c->diagnostics, node->value, path, text_writer_string(&w));
}

/* Whether a node of this kind can stand here; a list of words may be one text, too. */
static bool kind_fits(const struct node *node, const struct target *t)
{
    if (t->meaning == MEANS_FIELD && t->field->type == FIELD_WORDS) {
        return node->kind != NODE_MAPPING && !node->empty;
    }
    return node->kind == kind_wanted(t) && !node->empty;
}

/* Sees to it that the element which the path leads into is there: the next one is appended. */
static bool enter_element(struct decoder *c, const struct node *node, const struct target *t)
{
    uint32_t count = field_list_count(t->list, c->scenario);
    if (t->index < count) {
        return true;
    }
    char what[96];
    if (t->index > count) {
        (void)snprintf(what, sizeof what, "no such element; the next one is %s.%u", t->list->key,
                       count);
    } else if (!field_list_add(t->list, c->scenario)) {
        (void)snprintf(what, sizeof what, "more than %u elements", t->list->most);
    } else {
        return true;
    }
    blame(c->d, c->diagnostics, node->key, path_of(node), what);
    return false;
}

static void set_field(struct decoder *c, const struct node *node, const struct target *t)
{
    struct error error;
    if (field_set(t->field, c->scenario, t->index, node->text, &error) != STATUS_OK) {
        blame(c->d, c->diagnostics, node->value, path_of(node), error.message);
    }
}

/* One more word of a list: set apart, and added. */
static void add_word(struct decoder *c, const struct node *node, const struct target *t)
{
    uint32_t before = field_bits(t->field, c->scenario, t->index);
    set_field(c, node, t);
    uint32_t added = field_bits(t->field, c->scenario, t->index);
    field_set_bits(t->field, c->scenario, t->index, before | added);
}

/* Applies one node. False where it is wrong in a way that makes what is below it meaningless. */
static bool apply(struct decoder *c, const struct node *node)
{
    struct target t = resolve(path_of(node));
    if (t.meaning == MEANS_NOTHING) {
        blame_unknown(c, node, &t);
        return false;
    }
    if (node->by_case && text_starts(text_from(t.pattern), TEXT("cases"))) {
        blame(c->d, c->diagnostics, node->key, path_of(node), "a case does not change the cases");
        return false;
    }
    if (node->by_case && text_starts(text_from(t.pattern), TEXT("reach"))) {
        blame(c->d, c->diagnostics, node->key, path_of(node),
              "a case does not change what all of them reach");
        return false;
    }
    if (t.list != NULL && !enter_element(c, node, &t)) {
        return false;
    }
    if (!kind_fits(node, &t)) {
        blame_kind(c, node, &t);
        return false;
    }
    if (t.meaning == MEANS_WORD) {
        add_word(c, node, &t);
    } else if (t.meaning == MEANS_FIELD && node->kind == NODE_SEQUENCE) {
        field_set_bits(t.field, c->scenario, t.index, 0);
    } else if (t.meaning == MEANS_FIELD && t.field->apply == NULL) {
        set_field(c, node, &t);
    }
    return true;
}

static bool is_below(const struct node *node, struct text path)
{
    return path.at != NULL && text_starts(path_of(node), path) &&
           (path.size == 0 || (node->path_size > path.size && node->path[path.size] == '.'));
}

/* Everything but presets, in order. What is below a wrong node is passed over. */
static void apply_all(struct decoder *c)
{
    struct text wrong = {NULL, 0};
    for (uint32_t i = 0; i < c->d->nodes_count; i++) {
        const struct node *node = &c->d->nodes[i];
        if (!node->assigned && is_below(node, wrong)) {
            continue;
        }
        wrong = (struct text){NULL, 0};
        if (!apply(c, node)) {
            wrong = path_of(node);
        }
    }
}

/* The last node with this path, or NULL. */
static const struct node *find_node(const struct document *d, struct text path)
{
    for (uint32_t i = d->nodes_count; i > 0; i--) {
        if (text_equal(path_of(&d->nodes[i - 1]), path)) {
            return &d->nodes[i - 1];
        }
    }
    return NULL;
}

/* The presets in the order of the table; of each the last, though all are checked. */
static void apply_presets(struct decoder *c)
{
    for (size_t i = 0; i < fields_count(); i++) {
        const struct field *field = field_at(i);
        bool found = false;
        for (uint32_t n = 0; field->apply != NULL && n < c->d->nodes_count; n++) {
            const struct node *node = &c->d->nodes[n];
            struct target t = {.field = field};
            if (node->kind == NODE_SCALAR && !node->empty &&
                text_equal(path_of(node), text_from(field->key))) {
                set_field(c, node, &t);
                found = true;
            }
        }
        if (found && field->apply != NULL) {
            field->apply(c->scenario, field_word(field, c->scenario));
        }
    }
}

void document_blame(const struct document *document, struct text path,
                    struct diagnostics *diagnostics, const char *message)
{
    struct text at = path;
    const struct node *node = find_node(document, at);
    while (node == NULL && at.size > 0) {
        at = parent_of(at);
        node = find_node(document, at);
    }
    struct position nowhere = {0};
    bool exact = node != NULL && node->path_size == path.size && node->kind == NODE_SCALAR;
    blame(document, diagnostics,
          node == NULL ? nowhere
          : exact      ? node->value
                       : node->key,
          path, message);
}

static bool is_written(const struct decoder *c, struct text path)
{
    return find_node(c->d, path) != NULL;
}

/* "workload.3.files" for the pattern "workload.*.files" and 3. */
static struct text element_path(const struct field *field, uint32_t index, char room[PATH_MAX_SIZE])
{
    const char *star = strchr(field->key, '*');
    int size = star == NULL ? snprintf(room, PATH_MAX_SIZE, "%s", field->key)
                            : snprintf(room, PATH_MAX_SIZE, "%.*s%u%s", (int)(star - field->key),
                                       field->key, index, star + 1);
    ASSERT(size > 0 && size < PATH_MAX_SIZE);
    return (struct text){room, (size_t)size};
}

/* Where to show what is missing: the element, else what first reached into it, else the file. */
static void blame_missing(struct decoder *c, struct text path, const char *what)
{
    struct text parent = parent_of(path);
    const struct node *node = find_node(c->d, parent);
    for (uint32_t i = 0; node == NULL && i < c->d->nodes_count; i++) {
        node = is_below(&c->d->nodes[i], parent) ? &c->d->nodes[i] : NULL;
    }
    ASSERT(node != NULL);
    blame(c->d, c->diagnostics, node->key, path, what);
}

static void require_field(struct decoder *c, const struct field *field)
{
    const struct field_list *list = field_list_of(field);
    uint32_t count = list == NULL ? 1 : field_list_count(list, c->scenario);
    for (uint32_t i = 0; i < count; i++) {
        char room[PATH_MAX_SIZE];
        struct text path = element_path(field, i, room);
        if (!is_written(c, path)) {
            blame_missing(c, path, "missing");
        }
    }
}

/* A fault has one kind: the file names one of them; `--set` may change it. */
static void require_kind(struct decoder *c, uint32_t index)
{
    uint32_t in_file = 0, in_all = 0;
    char room[PATH_MAX_SIZE];
    for (uint32_t i = 0; i < c->d->nodes_count; i++) {
        const struct node *node = &c->d->nodes[i];
        struct target t = resolve(path_of(node));
        if (t.meaning != MEANS_FIELD || t.field->type != FIELD_FAULT || t.index != index) {
            continue;
        }
        in_all++;
        in_file += !node->assigned;
        if (in_file > 1 && !node->assigned) {
            blame(c->d, c->diagnostics, node->key, path_of(node),
                  "a second kind of fault; write a fault of its own");
        }
    }
    if (in_all == 0) {
        char message[256];
        struct text_writer w = text_writer(message, sizeof message);
        text_put(&w, TEXT("the kind is missing: one of "));
        for (unsigned kind = 0; kind < FAULT_KINDS_COUNT; kind++) {
            text_put(&w, kind > 0 ? TEXT(", ") : TEXT(""));
            text_put(&w, text_from(fault_word((enum fault_kind)kind)));
        }
        (void)snprintf(room, sizeof room, "faults.%u.", index);
        blame_missing(c, text_from(room), text_writer_string(&w));
    }
}

static void require_all(struct decoder *c)
{
    for (size_t i = 0; i < fields_count(); i++) {
        if (field_at(i)->required) {
            require_field(c, field_at(i));
        }
    }
    for (uint32_t i = 0; i < c->scenario->faults_count; i++) {
        require_kind(c, i);
    }
}

static void offer(void *near, const char *name)
{
    suggestion_offer(near, text_from(name));
}

/* Adds what may have been meant, where a fault's process or point is not known. */
static void suggest_place(const struct scenario *s, const char *path, struct error *error)
{
    unsigned index;
    int end = 0;
    if (sscanf(path, "faults.%u%n", &index, &end) != 1 ||
        strstr(error->message, "there are") == NULL) {
        return;
    }
    const struct fault *fault = &s->faults[index];
    bool point = strcmp(path + end, ".at") == 0;
    struct suggestion near = suggestion(point ? fault->at : fault->process);
    if (point) {
        fault_each_point(fault->process, offer, &near);
    } else {
        fault_each_process(offer, &near);
    }
    size_t size = strlen(error->message);
    (void)snprintf(error->message + size, sizeof error->message - size, "%s",
                   suggestion_text(&near).text);
}

/* What only the whole scenario shows. */
static void validate(struct decoder *c)
{
    char path[64] = "";
    struct error error = {.message = ""};
    if (scenario_validate(c->scenario, path, &error) != STATUS_OK) {
        suggest_place(c->scenario, path, &error);
        document_blame(c->d, text_from(path), c->diagnostics, error.message);
    }
}

/* ---- Cases. ---- */

/* The bytes of the file from a place on; empty where there is no such place. */
static struct text text_at(struct text file, struct position at)
{
    uint32_t line = 1, column = 1;
    size_t i = 0;
    while (i < file.size && (line < at.line || (line == at.line && column < at.column))) {
        line += file.at[i] == '\n';
        column = file.at[i] == '\n' ? 1 : column + 1;
        do {
            i++;
        } while (i < file.size && (file.at[i] & 0xC0) == 0x80);
    }
    return line == at.line ? (struct text){file.at + i, file.size - i} : (struct text){"", 0};
}

/* Where the byte at `offset` of a node's text was written; the node's own place where the text is
 * not in the source as it is (folded, escaped). */
static struct position position_in(const struct document *d, const struct node *node, size_t offset)
{
    struct position at = node->value;
    struct text there = text_at(source_of(d, at).text, at);
    uint32_t quote = there.size > 0 && (there.at[0] == '"' || there.at[0] == '\'');
    struct text written = {there.at + quote, there.size - quote};
    if (text_starts(written, node->text)) {
        at.column += quote;
        for (size_t i = 0; i < offset; i++) {
            at.column += (node->text.at[i] & 0xC0) != 0x80;
        }
    }
    return at;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* The size of the path in front of '=' at the start of `text`; 0 where there is none. */
static size_t assigned_path(struct text text)
{
    static const char of_paths[] = "abcdefghijklmnopqrstuvwxyz_.0123456789";
    size_t size = 0;
    while (size < text.size && text.at[size] != '\0' && strchr(of_paths, text.at[size]) != NULL) {
        size++;
    }
    return size < text.size && text.at[size] == '=' ? size : 0;
}

/* The size of the assignment at the start of `text`: it ends before the next, so that a value may
 * hold blanks. */
static size_t assignment_size(struct text text)
{
    size_t end = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (i > 0 && is_blank(text.at[i - 1]) &&
            assigned_path((struct text){text.at + i, text.size - i}) > 0) {
            break;
        }
        end = is_blank(text.at[i]) ? end : i + 1;
    }
    return end;
}

/* One node for each assignment of a case. */
static void read_case(struct document *d, struct diagnostics *diagnostics, const struct node *set)
{
    struct text rest = set->text;
    while (rest.size > 0) {
        size_t offset = set->text.size - rest.size;
        size_t size = assignment_size(rest);
        size_t path_size = assigned_path(rest);
        struct position at = position_in(d, set, offset);
        if (is_blank(rest.at[0])) {
            rest = (struct text){rest.at + 1, rest.size - 1};
            continue;
        }
        if (path_size == 0 || path_size >= PATH_MAX_SIZE || d->nodes_count == SCENARIO_NODES_MAX) {
            blame(d, diagnostics, at, path_of(set),
                  "write PATH=VALUE, with blanks between, as in pipeline.lock_ttl=60s");
            return;
        }
        struct node *node = &d->nodes[d->nodes_count++];
        *node = (struct node){.kind = NODE_SCALAR, .assigned = true, .by_case = true, .key = at};
        node->value = position_in(d, set, offset + path_size + 1);
        node->path_size = path_size;
        memcpy(node->path, rest.at, path_size);
        node->text = (struct text){rest.at + path_size + 1, size - path_size - 1};
        rest = (struct text){rest.at + size, rest.size - size};
    }
}

/* The number of the case, by what its name was written last; SCENARIO_CASES_MAX where there is
 * none. */
static uint32_t find_case(const struct document *d, struct text name)
{
    for (uint32_t i = 0; i < SCENARIO_CASES_MAX; i++) {
        char path[PATH_MAX_SIZE];
        (void)snprintf(path, sizeof path, "cases.%u.name", i);
        const struct node *node = find_node(d, text_from(path));
        if (node != NULL && text_equal(node->text, name)) {
            return i;
        }
    }
    return SCENARIO_CASES_MAX;
}

static void reverse(struct node *nodes, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct node kept = nodes[i];
        nodes[i] = nodes[count - 1 - i];
        nodes[count - 1 - i] = kept;
    }
}

/* Adds the case's assignments in front of those of the command line, which win. */
static void enter_case(struct document *d, struct diagnostics *diagnostics, uint32_t number,
                       uint32_t file_nodes)
{
    char path[PATH_MAX_SIZE];
    (void)snprintf(path, sizeof path, "cases.%u.set", number);
    uint32_t set_nodes = d->nodes_count - file_nodes;
    const struct node *set = find_node(d, text_from(path));
    if (set != NULL && set->kind == NODE_SCALAR) {
        read_case(d, diagnostics, set);
    }
    struct node *first = d->nodes + file_nodes;
    uint32_t case_nodes = d->nodes_count - file_nodes - set_nodes;
    reverse(first, set_nodes);
    reverse(first + set_nodes, case_nodes);
    reverse(first, set_nodes + case_nodes);
}

static bool has_case(const struct scenario *s, struct text name, uint32_t before)
{
    for (uint32_t i = 0; i < before; i++) {
        if (text_equal(s->cases[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* Names are told apart, and expectations ask for those there are. */
static void check_cases(struct decoder *c)
{
    const struct scenario *s = c->scenario;
    char path[PATH_MAX_SIZE];
    for (uint32_t i = 0; i < s->cases_count; i++) {
        if (has_case(s, s->cases[i].name, i)) {
            (void)snprintf(path, sizeof path, "cases.%u.name", i);
            document_blame(c->d, text_from(path), c->diagnostics, "a second case of this name");
        }
    }
    for (uint32_t i = 0; i < s->expectations_count; i++) {
        struct text only = s->expectations[i].only_case;
        if (only.size == 0 || has_case(s, only, s->cases_count)) {
            continue;
        }
        struct suggestion near = suggestion(only);
        for (uint32_t k = 0; k < s->cases_count; k++) {
            suggestion_offer(&near, s->cases[k].name);
        }
        char what[128];
        (void)snprintf(what, sizeof what, "no such case%s", suggestion_text(&near).text);
        (void)snprintf(path, sizeof path, "expect.%u.case", i);
        document_blame(c->d, text_from(path), c->diagnostics, what);
    }
}

/* An invariant cannot be demanded both ways. */
static void check_violates(struct decoder *c, struct text path)
{
    const struct scenario *s = c->scenario;
    uint32_t both = s->violates == VIOLATES_ANY ? 0 : s->violates & s->required_invariants;
    if (both != 0) {
        char what[64];
        (void)snprintf(what, sizeof what, "names %s, which invariants says must hold",
                       field_find(TEXT("invariants"))->words[__builtin_ctz(both)]);
        document_blame(c->d, path, c->diagnostics, what);
    }
}

/* Makes the case's own demands the scenario's. */
static void choose_case(struct decoder *c, uint32_t number)
{
    struct scenario *s = c->scenario;
    const struct node *said = find_node(c->d, TEXT("violates"));
    char path[PATH_MAX_SIZE] = "violates";
    s->case_name = s->cases[number].name;
    if (s->cases[number].violates != VIOLATES_ANY && (said == NULL || !said->assigned)) {
        s->violates = s->cases[number].violates;
        (void)snprintf(path, sizeof path, "cases.%u.violates", number);
    }
    check_violates(c, text_from(path));
    uint32_t kept = 0;
    for (uint32_t i = 0; i < s->expectations_count; i++) {
        struct text only = s->expectations[i].only_case;
        if (only.size == 0 || text_equal(only, s->case_name)) {
            s->expectations[kept++] = s->expectations[i];
        }
    }
    s->expectations_count = kept;
}

static void number_expectations(struct scenario *s)
{
    for (uint32_t i = 0; i < s->expectations_count; i++) {
        s->expectations[i].row = i;
    }
}

/* What the cases ask for, once everything is in its place. */
static void finish_cases(struct decoder *c, struct text case_name)
{
    number_expectations(c->scenario);
    check_cases(c);
    if (c->diagnostics->total > 0) {
        return;
    }
    if (case_name.size > 0) {
        choose_case(c, find_case(c->d, case_name));
    } else {
        check_violates(c, TEXT("violates"));
    }
}

static struct document *document_create(const struct source *file, const char *const *sets,
                                        size_t sets_count)
{
    struct document *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return NULL;
    }
    d->file = *file;
    d->sets = sets;
    d->sets_count = sets_count;
    d->texts_capacity = 2 * file->text.size + 1;
    d->texts = malloc(d->texts_capacity);
    if (d->texts == NULL) {
        free(d);
        return NULL;
    }
    return d;
}

void document_destroy(struct document *document)
{
    if (document != NULL) {
        free(document->texts);
        free(document);
    }
}

/* Everything but what only the whole shows. */
static void decode_nodes(struct decoder *c, struct text case_name)
{
    uint32_t file_nodes = c->d->nodes_count;
    read_sets(c->d, c->diagnostics);
    if (case_name.size > 0) {
        uint32_t number = find_case(c->d, case_name);
        if (number == SCENARIO_CASES_MAX) {
            blame(c->d, c->diagnostics, (struct position){0}, case_name, "no such case");
            return;
        }
        enter_case(c->d, c->diagnostics, number, file_nodes);
    }
    apply_presets(c);
    apply_all(c);
}

struct document *scenario_decode_case(const struct source *file, struct text case_name,
                                      const char *const *sets, size_t sets_count,
                                      struct scenario *scenario, struct diagnostics *diagnostics)
{
    struct document *d = document_create(file, sets, sets_count);
    *diagnostics = (struct diagnostics){0};
    scenario_init(scenario);
    if (d == NULL || !read_file(d, diagnostics)) {
        document_destroy(d);
        return NULL;
    }
    struct decoder c = {d, diagnostics, scenario};
    if (d->nodes_count > 0) {
        decode_nodes(&c, case_name);
    }
    if (diagnostics->total == 0) {
        require_all(&c);
    }
    if (diagnostics->total == 0) {
        finish_cases(&c, case_name);
    }
    if (diagnostics->total == 0 && (case_name.size > 0 || scenario->cases_count == 0)) {
        validate(&c);
    }
    return d;
}

struct document *scenario_decode(const struct source *file, const char *const *sets,
                                 size_t sets_count, struct scenario *scenario,
                                 struct diagnostics *diagnostics)
{
    return scenario_decode_case(file, TEXT(""), sets, sets_count, scenario, diagnostics);
}
