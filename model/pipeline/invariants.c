/* invariants.c: see invariants.h. */
#include "model/pipeline/invariants.h"

struct text violation_text(enum invariant invariant)
{
    static const char *const texts[INVARIANTS_COUNT] = {
        [INVARIANT_S1] = "a file is listed by more than one started manifest",
        [INVARIANT_S2] = "a manifest was overwritten by another of the same key",
        [INVARIANT_S3] = "an accepted file is neither processed nor visibly pending or failed",
        [INVARIANT_S4] = "a file is manifested, but no started manifest lists it",
        [INVARIANT_S5] = "a file was read by more than one successful job run",
        [INVARIANT_S6] = "a manifest's record does not tell how its execution stands",
        [INVARIANT_S7] = "two invocations worked under the same lock",
        [INVARIANT_L1] = "enough files for a manifest are pending, and nothing will happen",
        [INVARIANT_L2] = "files of an earlier date are pending, and nothing will happen",
        [INVARIANT_L3] = "a lock was refused although it had expired",
        [INVARIANT_L4] = "a started batch never reached a reported end",
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

static struct text file_status(struct pipeline *p, const struct file_history *file)
{
    struct text key = names_text(&p->cloud.names, file->key);
    return record_status(p, file->date, record_file_key(p->scenario, key));
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
    return p->cloud.names.names[file->key].waiting ? FATE_ON_ITS_WAY : FATE_LOST;
}

/* Marks what is still under way: keys whose message is in the queue, in flight or dead, and
 * manifests with a running execution. */
static void mark_waiting(struct pipeline *p)
{
    struct cloud *c = &p->cloud;
    uint64_t used = world_used(&c->simulation.world, c->queue.messages_region);
    for (uint64_t i = 0; i < used; i++) {
        if (c->queue.messages[i].slot.live != 0) {
            c->names.names[c->queue.messages[i].body].waiting = 1;
        }
    }
    for (uint64_t i = 0; i < HISTORY_COUNT(p, executions); i++) {
        if (p->history.executions[i].status == EXECUTION_RUNNING) {
            c->names.names[p->history.executions[i].manifest].waiting = 1;
        }
    }
}

/* The manifest's own record says so, or the shared one of its date. */
static bool visibly(struct pipeline *p, const struct file_history *file, struct text status)
{
    char key[160];
    struct text_writer w = text_writer(key, sizeof key);
    text_put_record_key(&w, names_text(&p->cloud.names, file->manifest));
    return text_equal(record_status(p, file->date, text_written(&w)), status) ||
           text_equal(record_status(p, file->date, TEXT("MANIFEST")), status);
}

static void judge_file(struct pipeline *p, const struct file_history *file)
{
    enum file_fate fate = file_fate(p, file);
    if (fate == FATE_LOST) {
        history_violation(p, INVARIANT_S3, file->key);
        return;
    }
    if (fate != FATE_MANIFESTED && fate != FATE_COMPLETED) {
        return;
    }
    if (file->starts == 0) {
        history_violation(p, INVARIANT_S4, file->key);
    }
    if (file->outputs == 0 && !p->cloud.names.names[file->manifest].waiting &&
        !visibly(p, file, TEXT("failed"))) {
        history_violation(p, INVARIANT_S3, file->key);
    }
}

/* What a record should say of an execution. */
static struct text mirrored(const struct execution_history *e)
{
    if (e->status == EXECUTION_RUNNING) {
        return TEXT("processing");
    }
    return e->caught == CALL_OK ? TEXT("completed") : TEXT("failed");
}

static void judge_execution(struct pipeline *p, const struct execution_history *e, bool quiescent)
{
    char key[160];
    struct text_writer w = text_writer(key, sizeof key);
    text_put_record_key(&w, names_text(&p->cloud.names, e->manifest));
    struct text status = record_status(p, e->date, text_written(&w));
    if (!text_equal(status, mirrored(e))) {
        history_violation(p, INVARIANT_S6, e->manifest);
    }
    bool alerted = e->status == EXECUTION_SUCCEEDED;
    if (quiescent && !alerted) {
        history_violation(p, INVARIANT_L4, e->manifest);
    }
}

/* The files still pending, by date; dates are counted in their tenures' stead, in the names. */
static void count_pending(struct pipeline *p)
{
    for (uint64_t i = 0; i < HISTORY_COUNT(p, files); i++) {
        const struct file_history *file = &p->history.files[i];
        if (file->date != 0 && file_fate(p, file) == FATE_PENDING) {
            p->cloud.names.names[file->date].waiting++;
        }
    }
}

static void judge_dates(struct pipeline *p)
{
    struct cloud *c = &p->cloud;
    char today[16];
    struct text_writer w = text_writer(today, sizeof today);
    text_put_date(&w, cloud_now(c));
    for (uint64_t i = 0; i < HISTORY_COUNT(p, files); i++) {
        uint32_t date = p->history.files[i].date;
        uint32_t pending = date == 0 ? 0 : c->names.names[date].waiting;
        if (pending == 0) {
            continue;
        }
        c->names.names[date].waiting = 0; /* judged once */
        bool earlier = text_compare(names_text(&c->names, date), text_written(&w)) < 0;
        if (pending >= p->scenario->max_files_per_manifest) {
            history_violation(p, INVARIANT_L1, date);
        }
        if (earlier) {
            history_violation(p, INVARIANT_L2, date);
        }
    }
}

/* A lock that is still there blocks to the end. */
static void close_tenures(struct pipeline *p)
{
    struct history *h = &p->history;
    for (uint64_t i = 0; i < HISTORY_COUNT(p, tenures); i++) {
        const struct tenure_history *t = &h->tenures[i];
        int64_t time_ns = cloud_now(&p->cloud).ns - t->acquired_ns;
        if (t->end == TENURE_HELD && t->refused > 0 && time_ns > h->counts->longest_block_ns) {
            h->counts->longest_block_ns = time_ns;
        }
    }
}

void invariants_finish(struct pipeline *p, bool quiescent)
{
    mark_waiting(p);
    for (uint64_t i = 0; i < HISTORY_COUNT(p, files); i++) {
        judge_file(p, &p->history.files[i]);
    }
    for (uint64_t i = 0; i < HISTORY_COUNT(p, executions); i++) {
        judge_execution(p, &p->history.executions[i], quiescent);
    }
    if (quiescent) {
        count_pending(p);
        judge_dates(p);
    }
    close_tenures(p);
}
