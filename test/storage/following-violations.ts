/** Statements on what follows from the transactions (alerts, usage, segments of history) that a constraint refuses. */
export const FOLLOWING_VIOLATIONS: readonly [constraint: string, statement: string][] = [
  ["accounts_alert_number_check", "update accounts set alert_number = -1"],
  ["alert_feed_pkey", "insert into alert_feed select * from alert_feed"],
  ["alert_feed_singleton_check", "update alert_feed set singleton = false"],
  ["alert_settings_pkey", "insert into alert_settings select * from alert_settings"],
  ["alert_settings_cycle", "update alert_settings set cycle_end_time = now()"],
  ["alert_settings_cycle_micros_check", "update alert_settings set cycle_end_time = now(), cycle_micros = 0"],
  [
    "history_segments_pkey",
    "insert into history_segments values ('o', 'kind', 'GRANT', 1), ('o', 'kind', 'GRANT', 1)",
  ],
  ["history_segments_field_check", "insert into history_segments values ('o', 'label', 'x', 1)"],
  ["history_segments_segment_check", "insert into history_segments values ('o', 'kind', 'GRANT', -1)"],
  ["history_indexing_pkey", "insert into history_indexing values ('o', 1), ('o', 1)"],
  ["history_indexing_segments_check", "insert into history_indexing values ('o', -1)"],
  ["alerts_pkey", "insert into alerts select * from alerts"],
  ["alerts_alert_number_check", "update alerts set alert_number = 0"],
  ["alerts_kind_check", "update alerts set kind = 'HIGH'"],
  ["alerts_level_micros_check", "update alerts set level_micros = -1"],
  ["alerts_version_check", "update alerts set version = 0"],
  ["alerts_sequence_check", "update alerts set sequence = 0"],
  ["usage_cursors_pkey", "insert into usage_cursors select * from usage_cursors"],
  ["usage_cursors_version_check", "update usage_cursors set version = -1"],
  ["usage_summaries_pkey", "insert into usage_summaries select * from usage_summaries"],
  ["usage_summaries_span_check", "update usage_summaries set span = 'year'"],
  [
    "usage_runs_pkey",
    "insert into usage_runs (organization_id, run_id, first_version, start_time, update_time, calls, late_calls, " +
      "settled_micros, refunded_micros) values ('owner', 'run', 1, now(), now(), 0, 0, 0, 0)",
  ],
  ["model_kinds_pkey", "insert into model_kinds select * from model_kinds"],
  ["model_kinds_kind_check", "update model_kinds set kind = 'SMELL'"],
];
