/* options.c: see options.h. */
#include "tools/options.h"

#include "sim/unicode.h"
#include "tools/suggest.h"

#include <errno.h>
#include <stdlib.h>

struct options options(const struct option *table, int argc, char **argv)
{
    return (struct options){.table = table, .argc = argc, .argv = argv, .at = 1};
}

static int wrong(const struct options *o, const char *argument, const char *what,
                 const char *suggestion)
{
    (void)fprintf(stderr, "lockstep %s: %s: %s%s\nTry 'lockstep %s --help'.\n", o->argv[0],
                  shown(text_from(argument)).text, what, suggestion, o->argv[0]);
    return OPTION_WRONG;
}

static int unknown(const struct options *o, const char *argument, struct text name)
{
    struct suggestion near = suggestion(name);
    for (const struct option *option = o->table; option->name != NULL; option++) {
        suggestion_offer(&near, text_from(option->name));
    }
    return wrong(o, argument, "no such option", suggestion_text(&near).text);
}

/* The value behind the option: what follows '=', or the next argument. */
static int with_value(struct options *o, int i, const char *argument, const char *given,
                      const char **value)
{
    if (o->table[i].value == NULL) {
        return given == NULL ? i : wrong(o, argument, "takes no value", "");
    }
    if (given == NULL && o->at == o->argc) {
        return wrong(o, argument, "a value is missing: ", o->table[i].value);
    }
    *value = given != NULL ? given : o->argv[o->at++];
    return i;
}

static int long_option(struct options *o, const char *argument, const char **value)
{
    const char *equals = strchr(argument, '=');
    struct text name = {argument + 2,
                        equals == NULL ? strlen(argument) - 2 : (size_t)(equals - argument) - 2};
    for (int i = 0; o->table[i].name != NULL; i++) {
        if (text_equal(name, text_from(o->table[i].name))) {
            return with_value(o, i, argument, equals == NULL ? NULL : equals + 1, value);
        }
    }
    return unknown(o, argument, name);
}

static int short_option(struct options *o, const char *argument, const char **value)
{
    for (int i = 0; o->table[i].name != NULL; i++) {
        bool alone = argument[2] == '\0';
        if (argument[1] == o->table[i].letter && (alone || o->table[i].value != NULL)) {
            return with_value(o, i, argument, alone ? NULL : argument + 2, value);
        }
    }
    return unknown(o, argument, text_from(argument + 1));
}

int options_next(struct options *o, const char **value)
{
    *value = NULL;
    if (!o->only_arguments && o->at < o->argc && strcmp(o->argv[o->at], "--") == 0) {
        o->only_arguments = true;
        o->at++;
    }
    if (o->at == o->argc) {
        return OPTION_END;
    }
    const char *argument = o->argv[o->at++];
    if (o->only_arguments || argument[0] != '-' || argument[1] == '\0') {
        *value = argument;
        return OPTION_ARGUMENT;
    }
    return argument[1] == '-' ? long_option(o, argument, value) : short_option(o, argument, value);
}

bool options_take(const struct option *table, int argc, char **argv, int help_option,
                  bool (*take)(void *self, int option, const char *value), void *self, bool *help)
{
    struct options o = options(table, argc, argv);
    const char *value;
    *help = false;
    for (int option = options_next(&o, &value); option != OPTION_END;
         option = options_next(&o, &value)) {
        if (option == help_option) {
            *help = true;
            return true;
        }
        if (!take(self, option, value)) {
            return false;
        }
    }
    return true;
}

void options_help(const struct option *table, FILE *out)
{
    for (const struct option *option = table; option->name != NULL; option++) {
        char left[48];
        char letter[] = {'-', option->letter, ',', ' ', '\0'};
        (void)snprintf(left, sizeof left, "%s--%s %s", option->letter != 0 ? letter : "",
                       option->name, option->value == NULL ? "" : option->value);
        (void)fprintf(out, "  %-20s %s\n", left, option->text);
    }
}

bool option_number(const char *value, uint64_t least, uint64_t most, uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(value, &end, 10);
    return value[0] >= '0' && value[0] <= '9' && *end == '\0' && errno == 0 && *number >= least &&
           *number <= most;
}
