/* output_file.c: see output_file.h. */
#include "tools/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum status output_file_name(struct output_file *file, const char *path, struct error *error)
{
    file->stream = NULL;
    int size = snprintf(file->path, sizeof file->path, "%s", path);
    int longer =
        snprintf(file->temporary, sizeof file->temporary, "%s.%ld.tmp", path, (long)getpid());
    if (size < 0 || longer < 0 || longer >= OUTPUT_PATH_MAX) {
        return error_set(error, STATUS_BAD_INPUT, "the name of the file to write is too long");
    }
    return STATUS_OK;
}

enum status output_file_open(struct output_file *file, const char *path, struct error *error)
{
    enum status status = output_file_name(file, path, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (strcmp(path, "-") == 0) {
        file->stream = stdout;
        return STATUS_OK;
    }
    file->stream = fopen(file->temporary, "wx");
    if (file->stream == NULL) {
        return error_set(error, STATUS_IO, "cannot write %.200s: %s", path, strerror(errno));
    }
    return STATUS_OK;
}

/* Flushed to the disk, so that the name never stands for a file that a power failure emptied. */
static int sync_path(const char *path)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return -1;
    }
    int result = fsync(descriptor);
    return close(descriptor) != 0 ? -1 : result;
}

enum status output_file_commit(struct output_file *file, struct error *error)
{
    FILE *stream = file->stream;
    file->stream = NULL;
    bool failed = stream != NULL && (fflush(stream) != 0 || ferror(stream));
    if (stream == stdout) {
        return failed ? error_set(error, STATUS_IO, "cannot write to standard output: %s",
                                  strerror(errno))
                      : STATUS_OK;
    }
    int why = errno;
    if (stream != NULL && fclose(stream) != 0 && !failed) {
        why = errno;
        failed = true;
    }
    if (!failed && (sync_path(file->temporary) != 0 || rename(file->temporary, file->path) != 0)) {
        why = errno;
        failed = true;
    }
    if (failed) {
        (void)unlink(file->temporary);
        return error_set(error, STATUS_IO, "cannot write %.200s: %s", file->path, strerror(why));
    }
    return STATUS_OK;
}

void output_file_abandon(struct output_file *file)
{
    if (file->stream != NULL && file->stream != stdout) {
        (void)fclose(file->stream);
    }
    file->stream = NULL;
    (void)unlink(file->temporary);
}
