/* lock.c: see lock.h. */
#include "model/pipeline/lock.h"

#include "model/pipeline/pipeline.h"

enum point { START, LOCK_POINTS(POINT_ENUM) };

/* How often a waiter looks at a lease. Source: PIPE-LOCK-5. */
static const struct duration WATCH_INTERVAL = {1 * NS_PER_S};

static void set_out(struct lock *lock, enum lock_errand errand)
{
    lock->at = START;
    lock->errand = (uint16_t)errand;
}

void lock_acquire(struct lock *lock, uint32_t date)
{
    memset(lock, 0, sizeof *lock);
    lock->date = date;
    set_out(lock, LOCK_ACQUIRE);
}

void lock_keep(struct lock *lock)
{
    set_out(lock, LOCK_KEEP);
}

void lock_release(struct lock *lock)
{
    set_out(lock, LOCK_RELEASE);
}

static uint16_t point_number(enum point point)
{
    return (uint16_t)(LOCK_POINT_BASE + point);
}

static int64_t clock_ns(const struct cloud *c, const struct invocation *invocation)
{
    return invocation_clock(c, invocation).ns;
}

static void send(struct cloud *c, struct invocation *invocation, struct lock *lock,
                 enum point point, uint16_t operation)
{
    struct lock_request request = {
        .date = lock->date,
        .environment = invocation->task.parent,
        .acquired_ms = lock->acquired_ms,
        .clock_ns = clock_ns(c, invocation),
        .version = lock->version,
        .seen = lock->seen,
    };
    call_send(c, &invocation->task, point_number(point), operation, &request, sizeof request);
}

static bool succeeded(const struct invocation *invocation)
{
    return invocation->task.call.status == CALL_OK;
}

static enum lock_mode mode_of(const struct cloud *c)
{
    return scenario_of(c)->builder.lock;
}

/* Every put of a lease has a number that nobody has had. */
static int64_t new_version(struct cloud *c)
{
    return ++pipeline_of(c)->state->lock_versions;
}

static void send_acquire(struct cloud *c, struct invocation *invocation, struct lock *lock,
                         enum point point)
{
    lock->acquired_ms = clock_ns(c, invocation) / NS_PER_MS;
    lock->renewed_ns = cloud_now(c).ns;
    lock->version = mode_of(c) == LOCK_LEASE ? new_version(c) : 0;
    send(c, invocation, lock, point,
         point == ACQUIRE_LOCK ? OPERATION_ACQUIRE_LOCK : OPERATION_TAKE_OVER_LOCK);
}

/* What a waiter read: another owner's version, 0 where there is no lock. True: it has stood still
 * for the whole lease, or is gone, and may be taken. */
static bool may_take(struct cloud *c, struct invocation *invocation, struct lock *lock)
{
    int64_t now_ns = cloud_now(c).ns;
    int64_t version = (int64_t)invocation->task.call.reply[0];
    if (lock->watched_ns == 0 || version != lock->seen) {
        lock->seen = version;
        lock->watched_ns = now_ns;
    }
    return version == 0 || now_ns - lock->watched_ns >= scenario_of(c)->lock_lease.ns;
}

/* A waiter watches for a lease and one second more. */
static bool gives_up(const struct cloud *c, const struct lock *lock)
{
    int64_t waited_ns = cloud_now(c).ns - lock->began_ns;
    return waited_ns > scenario_of(c)->lock_lease.ns + NS_PER_S;
}

/* What it has of the lock after an attempt to put it. */
static void take_answer(struct invocation *invocation, struct lock *lock)
{
    lock->held = succeeded(invocation);
    lock->token = (int64_t)invocation->task.call.reply[0];
}

/* The lease has gone by since the last renewal left: by its own clock the owner has lost it. */
static bool has_lapsed(const struct cloud *c, const struct lock *lock)
{
    return cloud_now(c).ns - lock->renewed_ns >= scenario_of(c)->lock_lease.ns;
}

static bool is_due(const struct cloud *c, const struct lock *lock)
{
    return mode_of(c) == LOCK_LEASE && !lock->lost &&
           cloud_now(c).ns - lock->renewed_ns >= scenario_of(c)->lock_heartbeat.ns;
}

static void send_renewal(struct cloud *c, struct invocation *invocation, struct lock *lock)
{
    lock->seen = lock->version;
    lock->version = new_version(c);
    lock->watched_ns = cloud_now(c).ns; /* the lease counts from when the request leaves */
    send(c, invocation, lock, RENEW_LOCK, OPERATION_RENEW_LOCK);
}

/* A heartbeat that was refused says that another has it; one that failed says nothing. */
static void take_renewal(struct invocation *invocation, struct lock *lock)
{
    if (succeeded(invocation)) {
        lock->renewed_ns = lock->watched_ns;
    } else {
        lock->version = lock->seen;
        lock->lost = invocation->task.call.status == CALL_CONDITION_FAILED;
    }
}

/* Source: PIPE-LOCK-1, PIPE-LOCK-2, PIPE-LOCK-5, PIPE-LOCK-6. */
enum process_status lock_step(struct cloud *c, struct invocation *invocation, struct lock *lock)
{
    PROCESS_BEGIN(lock->at, enum point);
    if (mode_of(c) == LOCK_NONE) {
        lock->held = lock->errand == LOCK_ACQUIRE;
        return PROCESS_DONE;
    }
    if (lock->errand == LOCK_KEEP) {
        if (is_due(c, lock) && !has_lapsed(c, lock)) {
            AWAIT(lock->at, RENEW_LOCK, send_renewal(c, invocation, lock));
            take_renewal(invocation, lock);
        }
        lock->lost |= mode_of(c) == LOCK_LEASE && has_lapsed(c, lock);
        return PROCESS_DONE;
    }
    if (lock->errand == LOCK_RELEASE) {
        AWAIT(lock->at, RELEASE_LOCK,
              send(c, invocation, lock, RELEASE_LOCK, OPERATION_RELEASE_LOCK));
        lock->held = 0;
        return PROCESS_DONE;
    }
    lock->began_ns = cloud_now(c).ns;
    AWAIT(lock->at, ACQUIRE_LOCK, send_acquire(c, invocation, lock, ACQUIRE_LOCK));
    take_answer(invocation, lock);
    while (!lock->held && mode_of(c) == LOCK_LEASE && !gives_up(c, lock)) {
        AWAIT(lock->at, READ_LOCK, send(c, invocation, lock, READ_LOCK, OPERATION_READ_LOCK));
        if (succeeded(invocation) && may_take(c, invocation, lock)) {
            AWAIT(lock->at, TAKE_OVER_LOCK, send_acquire(c, invocation, lock, TAKE_OVER_LOCK));
            take_answer(invocation, lock);
            break;
        }
        AWAIT(lock->at, WATCH_LOCK,
              task_sleep(c, &invocation->task, point_number(WATCH_LOCK), WATCH_INTERVAL));
    }
    PROCESS_END;
}

/* --- effects
 * ------------------------------------------------------------------------------------------------
 */

/* "LOCK#manifest-<date>" */
static struct text key_of(struct cloud *c, uint32_t date, char *buffer)
{
    struct text_writer w = text_writer(buffer, TEXT_BYTES_MAX);
    text_put(&w, TEXT("LOCK#manifest-"));
    text_put(&w, names_text(&c->names, date));
    return text_written(&w);
}

/* "<log stream>_<epoch ms>": the stream is the environment's. */
static struct text id_of(const struct lock_request *request, char *buffer)
{
    struct text_writer w = text_writer(buffer, TEXT_BYTES_MAX);
    text_put(&w, TEXT("[$LATEST]environment-"));
    text_put_integer(&w, request->environment, 4);
    text_put_char(&w, '_');
    text_put_integer(&w, request->acquired_ms, 0);
    return text_written(&w);
}

static struct item lock_item(struct cloud *c, uint32_t date, char *bytes)
{
    char key[TEXT_BYTES_MAX];
    return record_key_item(bytes, record_range_name(c), key_of(c, date, key), TEXT("LOCK"));
}

/* Tells history what came of an attempt. */
static void tell(struct cloud *c, const struct task *caller, const struct lock_request *request,
                 enum table_result result, struct instant expires, bool taken_over)
{
    struct pipeline *p = pipeline_of(c);
    if (result == TABLE_OK) {
        history_lock_acquired(p, request->date, ((const struct invocation *)caller)->row,
                              instant_epoch_seconds(expires), taken_over);
    } else if (result == TABLE_CONDITION_FAILED) {
        history_lock_refused(p, request->date);
    }
}

/* Strict and takeover. Source: PIPE-LOCK-1. */
static enum table_result put_plain(struct cloud *c, struct task *caller,
                                   const struct lock_request *request)
{
    struct pipeline *p = pipeline_of(c);
    char bytes[ITEM_BYTES_MAX];
    char key[TEXT_BYTES_MAX];
    char id[TEXT_BYTES_MAX];
    char at[TEXT_BYTES_MAX];
    int64_t now_s = instant_epoch_seconds((struct instant){request->clock_ns});
    int64_t ttl_s = now_s + p->scenario->lock_ttl.ns / NS_PER_S;
    struct item_writer w = item_writer(bytes, sizeof bytes);
    item_add_s(&w, TEXT("created_at"), record_timestamp(c, request->clock_ns, at));
    item_add_s(&w, TEXT("date_prefix"), key_of(c, request->date, key));
    item_add_s(&w, record_range_name(c), TEXT("LOCK"));
    item_add_s(&w, TEXT("lock_id"), id_of(request, id));
    item_add_n(&w, TEXT("ttl"), ttl_s);
    struct value values[] = {value_n(now_s)};
    const struct expression *condition = p->scenario->builder.lock == LOCK_STRICT
                                             ? p->expressions[SENT_LOCK_ABSENT]
                                             : p->expressions[SENT_LOCK_ABSENT_OR_EXPIRED];
    struct table_reply reply;
    enum table_result result =
        table_put(c->table, cloud_now(c), item_written(&w), condition, values, &reply);
    tell(c, caller, request, result, (struct instant){ttl_s * NS_PER_S}, reply.old.bytes.size != 0);
    if (result == TABLE_OK) {
        table_sweeper_note(c, item_written(&w), ttl_s);
    }
    return result;
}

/* The next token, with the lock. The reply is the token. Source: PIPE-LOCK-3. */
static enum table_result put_fencing(struct cloud *c, struct task *caller,
                                     const struct lock_request *request, struct call *call)
{
    struct pipeline *p = pipeline_of(c);
    char bytes[ITEM_BYTES_MAX];
    char id[TEXT_BYTES_MAX];
    int64_t now_s = instant_epoch_seconds((struct instant){request->clock_ns});
    int64_t expires_s = now_s + p->scenario->lock_ttl.ns / NS_PER_S;
    struct value values[] = {value_s(id_of(request, id)), value_n(expires_s), value_n(0),
                             value_n(1), value_n(now_s)};
    struct table_reply reply;
    enum table_result result = table_update(
        c->table, cloud_now(c), lock_item(c, request->date, bytes), p->expressions[SENT_TAKE_TOKEN],
        p->expressions[SENT_TOKEN_FREE], values, &reply);
    struct value before = value_null();
    bool held_before = result == TABLE_OK && reply.old.bytes.size != 0 &&
                       item_get(reply.old, TEXT("lock_id"), &before);
    tell(c, caller, request, result, (struct instant){expires_s * NS_PER_S}, held_before);
    if (result == TABLE_OK) {
        struct value token = value_null();
        int64_t number = 0;
        ASSERT(item_get(reply.new, TEXT("fencing_token"), &token) &&
               number_integer(&token.number, &number));
        call->reply[0] = (uint64_t)number;
    }
    return result;
}

/* At first, if there is no lock; then, if it is the one that has stood still. Source: PIPE-LOCK-5.
 */
static enum table_result put_lease(struct cloud *c, struct task *caller,
                                   const struct lock_request *request)
{
    struct pipeline *p = pipeline_of(c);
    char bytes[ITEM_BYTES_MAX];
    char key[TEXT_BYTES_MAX];
    char id[TEXT_BYTES_MAX];
    struct item_writer w = item_writer(bytes, sizeof bytes);
    item_add_s(&w, TEXT("date_prefix"), key_of(c, request->date, key));
    item_add_s(&w, record_range_name(c), TEXT("LOCK"));
    item_add_n(&w, TEXT("leaseDuration"), p->scenario->lock_lease.ns / NS_PER_MS);
    item_add_s(&w, TEXT("ownerName"), id_of(request, id));
    item_add_n(&w, TEXT("recordVersionNumber"), request->version);
    struct value values[] = {value_n(request->seen)};
    const struct expression *condition =
        request->seen == 0 ? p->expressions[SENT_LOCK_ABSENT] : p->expressions[SENT_VERSION_IS];
    struct table_reply reply;
    enum table_result result =
        table_put(c->table, cloud_now(c), item_written(&w), condition, values, &reply);
    tell(c, caller, request, result, instant_add(cloud_now(c), p->scenario->lock_lease),
         reply.old.bytes.size != 0);
    return result;
}

enum call_status perform_acquire_lock(struct cloud *c, struct task *caller, struct call *call)
{
    CALL_REQUEST(call, struct lock_request, request);
    switch (mode_of(c)) {
    case LOCK_FENCING:
        return record_answer(c, put_fencing(c, caller, &request, call));
    case LOCK_LEASE:
        return record_answer(c, put_lease(c, caller, &request));
    case LOCK_STRICT:
    case LOCK_TAKEOVER:
    case LOCK_NONE:
    case LOCK_CLAIM:
        break;
    }
    return record_answer(c, put_plain(c, caller, &request));
}

/* A strongly consistent read. The reply is the version number; 0: there is no lock. Source:
 * PIPE-LOCK-5. */
enum call_status perform_read_lock(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    CALL_REQUEST(call, struct lock_request, request);
    char bytes[ITEM_BYTES_MAX];
    struct item item;
    struct value version = value_null();
    int64_t number = 0;
    struct table_reply reply;
    enum table_result result = table_get(c->table, cloud_now(c), cloud_now(c),
                                         lock_item(c, request.date, bytes), &item, &reply);
    if (result == TABLE_OK && item.bytes.size > 0) {
        ASSERT(item_get(item, TEXT("recordVersionNumber"), &version) &&
               number_integer(&version.number, &number));
    }
    call->reply[0] = (uint64_t)number;
    return record_answer(c, result);
}

/* A heartbeat. Source: PIPE-LOCK-6. */
enum call_status perform_renew_lock(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    struct pipeline *p = pipeline_of(c);
    CALL_REQUEST(call, struct lock_request, request);
    char bytes[ITEM_BYTES_MAX];
    struct value values[] = {value_n(request.version), value_n(request.seen)};
    struct table_reply reply;
    enum table_result result =
        table_update(c->table, cloud_now(c), lock_item(c, request.date, bytes),
                     p->expressions[SENT_RENEW], p->expressions[SENT_RENEWABLE], values, &reply);
    if (result == TABLE_OK) {
        history_lock_renewed(p, request.date);
    }
    return record_answer(c, result);
}

/* Source: PIPE-LOCK-2, PIPE-LOCK-3, PIPE-LOCK-6. */
static enum table_result release(struct cloud *c, const struct lock_request *request)
{
    struct pipeline *p = pipeline_of(c);
    char bytes[ITEM_BYTES_MAX];
    char id[TEXT_BYTES_MAX];
    struct item key = lock_item(c, request->date, bytes);
    struct value mine[] = {value_s(id_of(request, id))};
    struct value version[] = {value_n(request->version)};
    struct table_reply reply;
    if (mode_of(c) == LOCK_FENCING) {
        return table_update(c->table, cloud_now(c), key, p->expressions[SENT_GIVE_TOKEN_BACK],
                            p->expressions[SENT_LOCK_IS_MINE], mine, &reply);
    }
    if (mode_of(c) == LOCK_LEASE) {
        return table_delete(c->table, cloud_now(c), key, p->expressions[SENT_VERSION_IS], version,
                            &reply);
    }
    return table_delete(c->table, cloud_now(c), key, p->expressions[SENT_LOCK_IS_MINE], mine,
                        &reply);
}

enum call_status perform_release_lock(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    CALL_REQUEST(call, struct lock_request, request);
    enum table_result result = release(c, &request);
    if (result == TABLE_OK) {
        history_lock_gone(pipeline_of(c), request.date, TENURE_RELEASED);
    }
    return record_answer(c, result);
}
