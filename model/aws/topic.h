/* topic.h: an SNS topic that people are subscribed to.
 *
 * Method. A publish is counted; who reads the mail is not modelled.
 */
#ifndef LOCKSTEP_MODEL_AWS_TOPIC_H
#define LOCKSTEP_MODEL_AWS_TOPIC_H

#include <stdint.h>

struct cloud;

struct topic_counts {
    int64_t published;
};

struct topic {
    struct topic_counts *counts;
    uint32_t region;
};

void topic_declare(struct cloud *c);
void topic_init(struct cloud *c);
void topic_publish(struct cloud *c);

#endif
