-- The health of each monitor: one that never ran has an age too.

ALTER TABLE monitor ADD COLUMN enabled_at timestamptz NOT NULL DEFAULT now();
UPDATE monitor m SET enabled_at = coalesce(
    (SELECT min(started) FROM run r
        WHERE (r.subscription_id, r.monitor) = (m.subscription_id, m.monitor)),
    (SELECT created_at FROM subscription s WHERE s.subscription_id = m.subscription_id));
