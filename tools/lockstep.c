/* lockstep.c: the program: finds the sub-command and hands over. */
#include "sim/unicode.h"
#include "tools/command.h"
#include "tools/suggest.h"
#include "tools/vectors.h"
#include "tools/version.h"

#include <stdio.h>

struct command {
    const char *name;
    int (*function)(int argc, char **argv);
    const char *text;
};

static int help(int argc, char **argv);

static const struct command commands[] = {
    {"run",       command_run,       "run scenarios and judge them"                         },
    {"replay",    command_replay,    "one run's story; go through it, forward and back"     },
    {"points",    command_points,    "where a fault can strike, and what comes of each"     },
    {"explore",   command_explore,   "every run with at most so many deviations"            },
    {"hunt",      command_hunt,      "random deviations on all cores, and what they violate"},
    {"shrink",    command_shrink,    "the smallest case that fails as a given one does"     },
    {"blame",     command_blame,     "when a violation became inevitable, and why"          },
    {"catalogue", command_catalogue, "what scenarios tell of failures, as a document"       },
    {"table",     command_table,     "look into a kept table, fill it, copy it"             },
    {"schema",    command_schema,    "print the JSON Schema of scenarios"                   },
    {"vectors",   command_vectors,   "golden vectors: what the builder does, call by call"  },
    {"help",      help,              "explain a command, or 'scenario', the format"         },
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static void put_help(FILE *out)
{
    (void)fputs(
        "Usage: lockstep COMMAND [ARGUMENT...]\n\n"
        "Simulates a serverless batch pipeline (S3, SQS, Lambda, DynamoDB, Step Functions,\n"
        "Glue) in virtual time, and tells whether its lock can get stuck, a file be "
        "processed\ntwice or never.\n\n",
        out);
    for (size_t i = 0; i < COMMANDS; i++) {
        (void)fprintf(out, "  %-9s  %s\n", commands[i].name, commands[i].text);
    }
    (void)fputs("\nExamples:\n"
                "  lockstep run scenarios/regression/130-files.yaml\n"
                "  lockstep run --help\n"
                "  lockstep help scenario\n"
                "  lockstep --version\n",
                out);
}

static int unknown(const char *name)
{
    struct suggestion near = suggestion(text_from(name));
    for (size_t i = 0; i < COMMANDS; i++) {
        suggestion_offer(&near, text_from(commands[i].name));
    }
    (void)fprintf(stderr, "lockstep: %s: no such command%s\nTry 'lockstep help'.\n",
                  shown(text_from(name)).text, suggestion_text(&near).text);
    return STATUS_USAGE;
}

/* `help`, `help COMMAND`, `help TOPIC`. */
static int help(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        put_help(stdout);
        return close_output(STATUS_PASS);
    }
    const struct command *command = find(argv[1]);
    if (command == NULL) {
        return command_help(argc, argv);
    }
    char ask[] = "--help";
    char *arguments[] = {argv[1], ask, NULL};
    return command->function(2, arguments);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        put_help(stderr);
        return STATUS_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)printf("lockstep %s\n", version_text());
        return close_output(STATUS_PASS);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        put_help(stdout);
        return close_output(STATUS_PASS);
    }
    const struct command *command = find(argv[1]);
    return command == NULL ? unknown(argv[1]) : command->function(argc - 1, argv + 1);
}
