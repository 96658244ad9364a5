/* workers.c: see workers.h. */
#include "tools/workers.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* A piece that is under way or waits to be told. */
struct piece {
    pid_t process; /* 0: it does not run */
    bool done;
    FILE *out, *errors; /* while it runs: files without a name */
    struct work_result result;
};

struct pool {
    const struct work *work;
    struct piece *pieces;
    unsigned char *statuses; /* shared with the workers: 1 + status once `run` has returned */
    size_t begun, told, running;
    bool ending;
    struct error *error;
};

static enum status refused(struct error *error, const char *what)
{
    return error_set(error, errno == ENOMEM ? STATUS_NO_MEMORY : STATUS_IO, "%s: %s", what,
                     strerror(errno));
}

/* All that was written to the file, in memory. */
static enum status read_back(FILE *file, struct text *text, struct error *error)
{
    long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    if (size < 0) {
        return refused(error, "what a worker wrote");
    }
    char *bytes = malloc((size_t)size + 1);
    if (bytes == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    rewind(file);
    if (fread(bytes, 1, (size_t)size, file) != (size_t)size) {
        free(bytes);
        return refused(error, "what a worker wrote");
    }
    text->at = bytes;
    text->size = (size_t)size;
    return STATUS_OK;
}

static void close_files(struct piece *piece)
{
    if (piece->out != NULL) {
        (void)fclose(piece->out);
    }
    if (piece->errors != NULL) {
        (void)fclose(piece->errors);
    }
    piece->out = piece->errors = NULL;
}

static void free_result(struct work_result *result)
{
    free((void *)result->out.at);
    free((void *)result->errors.at);
    *result = (struct work_result){0};
}

/* In the worker. A failed assertion writes to standard error, so that is the piece's file, too. */
static void be_worker(struct pool *pool, size_t i)
{
    struct piece *piece = &pool->pieces[i];
    if (dup2(fileno(piece->errors), STDERR_FILENO) >= 0) {
        int status = pool->work->run(pool->work->self, i, piece->out, piece->errors);
        bool whole = fflush(piece->out) == 0 && fflush(piece->errors) == 0;
        pool->statuses[i] = whole ? (unsigned char)(1 + status) : 0;
    }
    _exit(0);
}

static enum status begin(struct pool *pool)
{
    size_t i = pool->begun;
    struct piece *piece = &pool->pieces[i];
    piece->out = tmpfile();
    piece->errors = tmpfile();
    if (piece->out == NULL || piece->errors == NULL) {
        return refused(pool->error, "a worker's temporary file");
    }
    (void)fflush(NULL);
    piece->process = fork();
    if (piece->process < 0) {
        piece->process = 0;
        return refused(pool->error, "a worker");
    }
    if (piece->process == 0) {
        be_worker(pool, i);
    }
    pool->begun++;
    pool->running++;
    return STATUS_OK;
}

static void end_workers(struct pool *pool)
{
    for (size_t i = pool->told; i < pool->begun && !pool->ending; i++) {
        if (pool->pieces[i].process != 0) {
            (void)kill(pool->pieces[i].process, SIGTERM);
        }
    }
    pool->ending = true;
}

static bool is_stopped(const struct pool *pool)
{
    return pool->work->stopped != NULL && pool->work->stopped(pool->work->self);
}

static enum status take_result(struct pool *pool, size_t i, int how)
{
    struct piece *piece = &pool->pieces[i];
    pool->running--;
    piece->process = 0;
    piece->done = true;
    piece->result.died = pool->statuses[i] == 0;
    piece->result.status = piece->result.died ? 0 : pool->statuses[i] - 1;
    piece->result.signal = WIFSIGNALED(how) ? WTERMSIG(how) : 0;
    enum status status = read_back(piece->out, &piece->result.out, pool->error);
    if (status == STATUS_OK) {
        status = read_back(piece->errors, &piece->result.errors, pool->error);
    }
    close_files(piece);
    return status;
}

/* Waits for any worker to end. */
static enum status wait_for_one(struct pool *pool)
{
    int how;
    pid_t process = waitpid(-1, &how, 0);
    if (process < 0 && errno != EINTR) {
        return refused(pool->error, "a worker");
    }
    if (is_stopped(pool)) {
        end_workers(pool);
    }
    for (size_t i = pool->told; process > 0 && i < pool->begun; i++) {
        if (pool->pieces[i].process == process) {
            return take_result(pool, i, how);
        }
    }
    return STATUS_OK;
}

/* Tells what is finished, as far as the order allows. */
static void tell(struct pool *pool)
{
    while (!pool->ending && pool->told < pool->begun && pool->pieces[pool->told].done) {
        struct piece *piece = &pool->pieces[pool->told];
        size_t i = pool->told++;
        if (!pool->work->told(pool->work->self, i, &piece->result)) {
            end_workers(pool);
        }
        free_result(&piece->result);
    }
}

/* When the user interrupts, what was under way is told all the same, as it is with one worker. */
static void tell_rest(struct pool *pool)
{
    bool more = is_stopped(pool);
    for (size_t i = pool->told; i < pool->begun; i++) {
        struct piece *piece = &pool->pieces[i];
        if (more && piece->done) {
            more = pool->work->told(pool->work->self, i, &piece->result);
        }
        close_files(piece);
        free_result(&piece->result);
    }
}

static enum status do_in_workers(struct pool *pool)
{
    const struct work *work = pool->work;
    enum status status = STATUS_OK;
    while (status == STATUS_OK &&
           (pool->running > 0 || (!pool->ending && pool->told < work->count))) {
        bool more = !pool->ending && !is_stopped(pool) && pool->begun < work->count;
        if (more && pool->running < work->workers) {
            status = begin(pool);
        } else if (pool->running > 0) {
            status = wait_for_one(pool);
            tell(pool);
        } else {
            break; /* stopped before any was begun */
        }
    }
    if (status != STATUS_OK) {
        end_workers(pool);
        while (pool->running > 0 && wait_for_one(pool) == STATUS_OK) {
        }
    }
    tell_rest(pool);
    return status;
}

static enum status with_workers(const struct work *work, struct error *error)
{
    struct pool pool = {.work = work, .error = error};
    pool.pieces = calloc(work->count, sizeof *pool.pieces);
    pool.statuses =
        mmap(NULL, work->count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    enum status status = STATUS_OK;
    if (pool.pieces == NULL || pool.statuses == MAP_FAILED) {
        status = error_set(error, STATUS_NO_MEMORY, "out of memory");
    } else {
        status = do_in_workers(&pool);
    }
    if (pool.statuses != MAP_FAILED) {
        (void)munmap(pool.statuses, work->count);
    }
    free(pool.pieces);
    return status;
}

/* Runs piece i here. *more: whether the next may follow. */
static enum status do_here(const struct work *work, size_t i, bool *more, struct error *error)
{
    char *out = NULL, *errors = NULL;
    size_t out_size = 0, errors_size = 0;
    struct work_result result = {0};
    FILE *out_stream = open_memstream(&out, &out_size);
    FILE *errors_stream = open_memstream(&errors, &errors_size);
    bool whole = out_stream != NULL && errors_stream != NULL;
    if (whole) {
        result.status = work->run(work->self, i, out_stream, errors_stream);
    }
    whole = (out_stream == NULL || fclose(out_stream) == 0) && whole;
    whole = (errors_stream == NULL || fclose(errors_stream) == 0) && whole;
    if (whole) {
        result.out = (struct text){out, out_size};
        result.errors = (struct text){errors, errors_size};
        *more = work->told(work->self, i, &result);
    }
    free(out);
    free(errors);
    return whole ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "out of memory");
}

unsigned workers_usual(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : count > WORKERS_MAX ? WORKERS_MAX : (unsigned)count;
}

enum status work_do(const struct work *work, struct error *error)
{
    enum status status = STATUS_OK;
    if (work->workers > 1 && work->count > 1) {
        return with_workers(work, error);
    }
    bool more = true;
    for (size_t i = 0; status == STATUS_OK && more && i < work->count; i++) {
        if (work->stopped != NULL && work->stopped(work->self)) {
            break;
        }
        status = do_here(work, i, &more, error);
    }
    return status;
}
