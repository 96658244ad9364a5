/* command_schema.c: `lockstep schema`: the scenario format as a JSON Schema (draft-07), for
 * editors.
 *
 * Written from the table in fields.h; defaults are what scenario_init leaves. Scalars may be
 * written as YAML reads them (true, 10), but the decoder takes them as text, so patterns say what
 * it takes.
 */
#include "tools/command.h"
#include "tools/fields.h"
#include "tools/options.h"

#include <inttypes.h>
#include <stdlib.h>

#define NUMBER "(0|[1-9][0-9]*)"
#define DURATION "([0-9]+(\\\\.[0-9]+)?(d|h|m|s|ms|us|ns))+"

/* A JSON string; the texts are the program's own, with no control characters. */
static void put_string(struct text text)
{
    (void)putchar('"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '"' || text.at[i] == '\\') {
            (void)putchar('\\');
        }
        (void)putchar(text.at[i]);
    }
    (void)putchar('"');
}

static void put_enum(const struct field *field)
{
    (void)fputs("\"enum\": [", stdout);
    for (size_t i = 0; field->words[i] != NULL; i++) {
        (void)printf("%s\"%s\"", i > 0 ? ", " : "", field->words[i]);
    }
    (void)putchar(']');
}

static void put_type(const struct field *field)
{
    switch (field->type) {
    case FIELD_TEXT:
    case FIELD_COMMAND:
    case FIELD_FAULT:
        (void)fputs("\"type\": \"string\"", stdout);
        (void)fputs(field->required ? ", \"minLength\": 1" : "", stdout);
        return;
    case FIELD_DATE:
        (void)fputs("\"type\": \"string\", \"pattern\": \"^([0-9]{4}-[0-9]{2}-[0-9]{2}|none)$\"",
                    stdout);
        return;
    case FIELD_INSTANCE:
        (void)fputs("\"anyOf\": [{\"type\": \"number\"}, {\"type\": \"string\", "
                    "\"pattern\": \"^[0-9]+(\\\\.[0-9]+)?$\"}]",
                    stdout);
        return;
    case FIELD_INTEGER:
        (void)printf("\"type\": \"integer\", \"minimum\": %" PRId64 ", \"maximum\": %" PRId64,
                     field->least, field->most);
        return;
    case FIELD_BOOLEAN:
        (void)fputs("\"type\": \"boolean\"", stdout);
        return;
    case FIELD_WORD:
        (void)fputs("\"type\": \"string\", ", stdout);
        put_enum(field);
        return;
    case FIELD_WORDS:
        (void)fputs("\"anyOf\": [{\"type\": \"array\", \"items\": {\"type\": \"string\", ", stdout);
        put_enum(field);
        (void)fputs("}}, {\"type\": \"string\"}]", stdout);
        return;
    case FIELD_SIZE:
        (void)fputs("\"type\": \"string\", \"pattern\": \"^[0-9]+(\\\\.[0-9]+)?(B|[KMG]i?B)$\"",
                    stdout);
        return;
    case FIELD_SHARE:
        (void)fputs("\"type\": \"string\", \"pattern\": \"^[0-9]+(\\\\.[0-9]+)?(%|ppm)$\"", stdout);
        return;
    case FIELD_MONEY:
        (void)fputs("\"type\": \"string\", \"pattern\": \"^[0-9]+(\\\\.[0-9]+)?USD$\"", stdout);
        return;
    case FIELD_DURATION:
        (void)fputs("\"type\": \"string\", \"pattern\": \"^" DURATION "$\"", stdout);
        return;
    case FIELD_INSTANT:
        (void)fputs("\"type\": \"string\", \"format\": \"date-time\"", stdout);
        return;
    case FIELD_DISTRIBUTION:
        (void)fputs("\"type\": \"string\", \"pattern\": \"^(" DURATION
                    "|(constant|uniform|exponential|lognormal|empirical)\\\\(.*\\\\))$\"",
                    stdout);
        return;
    }
}

/* The default as JSON: integers and booleans bare, the rest as text. */
static void put_default(const struct field *field, const struct scenario *defaults)
{
    char room[512];
    struct text_writer w = text_writer(room, sizeof room);
    field_put(field, defaults, 0, &w);
    bool bare = field->type == FIELD_INTEGER || field->type == FIELD_BOOLEAN;
    if (field->required || field->type == FIELD_FAULT || w.size == 0) {
        return;
    }
    (void)fputs(", \"default\": ", stdout);
    if (bare) {
        (void)fputs(text_writer_string(&w), stdout);
    } else {
        put_string(text_written(&w));
    }
}

static void put_indent(int depth)
{
    (void)printf("\n%*s", 2 * depth, "");
}

static void put_field(const struct field *field, const struct scenario *defaults, int depth,
                      bool first)
{
    (void)fputs(first ? "" : ",", stdout);
    put_indent(depth);
    put_string(text_after_last(text_from(field->key), '.'));
    (void)fputs(": {", stdout);
    put_type(field);
    put_default(field, defaults);
    (void)fputs(", \"description\": ", stdout);
    put_string(text_from(field->text));
    (void)putchar('}');
}

/* The fields directly below `prefix`, which ends in a dot or is empty. Returns how many. */
static size_t put_fields(struct text prefix, const struct scenario *defaults, int depth)
{
    size_t count = 0;
    for (size_t i = 0; i < fields_count(); i++) {
        struct text key = text_from(field_at(i)->key);
        if (text_starts(key, prefix) &&
            memchr(key.at + prefix.size, '.', key.size - prefix.size) == NULL) {
            put_field(field_at(i), defaults, depth, count++ == 0);
        }
    }
    return count;
}

static void put_required(struct text prefix, int depth)
{
    const char *separator = "";
    (void)fputs(",", stdout);
    put_indent(depth);
    (void)fputs("\"required\": [", stdout);
    for (size_t i = 0; i < fields_count(); i++) {
        struct text key = text_from(field_at(i)->key);
        if (field_at(i)->required && text_starts(key, prefix) &&
            memchr(key.at + prefix.size, '.', key.size - prefix.size) == NULL) {
            (void)fputs(separator, stdout);
            put_string(text_after_last(key, '.'));
            separator = ", ";
        }
    }
    (void)fputs(prefix.size == 0 ? ", \"workload\"]" : "]", stdout);
}

static struct text join(char room[64], const char *key, const char *end)
{
    struct text_writer w = text_writer(room, 64);
    text_put(&w, text_from(key));
    text_put(&w, text_from(end));
    return text_written(&w);
}

static void open_object(const char *key, const char *text, const char *type)
{
    (void)fputc(',', stdout);
    put_indent(2);
    (void)printf("\"%s\": {\"type\": \"%s\", \"description\": ", key, type);
    put_string(text_from(text));
    (void)fputc(',', stdout);
    put_indent(3);
}

static void put_group(const struct field_group *group, const struct scenario *defaults)
{
    char room[64];
    open_object(group->key, group->text, "object");
    (void)fputs("\"additionalProperties\": false, \"properties\": {", stdout);
    (void)put_fields(join(room, group->key, "."), defaults, 4);
    (void)fputs("}}", stdout);
}

/* A fault names one of the kinds. */
static void put_kinds(void)
{
    const char *separator = "";
    (void)fputs(",", stdout);
    put_indent(4);
    (void)fputs("\"oneOf\": [", stdout);
    for (size_t i = 0; i < fields_count(); i++) {
        if (field_at(i)->type == FIELD_FAULT) {
            (void)fputs(separator, stdout);
            (void)fputs("{\"required\": [", stdout);
            put_string(text_after_last(text_from(field_at(i)->key), '.'));
            (void)fputs("]}", stdout);
            separator = ", ";
        }
    }
    (void)fputs("]", stdout);
}

static void put_list(const struct field_list *list, struct scenario *defaults)
{
    char room[64];
    struct text prefix = join(room, list->key, ".*.");
    bool added = field_list_add(list, defaults);
    ASSERT(added);
    open_object(list->key, list->text, "array");
    (void)printf("\"maxItems\": %u, \"items\": {\"type\": \"object\", "
                 "\"additionalProperties\": false, \"properties\": {",
                 list->most);
    (void)put_fields(prefix, defaults, 4);
    (void)fputs("}", stdout);
    put_required(prefix, 4);
    if (strcmp(list->key, "faults") == 0) {
        put_kinds();
    }
    (void)fputs("}}", stdout);
}

static void put_schema(struct scenario *defaults)
{
    (void)fputs("{\n"
                "  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n"
                "  \"title\": \"A scenario of Lockstep\",\n"
                "  \"type\": \"object\",\n"
                "  \"additionalProperties\": false,\n"
                "  \"properties\": {",
                stdout);
    (void)put_fields((struct text){"", 0}, defaults, 2);
    for (size_t i = 0; field_group_at(i) != NULL; i++) {
        put_group(field_group_at(i), defaults);
    }
    for (size_t i = 0; field_list_at(i) != NULL; i++) {
        put_list(field_list_at(i), defaults);
    }
    (void)fputs("\n  }", stdout);
    put_required((struct text){"", 0}, 1);
    (void)fputs("\n}\n", stdout);
}

static const struct option table[] = {
    {"help", 'h', NULL, "this text"},
    {NULL,   0,   NULL, NULL       },
};

int command_schema(int argc, char **argv)
{
    struct options o = options(table, argc, argv);
    const char *value;
    int option = options_next(&o, &value);
    if (option == OPTION_WRONG) {
        return STATUS_USAGE;
    }
    if (option == OPTION_ARGUMENT) {
        (void)fprintf(stderr, "lockstep schema: takes no argument\n");
        return STATUS_USAGE;
    }
    if (option == 0) {
        (void)fputs("Usage: lockstep schema\n\n"
                    "Prints the JSON Schema (draft-07) of scenario files. Editors with a YAML\n"
                    "language server complete and check with it:\n\n"
                    "  lockstep schema > scenario.schema.json\n"
                    "  # yaml-language-server: $schema=scenario.schema.json   (first line of a "
                    "scenario)\n",
                    stdout);
        return close_output(STATUS_PASS);
    }
    struct scenario *defaults = malloc(sizeof *defaults);
    if (defaults == NULL) {
        (void)fprintf(stderr, "lockstep schema: out of memory\n");
        return STATUS_INTERNAL;
    }
    scenario_init(defaults);
    put_schema(defaults);
    free(defaults);
    return close_output(STATUS_PASS);
}
