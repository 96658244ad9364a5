/* goals.c: see goals.h. */
#include "model/pipeline/goals.h"

#include "model/pipeline/run_state.h"

static const struct {
    const char *name, *text;
} goals[] = {

#define X(name, word, sentence) [GOAL_##name] = {word, sentence},
    GOAL_MAP(X)
#undef X
};

const char *goal_name(enum goal goal)
{
    return goals[goal].name;
}

const char *goal_text(enum goal goal)
{
    return goals[goal].text;
}

void goal_reach(struct pipeline *p, enum goal goal)
{
    p->history.counts->goals |= UINT64_C(1) << goal;
}

/* The queue counts its dead letters by itself. */
uint64_t goals_reached(const struct run *run)
{
    const struct pipeline *p = run_pipeline((struct run *)run);
    uint64_t dead = p->cloud.queue.state->dead_lettered > 0;
    return p->history.counts->goals | dead << GOAL_MESSAGE_DEAD_LETTERED;
}

void goals_add(uint64_t counts[GOALS_COUNT], uint64_t reached)
{
    for (unsigned i = 0; i < GOALS_COUNT; i++) {
        counts[i] += reached >> i & 1;
    }
}

/* --- calls
 * -----------------------------------------------------------------------------------------------
 */

/* What an operation's end means, where it means a goal. */
static const struct {
    uint16_t operation;
    uint8_t status; /* enum call_status */
    uint8_t goal;   /* enum goal */
} ends[] = {
    {OPERATION_CLAIM_FILE,     CALL_CONDITION_FAILED, GOAL_CLAIM_LOST       },
    {OPERATION_TAKE_FILE,      CALL_CONDITION_FAILED, GOAL_CLAIM_LOST       },
    {OPERATION_REPEND_FILE,    CALL_OK,               GOAL_BATCH_ROLLED_BACK},
    {OPERATION_RELEASE_FILE,   CALL_OK,               GOAL_BATCH_ROLLED_BACK},
    {OPERATION_ABORT_RECORD,   CALL_OK,               GOAL_BATCHER_REPAIRED },
    {OPERATION_RAISE_ATTEMPT,  CALL_OK,               GOAL_BATCHER_REPAIRED },
    {OPERATION_GIVE_BACK_FILE, CALL_OK,               GOAL_BATCHER_REPAIRED },
};

static bool is_fenced(const struct task *caller, unsigned status)
{
    CALL_REQUEST(&caller->call, struct file_request, request);
    return caller->call.operation == OPERATION_MARK_FILE && status == CALL_CONDITION_FAILED &&
           request.token != 0;
}

void goals_note_call(struct pipeline *p, const struct task *caller, unsigned status)
{
    const struct call *call = &caller->call;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (ends[i].operation == call->operation && ends[i].status == status) {
            goal_reach(p, (enum goal)ends[i].goal);
        }
    }
    /* Of the schedule's function: the builder tracks under the same name. */
    if (call->operation == OPERATION_TRACK_ONCE && caller->type == TASK_BATCHER &&
        status == CALL_OK) {
        goal_reach(p, GOAL_BATCHER_REPAIRED);
    }
    if (is_fenced(caller, status)) {
        goal_reach(p, GOAL_LATE_OWNER_FENCED);
    }
    if (call->attempt > 1 && call->status == CALL_THROTTLED) {
        goal_reach(p, GOAL_THROTTLED_CALL_RETRIED);
    }
    if (call->fault == CALL_LOSES_REPLY && status == CALL_OK) {
        goal_reach(p, GOAL_REPLY_LOST);
    }
}

/* --- pages of pending files
 * ------------------------------------------------------------------------------------ */

static bool is_listed(const struct cloud *c, const struct chain *chain, uint32_t value)
{
    struct chain_cursor cursor = chain_begin(chain);
    for (uint32_t i = 0; i < chain->count; i++) {
        if (chain_take(&c->chunks, &cursor) == value) {
            return true;
        }
    }
    return false;
}

/* The file of the date that became pending last is pending still, did so behind the instant that
 * was read, and is not in the list. Only this one is looked at, so some misses are not told. */
static bool hid_a_file(const struct page *page, uint32_t date, struct instant as_of)
{
    struct pipeline *p = pipeline_of(page->c);
    const struct date_history *row = history_date(p, date);
    if (row == NULL || row->latest == 0 || row->latest_ns <= as_of.ns) {
        return false;
    }
    const struct file_history *file = &p->history.files[row->latest - 1];
    return file->pending && &p->history.dates[file->date_row - 1] == row &&
           !is_listed(page->c, &page->reader->found, file->key);
}

/* Whether another invocation is in create(date). Where there is a lock, it is for the lock to tell.
 */
static bool another_creates(const struct cloud *c, const struct task *caller, uint32_t date)
{
    const struct manifest_builder *builders = (const void *)c->tasks[TASK_MANIFEST_BUILDER];
    uint64_t used = world_used(&c->simulation.world, c->task_regions[TASK_MANIFEST_BUILDER]);
    for (uint64_t i = 0; i < used; i++) {
        const struct task *task = &builders[i].reader.invocation.task;
        if (task != caller && task->slot.live && !task->dead &&
            task->call.point >= CREATION_POINT_BASE &&
            (builders[i].creation.date == date || builders[i].claims.date == date)) {
            return true;
        }
    }
    return false;
}

static bool is_without_lock(const struct pipeline *p)
{
    enum lock_mode mode = p->scenario->builder.lock;
    return mode == LOCK_NONE || mode == LOCK_CLAIM;
}

static void note_date(const struct page *page, const struct call *call,
                      const struct table_query *query)
{
    struct pipeline *p = pipeline_of(page->c);
    const struct task *caller = &page->reader->invocation.task;
    uint32_t date; /* both requests begin with it */
    memcpy(&date, call->request, sizeof date);
    bool whole = page->reader->cursor.size == 0;
    if (whole && hid_a_file(page, date, query->as_of)) {
        goal_reach(p, GOAL_STALE_READ_HID_FILE);
    }
    bool known = (p->history.counts->goals >> GOAL_CREATORS_OVERLAP & 1) != 0;
    if (!known && is_without_lock(p) && caller->type == TASK_MANIFEST_BUILDER &&
        another_creates(page->c, caller, date)) {
        goal_reach(p, GOAL_CREATORS_OVERLAP);
    }
}

void goals_note_page(const struct page *page, const struct call *call,
                     const struct table_query *query)
{
    bool of_date =
        call->operation == OPERATION_QUERY_PENDING || call->operation == OPERATION_QUERY_CLAIMABLE;
    if (of_date) {
        note_date(page, call, query);
    }
    if ((of_date || call->operation == OPERATION_QUERY_UNCLAIMED) &&
        page->reader->before.size > 0) {
        goal_reach(pipeline_of(page->c), GOAL_PENDING_OVER_PAGES);
    }
}
