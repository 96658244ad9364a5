/* situation.h: how a run stands at a place: which processes are where, what the queue holds, who
 * has the lock, what is to come.
 *
 * All of it is read out of the world and the table, between two events; nothing is changed, nor
 * copied before it is asked for. Texts are views that live until the run moves.
 */
#ifndef LOCKSTEP_MODEL_SEARCH_SITUATION_H
#define LOCKSTEP_MODEL_SEARCH_SITUATION_H

#include "model/dynamodb/item.h"
#include "model/pipeline/results.h"
#include "sim/world.h"

struct table;

/* Between the two, the rows of an unfinished run tell of files whose message is on its way, or
 * dead, as such; outside they are told as lost until the books are closed. */
void run_look_begin(struct run *run);
void run_look_end(struct run *run);

/* The tracking table, to be peeked into. */
struct table *run_table(const struct run *run);

/* Writes the key of one of its items: "2026-01-30/a.ndjson". */
void run_put_item_key(const struct run *run, struct item item, struct text_writer *w);

/* A process: manifest_builder[2.7], or service's side of it. */
struct process_name {
    struct text type;
    int64_t parent, ordinal; /* ordinal 0: any of that type */
};

/* Reads "manifest_builder", "manifest_builder[2.7]", "state_machine[3]". STATUS_BAD_INPUT with a
 * message where there is no such type, or it is written otherwise. */
enum status process_name_parse(struct text text, struct process_name *name, struct error *error);

/* One that lives, or has died while its request is under way. */
struct process_row {
    struct process_name name;
    struct text point;              /* where it is; "" before its first */
    struct text service, operation; /* of its call; "" where it only waits */
    struct text subject;            /* the key or date that the call is about, if that is known */
    int64_t attempt;                /* of the call; 0: none */
    struct instant sent_at;         /* the attempt; NEVER: none was sent, or not yet */
    struct instant deadline;        /* its time-out; NEVER: none */
    bool dead, at_lock;             /* at_lock: it is at one of the lock's points */
    uint32_t number, serial;        /* in events */
};

/* How many there are, and the i-th, by type and age. The rows are the caller's room. */
uint64_t run_processes_count(const struct run *run);
void run_processes(const struct run *run, struct process_row *rows);

/* A number that changes whenever such a process comes, goes, or moves on. */
uint64_t run_process_state(const struct run *run, const struct process_name *name);

/* A point by its name, which a type may have given to several. */
enum { POINT_NAMESAKES_MAX = 4 };

struct point_place {
    uint32_t numbers[POINT_NAMESAKES_MAX]; /* faults.h */
    uint32_t count;
};

/* Finds "manifest_builder.PUT_MANIFEST" or "s3.NOTIFICATION". STATUS_BAD_INPUT with a message. */
enum status point_place_parse(struct text text, struct point_place *place, struct error *error);

/* How often any process, or a service, has been there. */
uint64_t run_point_reached(const struct run *run, struct point_place place);

/* The pending events in the order in which they will come; `rows` has room for the count. */
uint64_t run_pending_count(const struct run *run);
void run_pending(const struct run *run, struct pending_event *rows);

/* Whether an event is about that process. */
bool event_is_about(const struct event *event, const struct process_row *process);

/* A message of the queue. */
struct message_row {
    struct text key;
    struct text state; /* visible, in flight, hidden, dead */
    int64_t receives;
    struct instant sent_at, visible_at; /* visible_at: of one in flight; else NEVER */
    bool unreadable;
    uint32_t number;
};

/* How many messages are in each state; `coming`: notifications under way. */
struct queue_row {
    int64_t visible, in_flight, hidden, dead, coming;
};

struct queue_row run_queue(const struct run *run);
uint64_t run_messages_count(const struct run *run);
void run_messages(const struct run *run, struct message_row *rows);

/* A lock's item. */
struct lock_row {
    struct text date;
    char owner[80];              /* as the item names it */
    int64_t invocation;          /* the owner's row, from 1; 0: nobody has it */
    struct process_name process; /* that invocation while it lives; type "": it does not */
    struct instant acquired_at, expires_at;
    bool expired; /* by the service's clock; whoever asks goes by its own */
    int64_t refused;
};

uint64_t run_locks_count(const struct run *run);
void run_locks(const struct run *run, struct lock_row *rows);

#endif
