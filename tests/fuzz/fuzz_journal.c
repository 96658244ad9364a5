/* fuzz_journal.c: any bytes at all as what searches keep. libFuzzer's entry; `make fuzz` runs it,
 * and tests/test_fuzz_journal.c replays the corpus in every ordinary test run.
 *
 * The first byte says as what: `f` findings of an exploration, `h` the tally of a hunt, anything
 * else the pieces of a journal, behind a first line that is right. What is read is written and read
 * again: the same bytes. A journal that was opened is the same when it is opened again, its torn
 * end cut off.
 */
#include "sim/assert.h"
#include "tools/findings.h"
#include "tools/hunting.h"
#include "tools/journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* A text that is being written. */
struct written {
    char *text;
    size_t size;
    FILE *out;
};

static struct text close_written(struct written *w)
{
    ASSERT(fclose(w->out) == 0);
    return (struct text){w->text, w->size};
}

static void try_findings(struct text text)
{
    struct findings once = {0};
    struct findings twice = {0};
    struct error error = {.message = ""};
    if (findings_read(&once, text, &error) == STATUS_OK) {
        struct written a = {.text = NULL};
        struct written b = {.text = NULL};
        a.out = open_memstream(&a.text, &a.size);
        findings_write(&once, a.out);
        struct text first = close_written(&a);
        ASSERT(findings_read(&twice, first, &error) == STATUS_OK);
        b.out = open_memstream(&b.text, &b.size);
        findings_write(&twice, b.out);
        ASSERT(text_equal(first, close_written(&b)));
        free(a.text);
        free(b.text);
    } else {
        ASSERT(error.message[0] != '\0');
    }
    findings_free(&once);
    findings_free(&twice);
}

static void try_tally(struct text text)
{
    struct hunt_tally once;
    struct hunt_tally twice;
    struct error error = {.message = ""};
    hunt_tally_init(&once);
    hunt_tally_init(&twice);
    if (hunting_read(&once, text, &error) == STATUS_OK) {
        struct written a = {.text = NULL};
        struct written b = {.text = NULL};
        a.out = open_memstream(&a.text, &a.size);
        hunting_write(&once, a.out);
        struct text first = close_written(&a);
        ASSERT(hunting_read(&twice, first, &error) == STATUS_OK);
        b.out = open_memstream(&b.text, &b.size);
        hunting_write(&twice, b.out);
        ASSERT(text_equal(first, close_written(&b)));
        free(a.text);
        free(b.text);
    } else {
        ASSERT(error.message[0] != '\0');
    }
    hunt_tally_deinit(&once);
    hunt_tally_deinit(&twice);
}

/* Opens it, and tells how many pieces it has and how large it is then. */
static size_t open_journal(const char *path, off_t *size)
{
    struct error error = {.message = ""};
    struct journal_file *j = journal_file_open(path, (struct hash128){1, 2}, &error);
    ASSERT(j != NULL);
    size_t count = journal_file_count(j);
    journal_file_close(j);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    *size = lseek(file, 0, SEEK_END);
    (void)close(file);
    return count;
}

static void try_journal(struct text text)
{
    char path[] = "/tmp/lockstep-fuzz-journal-XXXXXX";
    off_t first;
    off_t second;
    int file = mkstemp(path);
    ASSERT(file >= 0 && close(file) == 0);
    (void)open_journal(path, &first); /* writes the first line */
    file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    ASSERT(write(file, text.at, text.size) == (ssize_t)text.size && close(file) == 0);
    size_t count = open_journal(path, &first);
    ASSERT(open_journal(path, &second) == count && first == second);
    ASSERT(unlink(path) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct text text = {size > 1 ? (const char *)bytes + 1 : "", size > 1 ? size - 1 : 0};
    if (size > 0 && bytes[0] == 'f') {
        try_findings(text);
    } else if (size > 0 && bytes[0] == 'h') {
        try_tally(text);
    } else {
        try_journal(text);
    }
    return 0;
}
