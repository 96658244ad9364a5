/* topic.c: see topic.h. */
#include "model/aws/cloud.h"

void topic_declare(struct cloud *c)
{
    c->topic.region = world_declare(&c->simulation.world, "topic", REGION_RECORDS,
                                    sizeof(struct topic_counts), 1, (void **)&c->topic.counts);
}

void topic_init(struct cloud *c)
{
    (void)world_append(&c->simulation.world, c->topic.region);
}

/* Source: SNS-PUBLISH-1. */
void topic_publish(struct cloud *c)
{
    c->topic.counts->published++;
}
