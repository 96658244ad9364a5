/* glue_job.c: the job's script: one manifest's files into Parquet.
 *
 * Method. It reads the manifest object and then every file that it lists in one go: a manifest or a
 * file that is gone fails the run. What it writes is appended under merged-parquet-<date>/ without
 * any trace of the manifest, so a second run of the same files doubles their rows. With
 * glue.output: manifest its parts lie under a prefix of the manifest's and are named by their
 * number, so that a second run, even at the same time, puts the same in their place. One part for
 * every 128 * 1024 rows begun (rows taken for kilobytes), at least one, at most one for each file;
 * a manifest without files succeeds without output. Rows are reckoned from the files' sizes at 700
 * bytes each. It never looks at the table. Sources: PIPE-GLUE-1, PIPE-GLUE-2.
 */
#include "model/pipeline/pipeline.h"

enum { ROW_BYTES = 700, ROWS_PER_PART = 128 * 1024 };

/* The object of the run's manifest; NULL where it is gone. */
static const struct object *manifest_of(struct cloud *c, const struct job_run *run)
{
    return bucket_find(c, BUCKET_MANIFEST, run->manifest);
}

bool glue_job_begin(struct cloud *c, struct job_run *run)
{
    if (run->row == 0) {
        /* Glue's own retry: nobody asked for it. */
        run->row = history_run_requested(pipeline_of(c), run->execution_row, true);
    }
    const struct object *manifest = manifest_of(c, run);
    if (manifest == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < manifest->body_count; i++) {
        if (bucket_find(c, BUCKET_INPUT, c->buckets.bodies[manifest->body_start + i]) == NULL) {
            return false;
        }
    }
    return true;
}

static int64_t count_parts(struct cloud *c, const struct object *manifest)
{
    struct pipeline *p = pipeline_of(c);
    int64_t rows = 0;
    for (uint32_t i = 0; i < manifest->body_count; i++) {
        struct file_history *file = history_file(p, c->buckets.bodies[manifest->body_start + i]);
        rows += file->size / ROW_BYTES;
    }
    if (rows == 0) {
        return 0;
    }
    int64_t parts = rows / ROWS_PER_PART;
    parts = parts < 1 ? 1 : parts;
    return parts < manifest->body_count ? parts : manifest->body_count;
}

/* "merged-parquet-<date>/part-<part>-<run>.snappy.parquet": another object for each run. */
static bool put_part(struct cloud *c, const struct job_run *run, int64_t part)
{
    char key[128];
    struct text_writer w = text_writer(key, sizeof key);
    text_put(&w, TEXT("merged-parquet-"));
    text_put(&w, names_text(&c->names, run->date));
    text_put(&w, TEXT("/part-"));
    text_put_integer(&w, part, 5);
    text_put_char(&w, '-');
    text_put_integer(&w, run->row, 8);
    text_put(&w, TEXT(".snappy.parquet"));
    uint32_t name = names_intern(&c->names, text_written(&w));
    if (name == 0) {
        simulation_fail(&c->simulation, "names (limits.files)");
    }
    return name != 0 && bucket_put(c, BUCKET_OUTPUT, name, 0, 0) != 0;
}

void glue_job_end(struct cloud *c, const struct job_run *run, enum job_state state)
{
    struct pipeline *p = pipeline_of(c);
    /* It has read the manifest, which may be gone by now. */
    uint32_t number = c->names.names[run->manifest].owner;
    const struct object *manifest = number == 0 ? NULL : bucket_object(&c->buckets, number);
    int64_t parts = 0;
    if ((state == JOB_SUCCEEDED || run->commits) && manifest != NULL) {
        parts = count_parts(c, manifest);
        for (int64_t i = 0; i < parts && put_part(c, run, i); i++) {
        }
        history_read_by_job(p, manifest, p->scenario->glue.output == GLUE_OUTPUT_MANIFEST);
    }
    history_run_ended(p, run->row, state, parts);
}
