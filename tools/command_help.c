/* command_help.c: `lockstep help scenario`: every field of a scenario file, from the table. */
#include "model/pipeline/goals.h"
#include "sim/unicode.h"
#include "tools/command.h"
#include "tools/fields.h"
#include "tools/suggest.h"

#include <stdio.h>
#include <stdlib.h>

static void put_field(const struct field *field, const struct scenario *defaults)
{
    char type[160], value[160];
    struct text_writer t = text_writer(type, sizeof type);
    struct text_writer v = text_writer(value, sizeof value);
    field_put_type(field, &t);
    field_put(field, defaults, 0, &v);
    struct text key = text_from(field->key);
    const char *star = strstr(field->key, ".*.");
    struct text shown_key = star == NULL ? key : text_from(star + 3);
    (void)printf("  %.*s (%s", (int)shown_key.size, shown_key.at, text_writer_string(&t));
    if (field->required) {
        (void)fputs("; required", stdout);
    } else if (v.size > 0 && field->type != FIELD_FAULT) {
        (void)printf("; %s", text_writer_string(&v));
    }
    (void)printf(")\n      %s\n", field->text);
}

static void put_below(const char *key, const char *separator, const struct scenario *defaults)
{
    size_t size = strlen(key);
    for (size_t i = 0; i < fields_count(); i++) {
        const char *whole = field_at(i)->key;
        if (strncmp(whole, key, size) == 0 &&
            strncmp(whole + size, separator, strlen(separator)) == 0) {
            put_field(field_at(i), defaults);
        }
    }
}

static void put_scenario_help(struct scenario *defaults)
{
    (void)fputs("A scenario is YAML (or JSON). Each field: type, range; default. An example:\n\n"
                "  name: first\n"
                "  workload:\n"
                "    - {files: 130, over: 60s, size: 3.5MB}\n"
                "  invariants: [S1, S3]\n"
                "  expect:\n"
                "    - {name: 13 manifests, sql: SELECT count(*) = 13 FROM manifests}\n\n"
                "Durations are written 300s, 1h30m; sizes 3.5MB (MB is 2^20 bytes), 512B; shares "
                "0.5%,\n5000ppm; distributions 40ms, uniform(3h, 48h), exponential(1s), "
                "lognormal(5ms, 18ms),\nempirical(0%: 1ms, 50%: 5ms, 100%: 2s).\n\n",
                stdout);
    for (size_t i = 0; i < fields_count(); i++) {
        if (strchr(field_at(i)->key, '.') == NULL) {
            put_field(field_at(i), defaults);
        }
    }
    for (size_t i = 0; field_group_at(i) != NULL; i++) {
        (void)printf("\n%s: %s\n", field_group_at(i)->key, field_group_at(i)->text);
        put_below(field_group_at(i)->key, ".", defaults);
    }
    for (size_t i = 0; field_list_at(i) != NULL; i++) {
        const struct field_list *list = field_list_at(i);
        bool added = field_list_add(list, defaults);
        ASSERT(added);
        (void)printf("\n%s: a list of at most %u. %s\n", list->key, list->most, list->text);
        put_below(list->key, ".*.", defaults);
    }
    (void)fputs("\nThe goals of reach: what may happen in a run.\n", stdout);
    for (unsigned i = 0; i < GOALS_COUNT; i++) {
        (void)printf("  %s\n      %s\n", goal_name((enum goal)i), goal_text((enum goal)i));
    }
}

int command_help(int argc, char **argv)
{
    if (argc != 2 || strcmp(argv[1], "scenario") != 0) {
        struct suggestion near = suggestion(text_from(argc > 1 ? argv[1] : ""));
        suggestion_offer(&near, TEXT("scenario"));
        (void)fprintf(stderr, "lockstep help: %s: no such topic%s\n",
                      shown(text_from(argc > 1 ? argv[1] : "")).text, suggestion_text(&near).text);
        return STATUS_USAGE;
    }
    struct scenario *defaults = malloc(sizeof *defaults);
    if (defaults == NULL) {
        (void)fprintf(stderr, "lockstep help: out of memory\n");
        return STATUS_INTERNAL;
    }
    scenario_init(defaults);
    put_scenario_help(defaults);
    free(defaults);
    return close_output(STATUS_PASS);
}
