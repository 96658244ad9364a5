/* test_assert.c: a failed assertion says what, where and when in the run, and stops the program.
 *
 * Each case runs in a child process, whose standard error is compared and which must have aborted.
 * Some of the engine's own assertions are among the cases: misuse that its headers forbid.
 */
#include "sim/assert.h"
#include "sim/event_queue.h"
#include "sim/stats.h"
#include "tests/cases.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void describe(const void *self, char *buffer, size_t size)
{
    (void)snprintf(buffer, size, "seed %d", *(const int *)self);
}

static void fail_without_context(void)
{
    ASSERT(1 + 1 == 3);
}

static void fail_with_context(void)
{
    static const int seed = 7;
    assert_context(describe, &seed);
    ASSERT(1 + 1 == 3);
}

static void fail_after_context_ended(void)
{
    static const int seed = 7;
    assert_context(describe, &seed);
    assert_context(NULL, NULL);
    ASSERT(1 + 1 == 3);
}

static void push_into_the_past(void)
{
    static _Alignas(64) unsigned char memory[1024];
    struct event_queue *q = event_queue_init(memory, 2, (struct instant){5});
    (void)event_queue_push(q, (struct instant){4}, (struct event){0});
}

static void add_beyond_the_range_of_time(void)
{
    (void)instant_add((struct instant){INT64_MAX}, (struct duration){1});
}

static void sample_a_negative_value(void)
{
    static struct sample s;
    sample_init(&s);
    sample_add(&s, -1);
}

static const struct failure_case {
    const char *name;
    void (*run)(void);
    const char *condition, *context;
} failures[] = {
    {"no context",                   fail_without_context,         "\"1 + 1 == 3\"",         "(no simulation under way)"},
    {"with context",                 fail_with_context,            "\"1 + 1 == 3\"",         "(seed 7)"                 },
    {"context ended",                fail_after_context_ended,     "\"1 + 1 == 3\"",         "(no simulation under way)"},
    {"push into the past",           push_into_the_past,           "\"at.ns >= q->now.ns\"", ""                         },
    {"add beyond the range of time", add_beyond_the_range_of_time, "__builtin_add_overflow", ""                         },
    {"sample a negative value",      sample_a_negative_value,      "\"value >= 0\"",         ""                         },
};

/* Runs the case in a child; its standard error, and how it ended. */
static int run_in_child(void (*run)(void), char *output, size_t size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        (void)signal(SIGABRT, SIG_DFL); /* cmocka catches it */
        run();
        _exit(0);
    }
    (void)close(ends[1]);
    size_t used = 0;
    ssize_t got = 0;
    while (used < size - 1 && (got = read(ends[0], output + used, size - 1 - used)) > 0) {
        used += (size_t)got;
    }
    output[used] = '\0';
    (void)close(ends[0]);
    int ended = 0;
    assert_int_equal(waitpid(child, &ended, 0), child);
    return ended;
}

static void test_failure(void **state)
{
    const struct failure_case *c = *state;
    char output[1024];
    int ended = run_in_child(c->run, output, sizeof output);
    assert_true(WIFSIGNALED(ended) && WTERMSIG(ended) == SIGABRT);
    static const char start[] = "lockstep: bug: ";
    assert_memory_equal(output, start, sizeof start - 1);
    assert_non_null(strstr(output, c->condition));
    assert_non_null(strstr(output, " does not hold "));
    assert_non_null(strstr(output, c->context));
}

static void hold_all(void)
{
    ASSERT(1 + 1 == 2);
}

static void test_what_holds_is_silent(void **state)
{
    (void)state;
    char output[1024];
    int ended = run_in_child(hold_all, output, sizeof output);
    assert_true(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
    assert_string_equal(output, "");
}

int main(void)
{
    struct cases cases = {0};
    CASES_ADD_TABLE(&cases, test_failure, failures);
    CASES_ADD(&cases, test_what_holds_is_silent);
    return cases_run("assert", &cases);
}
