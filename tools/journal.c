/* journal.c: see journal.h. */
#include "tools/journal.h"

#include "sim/assert.h"
#include "tools/input_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY_MAX = 64, HEAD_MAX = 160, JOURNAL_BYTES_MAX = 1 << 30 };

struct piece {
    char key[KEY_MAX];
    struct text bytes; /* in `text`, or in memory of its own */
    bool owned;
};

struct journal_file {
    char *path;
    int file;
    struct text text; /* what was in the file when it was opened */
    struct piece *pieces;
    size_t count, capacity;
};

static enum status refused(const struct journal_file *j, struct error *error)
{
    return error_set(error, STATUS_IO, "%s: %s", j->path, strerror(errno));
}

static enum status put(struct journal_file *j, const struct piece *piece, struct error *error)
{
    if (j->count == j->capacity) {
        size_t capacity = j->capacity == 0 ? 64 : 2 * j->capacity;
        struct piece *pieces = realloc(j->pieces, capacity * sizeof *pieces);
        if (pieces == NULL) {
            return error_set(error, STATUS_NO_MEMORY, "out of memory for %s", j->path);
        }
        j->pieces = pieces;
        j->capacity = capacity;
    }
    j->pieces[j->count++] = *piece;
    return STATUS_OK;
}

static void hash_text(struct text bytes, char text[HASH128_HEX])
{
    hash128_hex(hash128(bytes.at, bytes.size), text);
}

/* The next piece of *rest, which moves behind it; false where it is torn. */
static bool take_piece(struct text *rest, struct piece *piece)
{
    char head[HEAD_MAX];
    char wanted[HASH128_HEX];
    char hash[HASH128_HEX];
    uint64_t size;
    const char *end = rest->size > 0 ? memchr(rest->at, '\n', rest->size) : NULL;
    if (end == NULL || (size_t)(end - rest->at) >= sizeof head) {
        return false;
    }
    size_t head_size = (size_t)(end - rest->at);
    memcpy(head, rest->at, head_size);
    head[head_size] = '\0';
    if (sscanf(head, "piece %63s %" SCNu64 " %32s", piece->key, &size, wanted) != 3 ||
        size >= rest->size - head_size - 1) {
        return false;
    }
    piece->bytes = (struct text){end + 1, size};
    hash_text(piece->bytes, hash);
    if (strcmp(hash, wanted) != 0 || end[1 + size] != '\n') {
        return false;
    }
    *rest = (struct text){end + size + 2, rest->size - head_size - size - 2};
    return true;
}

/* Reads what is there; cuts off a torn end. */
static enum status take_up(struct journal_file *j, const char *first, struct error *error)
{
    struct text rest = j->text;
    size_t first_size = strlen(first);
    if (rest.size < first_size && memcmp(rest.at, first, rest.size) == 0) { /* nothing, or torn */
        bool whole = ftruncate(j->file, 0) == 0 && lseek(j->file, 0, SEEK_SET) == 0 &&
                     write(j->file, first, first_size) == (ssize_t)first_size &&
                     fsync(j->file) == 0;
        return whole ? STATUS_OK : refused(j, error);
    }
    if (rest.size < first_size || memcmp(rest.at, first, first_size) != 0) {
        return error_set(error, STATUS_BAD_INPUT,
                         "%s: is not of this work (scenario, options or version differ); name "
                         "another file, or remove it",
                         j->path);
    }
    rest = (struct text){rest.at + first_size, rest.size - first_size};
    struct piece piece = {.owned = false};
    while (take_piece(&rest, &piece)) {
        enum status status = put(j, &piece, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    off_t end = (off_t)(j->text.size - rest.size);
    if (rest.size > 0 && ftruncate(j->file, end) != 0) {
        return refused(j, error);
    }
    return lseek(j->file, end, SEEK_SET) == end ? STATUS_OK : refused(j, error);
}

struct journal_file *journal_file_open(const char *path, struct hash128 work, struct error *error)
{
    char hash[HASH128_HEX];
    char first[HEAD_MAX];
    struct journal_file *j = calloc(1, sizeof *j);
    char *copy = strdup(path);
    if (j == NULL || copy == NULL) {
        free(j);
        free(copy);
        (void)error_set(error, STATUS_NO_MEMORY, "out of memory for %s", path);
        return NULL;
    }
    j->path = copy;
    hash128_hex(work, hash);
    (void)snprintf(first, sizeof first, "lockstep journal 1 %s\n", hash);
    j->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    enum status status = j->file < 0 ? refused(j, error) : STATUS_OK;
    if (status == STATUS_OK) {
        status = input_file_read(path, JOURNAL_BYTES_MAX, &j->text, error);
    }
    if (status == STATUS_OK) {
        status = take_up(j, first, error);
    }
    if (status != STATUS_OK) {
        journal_file_close(j);
        return NULL;
    }
    return j;
}

void journal_file_close(struct journal_file *j)
{
    if (j == NULL) {
        return;
    }
    for (size_t i = 0; i < j->count; i++) {
        if (j->pieces[i].owned) {
            free((void *)j->pieces[i].bytes.at);
        }
    }
    if (j->file >= 0) {
        (void)close(j->file);
    }
    free(j->pieces);
    free((void *)j->text.at);
    free(j->path);
    free(j);
}

struct text journal_file_find(const struct journal_file *j, const char *key)
{
    for (size_t i = 0; i < j->count; i++) {
        if (strcmp(j->pieces[i].key, key) == 0) {
            return j->pieces[i].bytes;
        }
    }
    return (struct text){NULL, 0};
}

enum status journal_file_add(struct journal_file *j, const char *key, struct text bytes,
                             struct error *error)
{
    char hash[HASH128_HEX];
    char head[HEAD_MAX];
    hash_text(bytes, hash);
    int head_size = snprintf(head, sizeof head, "piece %s %zu %s\n", key, bytes.size, hash);
    ASSERT(head_size > 0 && (size_t)head_size < sizeof head && strlen(key) < KEY_MAX);
    size_t size = (size_t)head_size + bytes.size + 1;
    char *whole = malloc(size);
    if (whole == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %s", j->path);
    }
    memcpy(whole, head, (size_t)head_size);
    memcpy(whole + head_size, bytes.at, bytes.size);
    whole[size - 1] = '\n';
    bool kept = write(j->file, whole, size) == (ssize_t)size && fsync(j->file) == 0;
    memmove(whole, whole + head_size, bytes.size);
    struct piece piece = {
        .bytes = {whole, bytes.size},
          .owned = true
    };
    (void)snprintf(piece.key, sizeof piece.key, "%s", key);
    enum status status = kept ? put(j, &piece, error) : refused(j, error);
    if (status != STATUS_OK) {
        free(whole);
    }
    return status;
}

size_t journal_file_count(const struct journal_file *j)
{
    return j->count;
}
