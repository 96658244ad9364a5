/* choice_file.c: see choice_file.h. */
#include "tools/choice_file.h"

#include "sim/unicode.h"
#include "tools/input_file.h"
#include "tools/output_file.h"

#include <inttypes.h>
#include <stdlib.h>

#define HEADER "lockstep choices 1"

enum status choice_file_write(const char *path, const struct choices *choices,
                              struct hash128 trace_hash, struct error *error)
{
    struct output_file file;
    char hash[HASH128_HEX];
    enum status status = output_file_open(&file, path, error);
    if (status != STATUS_OK) {
        return status;
    }
    (void)fputs(HEADER "\n", file.stream);
    for (uint64_t i = 0; i < choices->list_count; i++) {
        const struct choice *c = &choices->list[i];
        (void)fprintf(file.stream, "%" PRIu32 " of %" PRIu64 ": %s\n", c->value,
                      (uint64_t)c->count_less_one + 1, choices->labels[c->label]);
    }
    hash128_hex(trace_hash, hash);
    (void)fprintf(file.stream, "trace %s\n", hash);
    return output_file_commit(&file, error);
}

/* A file that is being read, line by line. */
struct reader {
    const char *path;
    struct text rest;
    uint64_t line;
    struct error *error;
};

static enum status wrong(const struct reader *r, const char *what)
{
    return error_set(r->error, STATUS_BAD_INPUT, "%.200s:%" PRIu64 ": %s", r->path, r->line, what);
}

/* The next line without its end; false at the end of the file. */
static bool next_line(struct reader *r, struct text *line)
{
    const char *end = r->rest.size > 0 ? memchr(r->rest.at, '\n', r->rest.size) : NULL;
    if (end == NULL) {
        return false;
    }
    *line = (struct text){r->rest.at, (size_t)(end - r->rest.at)};
    r->rest = (struct text){end + 1, r->rest.size - line->size - 1};
    r->line++;
    return true;
}

static bool take_number(struct text *text, uint64_t *number)
{
    size_t digits = 0;
    *number = 0;
    while (digits < text->size && digits < 10 && text->at[digits] >= '0' &&
           text->at[digits] <= '9') {
        *number = *number * 10 + (uint64_t)(text->at[digits++] - '0');
    }
    *text = (struct text){text->at + digits, text->size - digits};
    return digits > 0;
}

static bool take_word(struct text *text, struct text word)
{
    if (!text_starts(*text, word)) {
        return false;
    }
    *text = (struct text){text->at + word.size, text->size - word.size};
    return true;
}

static bool parse_choice(struct text line, const char *const *labels, uint32_t labels_count,
                         struct choice *choice)
{
    uint64_t value, count;
    if (!take_number(&line, &value) || !take_word(&line, TEXT(" of ")) ||
        !take_number(&line, &count) || !take_word(&line, TEXT(": ")) || value >= count ||
        count > UINT64_C(1) << 32) {
        return false;
    }
    for (uint32_t i = 0; i < labels_count; i++) {
        if (text_equal(line, text_from(labels[i]))) {
            *choice = (struct choice){i, (uint32_t)(count - 1), (uint32_t)value};
            return true;
        }
    }
    return false;
}

static enum status read_choices(struct reader *r, const char *const *labels, uint32_t labels_count,
                                struct recording *recording)
{
    struct text line;
    if (!next_line(r, &line) || !text_equal(line, TEXT(HEADER))) {
        r->line = 1;
        return wrong(r, "not a file of choices; its first line is '" HEADER "'");
    }
    while (next_line(r, &line)) {
        if (take_word(&line, TEXT("trace ")) && line.size == HASH128_HEX - 1) {
            memcpy(recording->trace_hash, line.at, line.size);
            recording->trace_hash[line.size] = '\0';
            return r->rest.size == 0 ? STATUS_OK : wrong(r, "something follows the trace hash");
        }
        if (!parse_choice(line, labels, labels_count, &recording->list[recording->count++])) {
            return wrong(r, "not a choice of this version");
        }
    }
    return wrong(r, "the file is not whole: its last line is a trace hash");
}

enum status choice_file_read(const char *path, const char *const *labels, uint32_t labels_count,
                             struct recording *recording, struct error *error)
{
    enum { BYTES_MAX = 1 << 30, LINE_LEAST = 10 };
    struct text content;
    enum status status = input_file_read(path, BYTES_MAX, &content, error);
    if (status != STATUS_OK) {
        return status;
    }
    *recording =
        (struct recording){.list = calloc(content.size / LINE_LEAST + 1, sizeof *recording->list)};
    if (recording->list == NULL) {
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for %.200s", path);
    } else {
        struct reader r = {.path = path, .rest = content, .error = error};
        status = read_choices(&r, labels, labels_count, recording);
    }
    free((void *)content.at);
    if (status != STATUS_OK) {
        free(recording->list);
        recording->list = NULL;
    }
    return status;
}
