-- Alerts are decisions: how likely chance explains a value, which rule opened and closed an alert, and how many
-- false alerts a subscription bears.

ALTER TABLE measurement ADD COLUMN chance double precision;   -- NULL where no limit was decided on

ALTER TABLE subscription ADD COLUMN alerting jsonb NOT NULL
    DEFAULT '{"rule": "chance", "false_alerts_a_month": 1.0}';

ALTER TABLE alert
    ADD COLUMN opened_because text,                            -- NULL for alerts of earlier versions
    ADD COLUMN closed_because text,
    ALTER COLUMN value DROP NOT NULL,                          -- a monitor that doesn't run has no value
    ALTER COLUMN opened_by_run DROP NOT NULL;                  -- and no run that says so

CREATE OR REPLACE VIEW alerts AS
    SELECT a.alert_id, s.name AS subscription, a.monitor, a.metric, a.slice, a.state, a.value, a.lower_limit, a.upper_limit,
           a.opened_at, a.last_seen_at, a.acknowledged_at, a.acknowledged_by, a.note, a.closed_at, a.opened_by_run,
           a.closed_by_run, s.subscription_uid AS subscription_id, a.opened_because, a.closed_because
    FROM alert a JOIN subscription s USING (subscription_id);
