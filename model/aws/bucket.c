/* bucket.c: see bucket.h. */
#include "model/aws/cloud.h"

void buckets_declare(struct cloud *c, uint64_t files)
{
    struct world *w = &c->simulation.world;
    struct buckets *b = &c->buckets;
    b->objects_region = world_declare(w, "S3 objects (limits.files)", REGION_RECORDS,
                                      sizeof(struct object), 4 * files + 64, (void **)&b->objects);
    b->bodies_region = world_declare(w, "files listed in manifests (limits.files)", REGION_RECORDS,
                                     sizeof(uint32_t), 16 * files + 4096, (void **)&b->bodies);
    b->counts_region = world_declare(w, "bucket counts", REGION_RECORDS,
                                     sizeof(struct bucket_counts), 1, (void **)&b->counts);
}

void buckets_init(struct cloud *c)
{
    (void)world_append(&c->simulation.world, c->buckets.counts_region);
}

bool bucket_add_to_body(struct cloud *c, uint32_t value)
{
    int64_t at = world_append(&c->simulation.world, c->buckets.bodies_region);
    if (at < 0) {
        simulation_fail(&c->simulation, "files listed in manifests (limits.files)");
        return false;
    }
    c->buckets.bodies[at] = value;
    return true;
}

/* When a fault takes away the object that is being put; 0: never. */
static int64_t gone_ns(struct cloud *c, enum bucket_id bucket)
{
    if (bucket != BUCKET_INPUT && bucket != BUCKET_MANIFEST) {
        return 0;
    }
    enum service_point point =
        bucket == BUCKET_INPUT ? SERVICE_POINT_INPUT_OBJECT : SERVICE_POINT_MANIFEST_OBJECT;
    struct duration life = cloud_service_fault(c, point).life;
    return life.ns == 0 ? 0 : instant_add(cloud_now(c), life).ns;
}

/* Source: S3-CONSISTENCY-1. */
uint32_t bucket_put(struct cloud *c, enum bucket_id bucket, uint32_t name, int64_t size,
                    uint32_t body_count)
{
    struct buckets *b = &c->buckets;
    struct name *owner = &c->names.names[name];
    if (owner->owner == 0 || bucket_object(b, owner->owner)->name != name) {
        int64_t at = world_append(&c->simulation.world, b->objects_region);
        if (at < 0) {
            simulation_fail(&c->simulation, "S3 objects (limits.files)");
            return 0;
        }
        owner->owner = (uint32_t)at + 1;
    }
    struct object *object = bucket_object(b, owner->owner);
    ASSERT(object->puts == 0 || object->bucket == bucket);
    object->name = name;
    object->bucket = bucket;
    object->puts++;
    object->deleted = 0;
    object->size = size;
    object->put_ns = cloud_now(c).ns;
    object->gone_ns = gone_ns(c, bucket);
    object->body_count = body_count;
    object->body_start = world_used(&c->simulation.world, b->bodies_region) - body_count;
    b->counts->puts[bucket]++;
    return owner->owner;
}

void bucket_delete(struct cloud *c, enum bucket_id bucket, uint32_t name)
{
    uint32_t number = c->names.names[name].owner;
    if (number != 0 && bucket_object(&c->buckets, number)->bucket == (uint32_t)bucket) {
        bucket_object(&c->buckets, number)->deleted = 1;
    }
}

void bucket_count_put(struct cloud *c, enum bucket_id bucket)
{
    c->buckets.counts->puts[bucket]++;
}

/* Age passed, and the midnight after it. Source: S3-LIFECYCLE-1. */
static bool expired(const struct object *object, struct duration lifetime, struct instant now)
{
    if (object->gone_ns != 0 && now.ns >= object->gone_ns) {
        return true;
    }
    if (lifetime.ns == 0) {
        return false;
    }
    int64_t end_ns = object->put_ns + lifetime.ns;
    int64_t into_day = end_ns % NS_PER_DAY;
    int64_t midnight = into_day == 0 ? end_ns : end_ns - into_day + NS_PER_DAY;
    return now.ns >= midnight;
}

const struct object *bucket_find(struct cloud *c, enum bucket_id bucket, uint32_t name)
{
    uint32_t number = c->names.names[name].owner;
    if (number == 0) {
        return NULL;
    }
    const struct object *object = bucket_object(&c->buckets, number);
    bool gone = object->name != name || object->bucket != (uint32_t)bucket || object->deleted ||
                expired(object, c->buckets.lifetimes[bucket], cloud_now(c));
    return gone ? NULL : object;
}

/* Source: S3-LIST-1. */
uint32_t bucket_visit(struct cloud *c, enum bucket_id bucket, struct text prefix, uint32_t from,
                      uint32_t most,
                      void (*visit)(void *self, uint32_t number, const struct object *object),
                      void *self)
{
    uint64_t used = world_used(&c->simulation.world, c->buckets.objects_region);
    struct duration lifetime = c->buckets.lifetimes[bucket];
    uint32_t visited = 0;
    for (uint64_t number = from; number <= used; number++) {
        const struct object *object = bucket_object(&c->buckets, (uint32_t)number);
        if (object->bucket != (uint32_t)bucket || expired(object, lifetime, cloud_now(c)) ||
            !text_starts(names_text(&c->names, object->name), prefix)) {
            continue;
        }
        if (visited == most) {
            return (uint32_t)number;
        }
        visit(self, (uint32_t)number, object);
        visited++;
    }
    return 0;
}
