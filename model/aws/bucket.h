/* bucket.h: S3 buckets.
 *
 * Method. Reads and writes are strongly consistent; a put replaces what was there. Objects of the
 * input, manifest and output buckets are kept each by name, with the numbers that a manifest lists
 * as its body; of the others only counts are kept. A lifecycle rule makes an object invisible at
 * the first midnight UTC after its age has passed; a fault may take a single one away. Left out:
 * versions, multipart uploads, prefixes' request rates. Sources: S3-* in docs/sources.md.
 */
#ifndef LOCKSTEP_MODEL_AWS_BUCKET_H
#define LOCKSTEP_MODEL_AWS_BUCKET_H

#include "sim/text.h"
#include "sim/world.h"

struct cloud;

enum bucket_id { BUCKET_INPUT, BUCKET_MANIFEST, BUCKET_OUTPUT, BUCKET_QUARANTINE, BUCKETS_COUNT };

struct object {
    uint32_t name;   /* its key; sim/names.h */
    uint32_t bucket; /* enum bucket_id */
    uint32_t puts;   /* how often it was written */
    uint32_t body_count;
    uint64_t body_start; /* in the bodies */
    int64_t size;        /* bytes */
    int64_t put_ns;      /* the latest put */
    int64_t gone_ns;     /* when a fault takes it away; 0: never */
    uint32_t owner;      /* what the application keeps for it; 0 at first */
    uint32_t deleted;    /* since the latest put */
};

struct bucket_counts {
    int64_t puts[BUCKETS_COUNT];
};

struct buckets {
    struct duration lifetimes[BUCKETS_COUNT]; /* 0: no lifecycle rule; set before cloud_init */
    struct object *objects;                   /* number n is objects[n - 1] */
    uint32_t *bodies;
    struct bucket_counts *counts;
    uint32_t objects_region, bodies_region, counts_region;
};

void buckets_declare(struct cloud *c, uint64_t files);
void buckets_init(struct cloud *c);

/* Adds to the body that the next bucket_put will take; false where there is no room. */
bool bucket_add_to_body(struct cloud *c, uint32_t value);

/* Writes an object with the `body_count` values added last as its body. Returns its number, 0 where
 * there is no room. */
uint32_t bucket_put(struct cloud *c, enum bucket_id bucket, uint32_t name, int64_t size,
                    uint32_t body_count);

/* Deletes the object of that name, if there is one. Source: S3-DELETE-1. */
void bucket_delete(struct cloud *c, enum bucket_id bucket, uint32_t name);

/* Counts a put into a bucket of which no objects are kept. */
void bucket_count_put(struct cloud *c, enum bucket_id bucket);

/* The object of that name that is visible now; NULL where there is none. A name may also lead to an
 * object without being its key (its `owner` is the object's number): that is none. */
const struct object *bucket_find(struct cloud *c, enum bucket_id bucket, uint32_t name);

/* Visits the objects of a bucket that are visible now and whose keys begin with `prefix`, by number
 * from `from` (1: the first) on, at most `most` of them; that is the order in which their keys were
 * first put, and not S3's, which is that of the keys. Returns the number to go on from, 0 where
 * there is no more. */
uint32_t bucket_visit(struct cloud *c, enum bucket_id bucket, struct text prefix, uint32_t from,
                      uint32_t most,
                      void (*visit)(void *self, uint32_t number, const struct object *object),
                      void *self);

/* The object with a number, visible or not. */
static inline struct object *bucket_object(const struct buckets *b, uint32_t number)
{
    ASSERT(number != 0);
    return &b->objects[number - 1];
}

#endif
