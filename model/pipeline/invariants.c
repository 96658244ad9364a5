/* invariants.c: see invariants.h. */
#include "model/pipeline/invariants.h"

struct text violation_text(enum invariant invariant)
{
    static const char *const texts[INVARIANTS_COUNT] = {
        [INVARIANT_S1] = "a file is listed by more than one started manifest",
        [INVARIANT_S2] = "a manifest was overwritten by another of the same key",
        [INVARIANT_S3] = "an accepted file is neither processed nor visibly pending or failed",
        [INVARIANT_S4] =
            "a file is manifested, but its manifest does not list it or was not started",
        [INVARIANT_S5] = "a file's rows were put out more than once",
        [INVARIANT_S6] = "a manifest's record does not tell how its execution stands",
        [INVARIANT_S7] = "two invocations worked under the same lock",
        [INVARIANT_L1] = "enough files for a manifest are pending, and nothing will happen",
        [INVARIANT_L2] = "files of an earlier date were left pending for too long",
        [INVARIANT_L3] = "a lock blocked for longer than its life",
        [INVARIANT_L4] = "a started batch has not ended, or its failure is hidden by a success",
        [INVARIANT_O] = "an operator's tool printed what was not so",
    };
    return text_from(texts[invariant]);
}

struct text record_status(struct pipeline *p, uint32_t date, struct text file_key)
{
    struct text status = {"", 0};
    if (date != 0) {
        (void)table_peek_key(p->cloud.table, names_text(&p->cloud.names, date), file_key,
                             TEXT("status"), &status);
    }
    return status;
}

/* Bits of a name's `waiting`, set for the last judgement. */
enum { WAITING = 1, DEAD_LETTER = 2 };

/* Whether the record is this file's: two keys of one name and date share one. */
static bool owns_record(struct pipeline *p, const struct file_history *file, struct text name)
{
    struct item item;
    if (p->history.counts->folders < 2 || file->date == 0) {
        return true;
    }
    return table_peek(p->cloud.table, names_text(&p->cloud.names, file->date), name, &item) &&
           text_equal(record_s3_key(item), names_text(&p->cloud.names, file->key));
}

static struct text file_status(struct pipeline *p, const struct file_history *file)
{
    struct text name = record_file_key(p->scenario, names_text(&p->cloud.names, file->key));
    return owns_record(p, file, name) ? record_status(p, file->date, name) : TEXT("");
}

enum file_fate file_fate(struct pipeline *p, const struct file_history *file)
{
    if (file->quarantined) {
        return FATE_QUARANTINED;
    }
    struct text status = file_status(p, file);
    if (text_starts(status, TEXT("pending"))) {
        return FATE_PENDING;
    }
    if (text_starts(status, TEXT("manifested"))) {
        return FATE_MANIFESTED;
    }
    if (text_starts(status, TEXT("completed"))) {
        return FATE_COMPLETED;
    }
    if (text_starts(status, TEXT("failed"))) {
        return FATE_FAILED;
    }
    uint32_t waiting = p->cloud.names.names[file->key].waiting;
    return (waiting & WAITING) != 0       ? FATE_ON_ITS_WAY
           : (waiting & DEAD_LETTER) != 0 ? FATE_DEAD
                                          : FATE_LOST;
}

void invariants_mark_waiting(struct pipeline *p)
{
    struct cloud *c = &p->cloud;
    uint64_t used = world_used(&c->simulation.world, c->queue.messages_region);
    for (uint64_t i = 0; i < used; i++) {
        const struct message *message = &c->queue.messages[i];
        if (message->slot.live != 0) {
            c->names.names[message->body].waiting |=
                message->state == MESSAGE_DEAD ? DEAD_LETTER : WAITING;
        }
    }
    for (uint64_t i = 0; i < HISTORY_COUNT(p, executions); i++) {
        if (p->history.executions[i].status == EXECUTION_RUNNING) {
            c->names.names[p->history.executions[i].manifest].waiting |= WAITING;
        }
    }
}

void invariants_unmark_waiting(struct pipeline *p)
{
    for (uint64_t i = 1; i < world_used(&p->cloud.simulation.world, p->cloud.names.names_region);
         i++) {
        p->cloud.names.names[i].waiting = 0;
    }
}

/* Whether what happened then is over, in whatever function it was: its time-outs are past. */
static bool settled(const struct pipeline *p, bool at_rest, int64_t at_ns)
{
    return at_rest || cloud_now(&p->cloud).ns - at_ns > 15 * 60 * NS_PER_S;
}

/* The latest put of the manifest that the file's record names; NULL where there is none. */
static const struct manifest_history *manifest_of(const struct pipeline *p,
                                                  const struct file_history *file)
{
    uint32_t number = file->manifest == 0 ? 0 : p->cloud.names.names[file->manifest].owner;
    const struct object *object = number == 0 ? NULL : bucket_object(&p->cloud.buckets, number);
    bool put = object != NULL && object->bucket == BUCKET_MANIFEST && object->owner != 0;
    return put ? &p->history.manifests[object->owner - 1] : NULL;
}

static bool is_listed(const struct pipeline *p, const struct manifest_history *manifest,
                      uint32_t key)
{
    for (uint32_t i = 0; i < manifest->files; i++) {
        if (p->cloud.buckets.bodies[manifest->body_start + i] == key) {
            return true;
        }
    }
    return false;
}

static void judge_manifested(struct pipeline *p, const struct file_history *file, bool at_rest)
{
    const struct manifest_history *manifest = manifest_of(p, file);
    bool started = manifest != NULL && manifest->executions > 0;
    if (!started && !settled(p, at_rest, file->manifested_ns)) {
        return;
    }
    if (!started || !is_listed(p, manifest, file->key)) {
        history_violation(p, INVARIANT_S4, file->key);
    }
    bool running =
        file->manifest != 0 && (p->cloud.names.names[file->manifest].waiting & WAITING) != 0;
    if (file->outputs == 0 && !running) {
        history_violation(p, INVARIANT_S3, file->key);
    }
}

static void judge_file(struct pipeline *p, const struct file_history *file, bool at_rest)
{
    switch (file_fate(p, file)) {
    case FATE_MANIFESTED:
    case FATE_COMPLETED:
        judge_manifested(p, file, at_rest);
        return;
    case FATE_DEAD:
    case FATE_LOST:
        if (file->outputs == 0 && settled(p, at_rest, file->arrived_ns)) {
            history_violation(p, INVARIANT_S3, file->key);
        }
        return;
    case FATE_PENDING:
    case FATE_FAILED:
    case FATE_QUARANTINED:
    case FATE_ON_ITS_WAY:
        return;
    }
}

/* --- records and executions
 * ------------------------------------------------------------------------------------ */

/* Whether a status tells how an execution stands. One that runs may not have come to its first
 * state yet, or be past the job. */
static bool mirrors(const struct execution_history *e, struct text status)
{
    if (e->status == EXECUTION_RUNNING) {
        return !e->begun || text_equal(status, TEXT("processing")) ||
               (e->processed > 0 && text_equal(status, TEXT("completed")));
    }
    return text_equal(status, e->processed > 0 ? TEXT("completed") : TEXT("failed"));
}

/* The manifest that a date's shared record names: a name; 0: there is no such record. */
static uint32_t shared_manifest(struct pipeline *p, uint32_t date)
{
    static const struct text prefix = {"s3://" MANIFEST_BUCKET "/", sizeof "s3://" MANIFEST_BUCKET};
    struct item item;
    if (!table_peek(p->cloud.table, names_text(&p->cloud.names, date), TEXT("MANIFEST"), &item)) {
        return 0;
    }
    struct text path = item_text(item, TEXT("manifest_path"));
    if (!text_starts(path, prefix)) {
        return 0;
    }
    return names_find(&p->cloud.names,
                      (struct text){path.at + prefix.size, path.size - prefix.size});
}

/* Its own record, or else the shared one if that is about it. */
static struct text status_of_manifest(struct pipeline *p, uint32_t date, uint32_t manifest)
{
    char key[160];
    struct text_writer w = text_writer(key, sizeof key);
    text_put_record_key(&w, names_text(&p->cloud.names, manifest));
    struct text status = record_status(p, date, text_written(&w));
    if (status.size == 0 && shared_manifest(p, date) == manifest) {
        status = record_status(p, date, TEXT("MANIFEST"));
    }
    return status;
}

/* The latest execution of a manifest's key; NULL where there is none. */
static const struct execution_history *latest_execution(const struct pipeline *p, uint32_t manifest)
{
    uint32_t number = p->cloud.names.names[manifest].owner;
    const struct object *object = number == 0 ? NULL : bucket_object(&p->cloud.buckets, number);
    if (object == NULL || object->bucket != BUCKET_MANIFEST || object->owner == 0) {
        return NULL;
    }
    uint32_t row = p->history.manifests[object->owner - 1].latest_execution;
    return row == 0 ? NULL : &p->history.executions[row - 1];
}

/* Whether a job has processed the batch of an execution, this one's or a later one's. */
static bool processed(const struct pipeline *p, const struct execution_history *e)
{
    return e->processed > 0 ||
           (e->manifest_row != 0 && p->history.manifests[e->manifest_row - 1].processed > 0);
}

/* Its manifest's record told how it ended, until TTL deleted it. */
static bool has_told(const struct pipeline *p, const struct execution_history *e)
{
    return e->manifest_row != 0 && p->history.manifests[e->manifest_row - 1].told != 0;
}

static void judge_execution(struct pipeline *p, const struct execution_history *e, bool at_rest)
{
    const struct execution_history *latest = latest_execution(p, e->manifest);
    bool current = latest == NULL || latest == e;
    if (current && !has_told(p, e) && !mirrors(e, status_of_manifest(p, e->date, e->manifest))) {
        history_violation(p, INVARIANT_S6, e->manifest);
    }
    bool unended = at_rest && e->status == EXECUTION_RUNNING;
    bool hidden = e->status == EXECUTION_SUCCEEDED && !processed(p, e);
    if (unended || hidden) {
        history_violation(p, INVARIANT_L4, e->manifest);
    }
}

/* A shared record beside the manifests' own is about one of them, too. */
static void judge_shared(struct pipeline *p, uint32_t date)
{
    uint32_t manifest = shared_manifest(p, date);
    const struct execution_history *e = manifest == 0 ? NULL : latest_execution(p, manifest);
    char key[160];
    struct text_writer w = text_writer(key, sizeof key);
    if (e == NULL) {
        return;
    }
    text_put_record_key(&w, names_text(&p->cloud.names, manifest));
    bool has_own = record_status(p, date, text_written(&w)).size > 0 || has_told(p, e);
    if (has_own && !mirrors(e, record_status(p, date, TEXT("MANIFEST")))) {
        history_violation(p, INVARIANT_S6, date);
    }
}

/* --- dates
 * --------------------------------------------------------------------------------------------------
 */

/* The files of a date whose records say pending, by the table. */
static int64_t count_pending(struct pipeline *p, uint32_t date_row)
{
    int64_t pending = 0;
    for (uint64_t i = 0; i < HISTORY_COUNT(p, files); i++) {
        const struct file_history *file = &p->history.files[i];
        pending += file->date_row == date_row && file_fate(p, file) == FATE_PENDING;
    }
    return pending;
}

static bool is_earlier(const struct pipeline *p, uint32_t date)
{
    char today[16];
    struct text_writer w = text_writer(today, sizeof today);
    text_put_date(&w, cloud_now(&p->cloud));
    return text_compare(names_text(&p->cloud.names, date), text_written(&w)) < 0;
}

/* Counting takes a look at every file, so it is done when the told count says so, and not again
 * until that has fallen. */
void invariants_at_rest(struct pipeline *p)
{
    int64_t most = p->scenario->max_files_per_manifest;
    for (uint64_t i = 0; i < HISTORY_COUNT(p, dates); i++) {
        struct date_history *date = &p->history.dates[i];
        if (date->pending < most) {
            date->told &= ~(1U << INVARIANT_L1);
        } else if ((date->told >> INVARIANT_L1 & 1) == 0 && !is_earlier(p, date->date) &&
                   count_pending(p, (uint32_t)i + 1) >= most) {
            (void)history_tell_once(p, (uint32_t)i + 1, INVARIANT_L1);
        }
    }
}

/* By the table alone: one look at every file. */
static void judge_dates(struct pipeline *p)
{
    struct names *names = &p->cloud.names;
    for (uint64_t i = 0; i < HISTORY_COUNT(p, files); i++) {
        const struct file_history *file = &p->history.files[i];
        if (file->date != 0 && file_fate(p, file) == FATE_PENDING) {
            names->names[file->date].waiting++;
        }
    }
    for (uint64_t i = 0; i < HISTORY_COUNT(p, dates); i++) {
        uint32_t date = p->history.dates[i].date;
        uint32_t pending = names->names[date].waiting;
        bool earlier = is_earlier(p, date);
        names->names[date].waiting = 0;
        if (!earlier && pending >= p->scenario->max_files_per_manifest) {
            (void)history_tell_once(p, (uint32_t)i + 1, INVARIANT_L1);
        }
        if (earlier && pending >= p->scenario->min_files_for_partial_batch) {
            (void)history_tell_once(p, (uint32_t)i + 1, INVARIANT_L2);
        }
    }
}

/* A lock that is still there blocks to the end. */
static void close_tenures(struct pipeline *p)
{
    struct history *h = &p->history;
    for (uint64_t i = 0; i < HISTORY_COUNT(p, tenures); i++) {
        const struct tenure_history *t = &h->tenures[i];
        int64_t time_ns = history_block_ns(p, t, cloud_now(&p->cloud).ns);
        if (t->end == TENURE_HELD && time_ns > h->counts->longest_block_ns) {
            h->counts->longest_block_ns = time_ns;
        }
    }
}

void invariants_finish(struct pipeline *p)
{
    bool at_rest = pipeline_at_rest(p);
    invariants_mark_waiting(p);
    for (uint64_t i = 0; i < HISTORY_COUNT(p, files); i++) {
        judge_file(p, &p->history.files[i], at_rest);
    }
    for (uint64_t i = 0; i < HISTORY_COUNT(p, executions); i++) {
        judge_execution(p, &p->history.executions[i], at_rest);
    }
    for (uint64_t i = 0; i < HISTORY_COUNT(p, dates); i++) {
        judge_shared(p, p->history.dates[i].date);
    }
    if (at_rest) {
        judge_dates(p);
    }
    close_tenures(p);
}
