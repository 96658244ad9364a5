/* test_defaults.c: the figures that docs/sources.md gives for parameters are the defaults.
 *
 * Each row names a field as a scenario file does, and its value as one would write it there. Median
 * and 99th percentile stand for a distribution. A figure that changes in the one place and not in
 * the other fails here.
 */
#include "tests/cases.h"
#include "tools/fields.h"

#include <stdio.h>

struct row {
    const char *name, *value;
};

static struct row rows[] = {
    {"latency.table_get",             "lognormal(4ms, 12ms)"     }, /* LATENCY-TABLE-1 */
    {"latency.table_write",           "lognormal(5ms, 18ms)"     }, /* LATENCY-TABLE-2 */
    {"latency.table_query",           "lognormal(6ms, 25ms)"     }, /* LATENCY-TABLE-3 */
    {"latency.query_megabyte",        "54ms"                     },
    {"table.replica_lag",             "lognormal(2ms, 20ms)"     }, /* LATENCY-LAG-1 */
    {"table.index_lag",               "lognormal(20ms, 400ms)"   }, /* LATENCY-LAG-2 */
    {"table.ttl_delay",               "lognormal(12m, 28m)"      }, /* LATENCY-TTL-1 */
    {"latency.bucket_get",            "lognormal(63ms, 78ms)"    }, /* LATENCY-BUCKET-1 */
    {"latency.bucket_put",            "lognormal(40ms, 195ms)"   }, /* LATENCY-BUCKET-2 */
    {"latency.start_execution",       "lognormal(30ms, 150ms)"   }, /* LATENCY-WORKFLOW-1 */
    {"latency.start_job_run",         "lognormal(250ms, 1s500ms)"}, /* LATENCY-GLUE-1 */
    {"latency.publish",               "lognormal(15ms, 60ms)"    }, /* LATENCY-TOPIC-1 */
    {"latency.invoke",                "lognormal(8ms, 40ms)"     }, /* LATENCY-INVOKE-1 */
    {"latency.queue_receive",         "lognormal(15ms, 60ms)"    }, /* LATENCY-QUEUE-1 */
    {"latency.queue_delete",          "lognormal(10ms, 50ms)"    },
    {"latency.put_events",            "lognormal(15ms, 60ms)"    }, /* LATENCY-EVENTS-1 */
    {"bus.delay",                     "lognormal(50ms, 150ms)"   }, /* EVENTS-DELAY-1 */
    {"bus.max_retries",               "185"                      }, /* EVENTS-RETRY-1 */
    {"bus.max_age",                   "1d"                       },
    {"bus.duplicate",                 "0%"                       }, /* EVENTS-ONCE-1 */
    {"stream.shards",                 "1"                        }, /* PIPE-STREAM-1 */
    {"stream.batch_size",             "100"                      },
    {"stream.batching_window",        "30s"                      },
    {"stream.parallelization",        "10"                       },
    {"stream.max_retries",            "3"                        },
    {"stream.max_age",                "1h"                       },
    {"stream.bisect",                 "true"                     },
    {"stream.read_latency",           "lognormal(5ms, 20ms)"     }, /* LATENCY-STREAM-1 */
    {"stream.retry_wait",             "lognormal(1s, 5s)"        }, /* ESM-STREAM-13 */
    {"prices.read_million",           "0.125USD"                 }, /* DDB-PRICE-1 */
    {"prices.write_million",          "0.625USD"                 },
    {"prices.read_hour",              "0.00013USD"               }, /* DDB-PRICE-2 */
    {"prices.write_hour",             "0.00065USD"               },
    {"prices.storage_month",          "0.25USD"                  }, /* DDB-PRICE-3 */
    {"table.burst",                   "5m"                       }, /* DDB-CAPACITY-1 */
    {"table.on_demand_rcu",           "12000"                    }, /* DDB-CAPACITY-7 */
    {"table.on_demand_wcu",           "4000"                     },
    {"table.growth",                  "30m"                      },
    {"table.key_rcu",                 "3000"                     }, /* DDB-THROTTLE-2 */
    {"table.key_wcu",                 "1000"                     },
    {"table.account_rcu",             "40000"                    }, /* DDB-THROTTLE-3 */
    {"table.account_wcu",             "40000"                    },
    {"function.work",                 "2ms"                      }, /* LAMBDA-WORK-1 */
    {"function.scaling_per_10s",      "1000"                     }, /* LAMBDA-SCALING-1 */
    {"function.idle_lifetime",        "10m"                      }, /* LAMBDA-IDLE-1 */
    {"function.clock_skew",           "0s"                       }, /* LAMBDA-CLOCK-1 */
    {"mapping.initial_concurrency",   "5"                        }, /* ESM-SCALE-1 */
    {"mapping.scaling_per_minute",    "300"                      },
    {"mapping.concurrency_limit",     "1250"                     }, /* ESM-LIMIT-1 */
    {"queue.duplicate",               "0%"                       }, /* SQS-DUPLICATE-1 */
    {"bucket.notification_duplicate", "0%"                       }, /* S3-EVENT-1 */
    {"workflow.start_delay",          "lognormal(60ms, 300ms)"   }, /* SFN-DELAY-1 */
    {"glue.run_time",                 "lognormal(2m, 4m)"        }, /* PIPE-GLUE-3 */
    {"glue.failure",                  "0%"                       }, /* GLUE-FAIL-1 */
    {"glue.timeout",                  "2d"                       }, /* GLUE-TIMEOUT-1 */
    {"glue.poll_interval",            "1m"                       }, /* SFN-GLUE-1 */
};

static void the_default_is_that_of_the_clause(void **state)
{
    static struct scenario scenario;
    const struct row *row = *state;
    const struct field *field = field_find(text_from(row->name));
    char buffer[100];
    struct text_writer w = text_writer(buffer, sizeof buffer);
    assert_non_null(field);
    scenario_init(&scenario);
    field_put(field, &scenario, 0, &w);
    assert_string_equal(text_writer_string(&w), row->value);
}

/* PIPE-CONFIG-1: what differs between dev and prod. */
struct preset_row {
    const char *name, *dev, *prod;
};

static struct preset_row preset_rows[] = {
    {"pipeline.max_files_per_manifest", "10",   "200"  },
    {"pipeline.ttl_days",               "30",   "90"   },
    {"pipeline.lock_ttl",               "5m",   "5m"   },
    {"pipeline.expected_size",          "10MB", "3.5MB"},
    {"pipeline.size_tolerance_percent", "99",   "10"   },
    {"function.timeout",                "3m",   "5m"   },
    {"function.reserved_concurrency",   "2",    "10"   },
    {"mapping.maximum_concurrency",     "2",    "50"   },
    {"mapping.batch_size",              "10",   "10"   },
    {"queue.visibility_timeout",        "6m",   "10m"  },
    {"queue.max_receive_count",         "3",    "5"    },
    {"queue.retention",                 "4d",   "14d"  },
    {"table.rcu",                       "5",    "10"   },
    {"table.wcu",                       "25",   "50"   },
    {"bucket.input_lifetime",           "3d",   "7d"   },
    {"bucket.manifest_lifetime",        "1d",   "3d"   },
    {"glue.max_concurrent_runs",        "3",    "3"    },
    {"glue.max_retries",                "1",    "1"    },
};

static void the_preset_is_the_deployment_s(void **state)
{
    static struct scenario scenario;
    const struct preset_row *row = *state;
    const struct field *field = field_find(text_from(row->name));
    assert_non_null(field);
    scenario_init(&scenario);
    for (enum preset preset = PRESET_DEV; preset <= PRESET_PROD; preset++) {
        char buffer[100];
        struct text_writer w = text_writer(buffer, sizeof buffer);
        scenario_apply_preset(&scenario, preset);
        field_put(field, &scenario, 0, &w);
        assert_string_equal(text_writer_string(&w), preset == PRESET_DEV ? row->dev : row->prod);
    }
}

int main(void)
{
    static struct cases cases;
    CASES_ADD_TABLE(&cases, the_default_is_that_of_the_clause, rows);
    CASES_ADD_TABLE(&cases, the_preset_is_the_deployment_s, preset_rows);
    return cases_run("defaults", &cases);
}
