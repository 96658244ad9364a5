/* selection.c: see selection.h. */
#include "tools/selection.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 32, NAME_MAX_SIZE = 512 };

static const char pattern_characters[] = "*?[";

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "out of memory");
}

static enum status add_path(struct selection *s, const char *path, struct error *error)
{
    if (s->count == s->capacity) {
        size_t capacity = s->capacity == 0 ? 64 : 2 * s->capacity;
        char **more = realloc((void *)s->paths, capacity * sizeof *more);
        if (more == NULL) {
            return no_memory(error);
        }
        s->paths = more;
        s->capacity = capacity;
    }
    char *copy = strdup(path);
    if (copy == NULL) {
        return no_memory(error);
    }
    s->paths[s->count++] = copy;
    return STATUS_OK;
}

static bool is_directory(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static enum status add_directory(struct selection *s, const char *path, unsigned depth,
                                 struct error *error);

/* One entry of a directory. */
static enum status add_entry(struct selection *s, const char *directory, const char *name,
                             unsigned depth, struct error *error)
{
    if (name[0] == '.') {
        return STATUS_OK;
    }
    size_t size = strlen(directory) + strlen(name) + 2;
    char *path = malloc(size);
    if (path == NULL) {
        return no_memory(error);
    }
    bool slash = text_ends(text_from(directory), TEXT("/"));
    (void)snprintf(path, size, "%s%s%s", directory, slash ? "" : "/", name);
    enum status status = STATUS_OK;
    if (is_directory(path)) {
        status = add_directory(s, path, depth + 1, error);
    } else if (text_ends(text_from(name), TEXT(".yaml"))) {
        status = add_path(s, path, error);
    }
    free(path);
    return status;
}

static enum status add_directory(struct selection *s, const char *path, unsigned depth,
                                 struct error *error)
{
    if (depth == DEPTH_MAX) {
        return error_set(error, STATUS_BAD_INPUT, "%.200s: directories are more than %d deep", path,
                         DEPTH_MAX);
    }
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return error_set(error, STATUS_BAD_INPUT, "cannot read %.200s: %s", path, strerror(errno));
    }
    enum status status = STATUS_OK;
    const struct dirent *entry;
    while (status == STATUS_OK && (entry = readdir(directory)) != NULL) {
        status = add_entry(s, path, entry->d_name, depth, error);
    }
    (void)closedir(directory);
    return status;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum status add_pattern(struct selection *s, const char *pattern, struct error *error)
{
    glob_t found;
    int result = glob(pattern, 0, NULL, &found);
    if (result == GLOB_NOSPACE) {
        return no_memory(error);
    }
    if (result != 0) {
        return error_set(error, STATUS_BAD_INPUT, "%.200s: fits no file", pattern);
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < found.gl_pathc; i++) {
        status = is_directory(found.gl_pathv[i]) ? add_directory(s, found.gl_pathv[i], 0, error)
                                                 : add_path(s, found.gl_pathv[i], error);
    }
    globfree(&found);
    return status;
}

enum status selection_add(struct selection *s, const char *argument, struct error *error)
{
    struct stat file;
    bool exists = strcmp(argument, "-") == 0 || stat(argument, &file) == 0;
    size_t first = s->count;
    enum status status;
    s->several |= s->count > 0;
    if (exists && is_directory(argument)) {
        s->several = true;
        status = add_directory(s, argument, 0, error);
    } else if (!exists && strpbrk(argument, pattern_characters) != NULL) {
        s->several = true;
        status = add_pattern(s, argument, error);
    } else {
        return add_path(s, argument, error);
    }
    if (s->count > first) {
        qsort((void *)(s->paths + first), s->count - first, sizeof *s->paths, by_path);
    }
    return status;
}

void selection_free(struct selection *s)
{
    for (size_t i = 0; i < s->count; i++) {
        free(s->paths[i]);
    }
    free((void *)s->paths);
    *s = (struct selection){0};
}

/* In small letters, cut to the room. */
static void lower(struct text text, char room[NAME_MAX_SIZE])
{
    size_t size = text.size < NAME_MAX_SIZE - 1 ? text.size : NAME_MAX_SIZE - 1;
    for (size_t i = 0; i < size; i++) {
        char c = text.at[i];
        bool capital = c >= 'A' && c <= 'Z';
        room[i] = (char)(capital ? c + ('a' - 'A') : c);
    }
    room[size] = '\0';
}

bool selection_fits(const char *pattern, struct text name)
{
    char wanted[NAME_MAX_SIZE], given[NAME_MAX_SIZE];
    lower(text_from(pattern), wanted);
    lower(name, given);
    if (strpbrk(wanted, pattern_characters) != NULL) {
        return fnmatch(wanted, given, 0) == 0;
    }
    return strstr(given, wanted) != NULL;
}
