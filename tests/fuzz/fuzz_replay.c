/* fuzz_replay.c: any bytes at all as commands of `lockstep replay --step`. libFuzzer's entry;
 * `make fuzz` runs it, and tests/test_fuzz_replay.c replays the corpus in every ordinary test run.
 *
 * The input's first 4 KiB are typed at a run of a few files whose builder dies under the lock. What
 * is checked beyond memory: the answer is printable, ends with a line's end, and the status is that
 * of a session. Lines that would be queries are left out: those are SQLite's to survive.
 */
#include "model/pipeline/run.h"
#include "model/pipeline/run_state.h"
#include "sim/unicode.h"
#include "tools/command.h"
#include "tools/replay_console.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void make_scenario(struct scenario *s)
{
    scenario_init(s);
    scenario_apply_builder(s, BUILDER_V3);
    s->name = TEXT("fuzz");
    s->workloads_count = 1;
    s->workloads[0] = (struct workload){
        .files = 12, .over = duration_s(5), .size = 3670016, .prefix = TEXT("pipeline/input/")};
    s->faults_count = 1;
    s->faults[0] = fault_default;
    s->faults[0].kind = FAULT_KILL;
    s->faults[0].process = TEXT("manifest_builder");
    s->faults[0].at = TEXT("PUT_MANIFEST");
}

static bool is_query(const char *line)
{
    size_t blanks = strspn(line, " \t\r");
    return line[blanks] == 's' && line[blanks + 1] != 't';
}

/* The lines that are typed; returns their bytes in `script`. */
static size_t choose_lines(const uint8_t *bytes, size_t size, char *script)
{
    size_t used = 0;
    for (size_t at = 0; at < size;) {
        const uint8_t *end = memchr(bytes + at, '\n', size - at);
        size_t line = end == NULL ? size - at : (size_t)(end - (bytes + at)) + 1;
        memcpy(script + used, bytes + at, line);
        script[used + line] = '\0';
        used += is_query(script + used) ? 0 : line;
        at += line;
    }
    return used;
}

static void check_answer(const char *answer, size_t size)
{
    ASSERT(utf8_valid((struct text){answer, size}) == size);
    for (size_t i = 0; i < size; i++) {
        ASSERT(answer[i] == '\n' || (unsigned char)answer[i] >= ' ');
    }
    ASSERT(size == 0 || answer[size - 1] == '\n');
}

static void type_at(struct run *run, const struct scenario *scenario, char *script, size_t size)
{
    static struct report report;
    char *answer = NULL;
    size_t answer_size = 0;
    report = (struct report){.run = run, .scenario = scenario, .replay = ""};
    FILE *in = fmemopen(script, size, "r");
    FILE *out = open_memstream(&answer, &answer_size);
    ASSERT(in != NULL && out != NULL);
    int status = replay_console(run, &report, in, out, false);
    ASSERT(status == STATUS_PASS || status == STATUS_USAGE);
    (void)fclose(in);
    ASSERT(fclose(out) == 0);
    check_answer(answer, answer_size);
    free(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    enum { SCRIPT_MAX = 4096 };
    static struct scenario scenario;
    static struct choices choices;
    static struct trace trace;
    static char script[SCRIPT_MAX + 1];
    size_t used = choose_lines(bytes, size < SCRIPT_MAX ? size : SCRIPT_MAX, script);
    if (used == 0) {
        return 0;
    }
    make_scenario(&scenario);
    choices_init_default(&choices, cloud_choice_names, CHOICES_COUNT);
    trace_init(&trace);
    struct run_options options = {.choices = &choices, .trace = &trace, .keep_calls = true};
    struct run *run = run_create(&scenario, &options, NULL);
    ASSERT(run != NULL);
    type_at(run, &scenario, script, used);
    ASSERT(run_destroy(run, NULL) == STATUS_OK);
    return 0;
}
