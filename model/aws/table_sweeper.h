/* table_sweeper.h: the service's background processes that delete expired items.
 *
 * Method. A scanner marks an item once its ttl (epoch seconds) is in the past; a drawn delay after
 * the expiry the deleter removes it, if it is still expired then. An item that is written when its
 * ttl has passed already is marked at once, and its delay begins then. Until it is deleted an item
 * is fully there. While no item expires, nothing happens and nothing is scheduled. Sources:
 * DDB-TTL-* in docs/sources.md.
 */
#ifndef LOCKSTEP_MODEL_AWS_TABLE_SWEEPER_H
#define LOCKSTEP_MODEL_AWS_TABLE_SWEEPER_H

#include "model/dynamodb/item.h"
#include "sim/distribution.h"
#include "sim/event_queue.h"

struct cloud;

struct table_sweeper_state {
    int64_t scanned_to_s; /* all ttl before it have been marked */
    int64_t armed_s;      /* the second at which the next scan is due; INT64_MAX: none */
    struct event_handle scan;
    uint64_t pending; /* scans and deletions scheduled: they alone do not keep a run going */
};

struct table_sweeper {
    struct distribution delay; /* config, set before cloud_init */
    struct table_sweeper_state *state;
    uint32_t region;
};

void table_sweeper_declare(struct cloud *c);
void table_sweeper_init(struct cloud *c);

/* An item with that key (it may be the whole item) and ttl was written. */
void table_sweeper_note(struct cloud *c, struct item key, int64_t ttl_s);

/* Handlers. */
void table_sweeper_scan(void *cloud, uint32_t subject, uint64_t detail);
void table_sweeper_delete(void *cloud, uint32_t subject, uint64_t key_hash);

#endif
