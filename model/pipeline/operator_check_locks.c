/* operator_check_locks.c: check-locks: shows the locks and deletes the expired ones.
 *
 * Method. A scan finds the LOCK items, a query of the index counts what is pending; with
 * --clear-expired a second scan follows, and a delete of each lock whose ttl is not above the time
 * of that scan. The delete names the key alone, so a lock that was acquired again between scan and
 * delete goes, too, while its owner works; and a lock is called expired a second before the builder
 * may take it. As it should be: the delete is conditional on lock_id and ttl, expiry is the
 * builder's, and pending is counted over all shards without the manifests' records. Source:
 * PIPE-TOOLS-2.
 */
#include "model/pipeline/pipeline.h"

#define POINTS(X) X(SCAN) X(COUNT) X(SCAN_AGAIN) X(DELETE)

enum point { START, POINTS(POINT_ENUM) };

enum { LOCK_WORDS = 3, PENDING_MANY = 10 };

/* One lock as it was read. */
struct lock_read {
    uint32_t key, id;
    int64_t ttl_s;
};

static struct lock_read take_lock(struct cloud *c, struct tool_run *o)
{
    struct lock_read lock;
    lock.key = chain_take(&c->chunks, &o->next);
    lock.id = chain_take(&c->chunks, &o->next);
    lock.ttl_s = chain_take(&c->chunks, &o->next);
    return lock;
}

static bool expired(const struct tool_run *o, const struct lock_read *lock)
{
    return o->fixed ? lock->ttl_s < o->now_s : lock->ttl_s <= o->now_s;
}

static void print_lock(struct cloud *c, struct tool_run *o, const struct lock_read *lock)
{
    struct text date = names_text(&c->names, lock->key);
    size_t skip = sizeof "LOCK#" - 1;
    date = (struct text){date.at + skip, date.size - skip};
    PRINT_VALUES("Lock #%\n  Lock Date:  %\n  Lock Owner: %\n", of_integer(o->i), of_text(date),
                 o->fixed ? of_name(c, lock->id) : of_text(TEXT("N/A")));
    PRINT_VALUES("  TTL:        % (%)\n  Now:        %\n", of_integer(lock->ttl_s),
                 of_instant(lock->ttl_s * NS_PER_S), of_integer(o->now_s));
    if (expired(o, lock)) {
        o->done++;
        PRINT_VALUES("  State:      EXPIRED (% s ago)\n", of_integer(o->now_s - lock->ttl_s));
    } else {
        PRINT_VALUES("  State:      Active (% s left)\n", of_integer(lock->ttl_s - o->now_s));
    }
}

static void print_locks(struct cloud *c, struct tool_run *o)
{
    struct operator_truth truth = operator_truth(pipeline_of(c));
    uint32_t locks = o->found.count / LOCK_WORDS;
    o->now_s = operator_now_s(c);
    o->next = chain_begin(&o->found);
    for (o->i = 1; o->i <= locks; o->i++) {
        struct lock_read lock = take_lock(c, o);
        print_lock(c, o, &lock);
    }
    if (locks == 0) {
        PRINT("No locks. The pipeline is healthy.\n");
        TELL(HEALTHY, 1, truth.locks == 0);
    } else if (o->done > 0) {
        PRINT_VALUES("Stuck locks: % of % expired. Run check-locks --clear-expired.\n",
                     of_integer(o->done), of_integer(locks));
    }
    TELL(LOCKS, locks, truth.locks);
    TELL(LOCKS_EXPIRED, o->done, truth.locks_expired);
}

static void print_pending(struct cloud *c, struct tool_run *o)
{
    PRINT_VALUES("Pending files: %\n", of_integer(o->before));
    if (o->before >= PENDING_MANY) {
        PRINT("WARNING: 10 or more files are pending; a lock may block them.\n");
    }
    TELL(PENDING, o->before, operator_truth(pipeline_of(c)).pending);
}

/* Deletes the lock in operator's hands: as it should be, only as it was read. */
enum call_status perform_delete_lock(struct cloud *c, struct task *caller, struct call *call)
{
    struct pipeline *p = pipeline_of(c);
    struct tool_run *o = (void *)caller;
    CALL_REQUEST(call, struct operator_request, request);
    char bytes[512];
    struct item_writer w = item_writer(bytes, sizeof bytes);
    item_add_s(&w, TEXT("date_prefix"), names_text(&c->names, request.subject));
    item_add_s(&w, TEXT("file_key"), TEXT("LOCK"));
    struct value values[] = {value_s(names_text(&c->names, request.name)), value_n(request.size)};
    const struct expression *condition = o->fixed ? p->expressions[SENT_LOCK_IS_AS_READ] : NULL;
    struct table_reply reply;
    enum table_result result =
        table_delete(c->table, cloud_now(c), item_written(&w), condition, values, &reply);
    if (result == TABLE_THROTTLED || result == TABLE_CONFLICT) {
        return CALL_THROTTLED;
    }
    if (result != TABLE_OK) {
        return result == TABLE_CONDITION_FAILED ? CALL_CONDITION_FAILED : CALL_INVALID;
    }
    if (reply.old.bytes.size > 0) {
        history_lock_deleted(p, names_text(&c->names, request.subject), o->row);
    }
    return CALL_OK;
}

static void print_cleared(struct cloud *c, struct tool_run *o)
{
    const struct operator_history *h = &pipeline_of(c)->history.operators[o->row - 1];
    PRINT_VALUES("Cleared % expired locks.\n", of_integer(o->done));
    TELL(LOCKS_CLEARED, o->done, h->locks_deleted);
    TELL(LIVE_LOCKS_DELETED, 0, h->live_locks_deleted);
}

/* Moves to the next expired lock of the second scan; false behind the last. */
static bool next_expired(struct cloud *c, struct tool_run *o)
{
    while (o->i < o->found.count / LOCK_WORDS) {
        struct lock_read lock = take_lock(c, o);
        o->i++;
        if (expired(o, &lock)) {
            o->key = lock.key;
            o->lock_id = lock.id;
            o->before = lock.ttl_s;
            return true;
        }
    }
    return false;
}

static void print_deleted(struct cloud *c, struct tool_run *o)
{
    bool deleted = operator_succeeded(o);
    o->done += deleted;
    PRINT_VALUES("  % %\n", of_text(deleted ? TEXT("deleted") : TEXT("FAILED ")),
                 of_name(c, o->key));
}

enum process_status check_locks_step(struct cloud *c, struct tool_run *o)
{
    PROCESS_BEGIN(o->at, enum point);
    PRINT("=== Locks of the manifest builder ===\n");
    OPERATOR_READ(SCAN, SCAN_LOCKS, .pages = true);
    if (!operator_succeeded(o)) {
        return operator_exit(o, 1); /* no JSON came: what reads it fails */
    }
    print_locks(c, o);
    for (o->shard = 0; o->shard <= operator_shards(c, o); o->shard++) {
        OPERATOR_READ(COUNT, COUNT_STATUS, .choice = o->shard, .pages = true);
        if (!operator_succeeded(o)) {
            return operator_exit(o, 1);
        }
        o->before += o->count;
    }
    print_pending(c, o);
    if (!o->clear_expired) {
        return operator_exit(o, 0);
    }
    OPERATOR_READ(SCAN_AGAIN, SCAN_LOCKS, .pages = true);
    if (!operator_succeeded(o)) {
        return operator_exit(o, 1);
    }
    o->now_s = operator_now_s(c);
    o->next = chain_begin(&o->found);
    o->i = o->done = 0;
    PRINT("Clearing expired locks:\n");
    while (next_expired(c, o)) {
        OPERATOR_CALL(DELETE, DELETE_LOCK, .subject = o->key, .name = o->lock_id,
                      .size = o->before);
        print_deleted(c, o);
    }
    print_cleared(c, o);
    PROCESS_END;
}
