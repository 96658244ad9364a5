/* replay_console.c: see replay_console.h. */
#include "tools/replay_console.h"

#include "sim/unicode.h"
#include "tools/attempt.h"
#include "tools/command.h"
#include "tools/replay_breaks.h"
#include "tools/replay_views.h"
#include "tools/suggest.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---- Words. ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct text trim(struct text text)
{
    while (text.size > 0 && is_blank(text.at[0])) {
        text = (struct text){text.at + 1, text.size - 1};
    }
    while (text.size > 0 && is_blank(text.at[text.size - 1])) {
        text.size--;
    }
    return text;
}

struct text take_word(struct text *text)
{
    struct text word = trim(*text);
    size_t size = 0;
    while (size < word.size && !is_blank(word.at[size])) {
        size++;
    }
    *text = trim((struct text){word.at + size, word.size - size});
    return (struct text){word.at, size};
}

bool parse_count(struct text text, uint64_t *count)
{
    enum { DIGITS_MAX = 18 };

    *count = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return false;
        }
        *count = *count * 10 + (uint64_t)(text.at[i] - '0');
    }
    return text.size > 0 && text.size <= DIGITS_MAX;
}

/* ---- Going. ---- */

static enum status told(struct replay *r, enum status status, struct error *error)
{
    return status == STATUS_OK ? view_where(r, TEXT(""), error) : status;
}

/* How many steps: 1 where nothing is said. */
static enum status parse_steps(struct text argument, uint64_t *steps, struct error *error)
{
    *steps = 1;
    if (argument.size > 0 && !parse_count(argument, steps)) {
        return error_set(error, STATUS_BAD_INPUT, "how many? write a whole number");
    }
    return STATUS_OK;
}

static enum status next(struct replay *r, struct text argument, struct error *error)
{
    uint64_t steps;
    enum status status = parse_steps(argument, &steps, error);
    struct run_place place = time_machine_place(r->machine);
    if (status != STATUS_OK || place.end) {
        return told(r, status, error);
    }
    status = steps == 1 ? time_machine_step(r->machine, error)
                        : time_machine_go(r->machine, place.events + steps, error);
    return told(r, status, error);
}

/* The end is a step behind the last event. */
static enum status back(struct replay *r, struct text argument, struct error *error)
{
    uint64_t steps;
    enum status status = parse_steps(argument, &steps, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct run_place place = time_machine_place(r->machine);
    uint64_t here = place.events + place.end;
    status = time_machine_go(r->machine, steps < here ? here - steps : 0, error);
    return told(r, status, error);
}

static enum status start(struct replay *r, struct text argument, struct error *error)
{
    (void)argument;
    return told(r, time_machine_go(r->machine, 0, error), error);
}

static enum status end(struct replay *r, struct text argument, struct error *error)
{
    (void)argument;
    return told(r, time_machine_go_to_end(r->machine, error), error);
}

/* "h:mm:ss", "h:mm:ss.mmm", as times are shown: the whole of the last unit, since digits behind it
 * were cut. */
static bool parse_clock(struct text text, struct duration *since)
{
    static const int64_t units[] = {3600 * NS_PER_S, 60 * NS_PER_S, NS_PER_S};
    struct text rest = text;
    since->ns = 0;
    for (size_t i = 0; i < 3; i++) {
        const char *colon = i < 2 && rest.size > 0 ? memchr(rest.at, ':', rest.size) : NULL;
        const char *dot = i == 2 && rest.size > 0 ? memchr(rest.at, '.', rest.size) : NULL;
        const char *until = i < 2 ? colon : dot != NULL ? dot : rest.at + rest.size;
        uint64_t number;
        if (until == NULL ||
            !parse_count((struct text){rest.at, (size_t)(until - rest.at)}, &number) ||
            number > 1000000) {
            return false;
        }
        since->ns += (int64_t)number * units[i];
        size_t taken = (size_t)(until - rest.at) + (i < 2 || dot != NULL);
        rest = (struct text){rest.at + taken, rest.size - taken};
    }
    uint64_t ms = 999;
    bool good = text_ends(text, TEXT(".")) ? false
                : rest.size > 0            ? rest.size == 3 && parse_count(rest, &ms)
                                           : true;
    since->ns += (int64_t)ms * NS_PER_MS + NS_PER_MS - 1;
    return good;
}

/* An instant; a time since the start as it is shown; a duration since the start. */
static enum status parse_instant(const struct replay *r, struct text text, struct instant *at,
                                 struct error *error)
{
    struct duration since;
    if (instant_parse(text, at, NULL) == STATUS_OK) {
        return STATUS_OK;
    }
    if ((parse_clock(text, &since) || duration_parse(text, &since, NULL) == STATUS_OK) &&
        instant_add_checked(r->report->scenario->start, since, at)) {
        return STATUS_OK;
    }
    return error_set(error, STATUS_BAD_INPUT,
                     "%s: no such place; write an event's number, +10, -10, 0:01:02.345, 62.3s or "
                     "2026-01-29T08:01:02Z",
                     shown(text).text);
}

static enum status go_to(struct replay *r, struct text argument, struct error *error)
{
    uint64_t events;
    struct instant at;
    bool forward = argument.size > 0 && argument.at[0] == '+';
    bool backward = argument.size > 0 && argument.at[0] == '-';
    if (forward || backward) {
        struct text count = {argument.at + 1, argument.size - 1};
        return forward ? next(r, count, error) : back(r, count, error);
    }
    if (parse_count(argument, &events)) {
        return told(r, time_machine_go(r->machine, events, error), error);
    }
    enum status status = parse_instant(r, argument, &at, error);
    if (status == STATUS_OK) {
        status = told(r, time_machine_go_to_instant(r->machine, at, error), error);
    }
    return status;
}

static enum status seek(struct replay *r, bool forward, struct error *error)
{
    bool found = false;
    const struct time_machine_watch watch = breaks_watch(r);
    if (forward && time_machine_place(r->machine).end) {
        return told(r, STATUS_OK, error);
    }
    enum status status = forward ? time_machine_seek(r->machine, &watch, &found, error)
                                 : time_machine_seek_back(r->machine, &watch, &found, error);
    if (status == STATUS_OK && found) {
        breaks_put_hits(r);
    } else if (status == STATUS_OK) {
        (void)fprintf(r->out, "%s\n",
                      !breaks_are_there(r) ? "there are no breakpoints"
                      : forward            ? "no breakpoint was hit on the way"
                                           : "no breakpoint was hit before");
    }
    return told(r, status, error);
}

static enum status go_on(struct replay *r, struct text argument, struct error *error)
{
    (void)argument;
    return seek(r, true, error);
}

static enum status reverse(struct replay *r, struct text argument, struct error *error)
{
    (void)argument;
    return seek(r, false, error);
}

/* ---- The commands. ---- */

static enum status quit(struct replay *r, struct text argument, struct error *error)
{
    (void)argument;
    (void)error;
    r->over = true;
    return STATUS_OK;
}

static enum status help(struct replay *r, struct text argument, struct error *error)
{
    (void)argument;
    (void)error;
    replay_console_help(r->out);
    return STATUS_OK;
}

static const struct {
    const char *name, *letter, *argument;
    replay_command *run;
    const char *text;
} commands[] = {
    {"next",       "n", "[N]",         next,            "one event forward, or N"                      },
    {"back",       "b", "[N]",         back,            "one event back, or N"                         },
    {"goto",       "g", "PLACE",       go_to,
     "to an event's number, +N, -N, 0:01:02.345, "
     "62.3s, 2026-01-29T08:01:02Z"                                                                     },
    {"continue",   "c", "",            go_on,           "on to the next breakpoint"                    },
    {"reverse",    "r", "",            reverse,         "back to the previous one"                     },
    {"start",      "",  "",            start,           "back to the start"                            },
    {"end",        "",  "",            end,             "on to the end, where the books are closed"    },
    {"break",      "",  "WHAT",        breaks_add,
     "point PROCESS.POINT | process NAME[2.7] | "
     "item KEY | violation [S1] | fault"                                                               },
    {"breaks",     "",  "",            breaks_list,     "the breakpoints"                              },
    {"delete",     "",  "N",           breaks_delete,   "forget breakpoint N"                          },
    {"where",      "w", "",            view_where,      "the event, and what it did"                   },
    {"processes",  "p", "[NAME[2.7]]", view_processes,
     "who is at which point, and what is next for it"                                                  },
    {"lock",       "l", "",            view_lock,       "who has it until when, and who is at it"      },
    {"queue",      "",  "",            view_queue,      "messages: visible, in flight, hidden, dead"   },
    {"items",      "i", "[KEY]",       view_items,      "of the table; * marks what the event changed" },
    {"changes",    "",  "",            view_changes,    "what the last event changed, before and after"},
    {"pending",    "",  "[N]",         view_pending,    "the events to come"                           },
    {"sql",        "s", "SELECT ...",  view_sql,        "a query of the tables, as they are now"       },
    {"goals",      "",  "",            view_goals,      "what the scenario asks for, as it is now"     },
    {"violations", "v", "",            view_violations, "what has been violated so far"                },
    {"faults",     "f", "",            view_faults,     "how often each was reached and struck"        },
    {"help",       "h", "",            help,            "this list"                                    },
    {"quit",       "q", "",            quit,            "leave"                                        },
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

void replay_console_help(FILE *out)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        (void)fprintf(out, "  %-1s %-10s %-12s %s\n", commands[i].letter, commands[i].name,
                      commands[i].argument, commands[i].text);
    }
}

static bool is_named(size_t i, struct text word)
{
    return text_equal(word, text_from(commands[i].name)) ||
           text_equal(word, text_from(commands[i].letter));
}

/* Says why a word is no command: several begin so, or none does. */
static void complain(struct text word, struct error *error)
{
    char room[sizeof error->message];
    struct text_writer w = text_writer(room, sizeof room);
    struct suggestion near = suggestion(word);
    for (size_t i = 0; i < COMMANDS; i++) {
        if (text_starts(text_from(commands[i].name), word)) {
            text_put(&w, w.size > 0 ? TEXT(", ") : TEXT(""));
            text_put(&w, text_from(commands[i].name));
        }
        suggestion_offer(&near, text_from(commands[i].name));
    }
    if (w.size > 0) {
        (void)error_set(error, STATUS_BAD_INPUT, "%s: which of %s?", shown(word).text,
                        text_writer_string(&w));
    } else {
        (void)error_set(error, STATUS_BAD_INPUT, "%s: no such command%s", shown(word).text,
                        suggestion_text(&near).text);
    }
}

/* The command of that name or letter, or the only one that begins so; COMMANDS after a message. */
static size_t find(struct text word, struct error *error)
{
    size_t found = COMMANDS;
    size_t count = 0;
    for (size_t i = 0; i < COMMANDS; i++) {
        if (is_named(i, word)) {
            return i;
        }
        if (text_starts(text_from(commands[i].name), word)) {
            found = i;
            count++;
        }
    }
    if (count != 1) {
        complain(word, error);
    }
    return count == 1 ? found : COMMANDS;
}

static enum status obey(struct replay *r, struct text line, struct error *error)
{
    struct text argument = line;
    struct text word = take_word(&argument);
    size_t command = find(word, error);
    if (command == COMMANDS) {
        return STATUS_BAD_INPUT;
    }
    if (commands[command].argument[0] == '\0' && argument.size > 0) {
        return error_set(error, STATUS_BAD_INPUT, "%s takes no argument", commands[command].name);
    }
    return commands[command].run(r, argument, error);
}

/* ---- The session. ---- */

/* Lines as they come, and the last one that was no blank. */
struct lines {
    FILE *in;
    char *line, *last;
    size_t room;
};

/* The next command, to be repeated where the line is blank; false at the end of input. */
static bool next_line(struct lines *l, struct text *line)
{
    enum { LINE_MAX_BYTES = 65536 };

    ssize_t size = getline(&l->line, &l->room, l->in);
    if (size < 0) {
        return false;
    }
    *line = trim((struct text){l->line, (size_t)size});
    line->size = line->size < LINE_MAX_BYTES ? line->size : LINE_MAX_BYTES;
    if (line->size == 0) {
        *line = l->last == NULL ? TEXT("") : text_from(l->last);
        return true;
    }
    free(l->last);
    l->last = strndup(line->at, line->size);
    *line = l->last == NULL ? *line : text_from(l->last);
    return true;
}

static void prompt(const struct replay *r, bool terminal)
{
    if (terminal) {
        struct run_place place = time_machine_place(r->machine);
        (void)fprintf(r->out, place.end ? "(the end) " : "(%" PRIu64 ") ", place.events);
        (void)fflush(r->out);
    }
}

/* A line that says what is wrong is part of the conversation: it goes where the answers go. */
static int converse(struct replay *r, FILE *in, bool terminal)
{
    struct lines lines = {.in = in};
    struct error error = {.message = ""};
    struct text line;
    int result = STATUS_PASS;
    for (prompt(r, terminal); !r->over && next_line(&lines, &line); prompt(r, terminal)) {
        if (line.size == 0) {
            continue;
        }
        (void)fputs(terminal ? "" : "> ", r->out);
        put_plain(r->out, terminal ? TEXT("") : line);
        (void)fputs(terminal ? "" : "\n", r->out);
        enum status status = obey(r, line, &error);
        if (status != STATUS_OK) {
            (void)fprintf(r->out, "error: %s\n", error.message);
            int wrong =
                status == STATUS_BAD_INPUT && terminal ? STATUS_PASS : exit_status_of(status);
            result = exit_status_worse(result, wrong);
            r->over = status != STATUS_BAD_INPUT;
        }
        (void)fflush(r->out);
        r->over |= attempt_interrupted();
    }
    free(lines.line);
    free(lines.last);
    return attempt_interrupted() ? STATUS_BY_INTERRUPT : result;
}

int replay_console(struct run *run, const struct report *report, FILE *in, FILE *out, bool terminal)
{
    struct error error = {.message = ""};
    struct replay *r = calloc(1, sizeof *r);
    int status = STATUS_INTERNAL;
    if (r != NULL) {
        *r = (struct replay){.run = run, .report = report, .out = out};
        r->machine = time_machine_create(run, SNAPSHOT_BYTES_USUAL, &error);
    }
    if (r == NULL || r->machine == NULL) {
        (void)fprintf(out, "error: %s\n", r == NULL ? "out of memory" : error.message);
    } else {
        status = converse(r, in, terminal);
        time_machine_destroy(r->machine);
    }
    free(r);
    return status;
}
