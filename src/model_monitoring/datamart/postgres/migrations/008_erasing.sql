-- What was read before something was erased mustn't be stored after it; and an erased request's id goes too.

ALTER TABLE subscription ADD COLUMN erasures bigint NOT NULL DEFAULT 0;   -- how often something of it was erased

-- Of a request that is erased as a whole, a digest stands for the id (traces.py): enough to know it if it comes again.
UPDATE scoring_key k
    SET scoring_id = 'erased ' || encode(sha256(convert_to(subscription_uid || scoring_id, 'UTF8')), 'hex')
    FROM subscription s WHERE s.subscription_id = k.subscription_id AND deleted >= row_count;
CREATE INDEX scoring_key_erased ON scoring_key (subscription_id, scoring_id) WHERE deleted >= row_count;

-- Rows erased by earlier versions are still in the summaries of their windows.
DELETE FROM profile p USING scoring_key k
    WHERE k.subscription_id = p.subscription_id AND k.deleted > 0
    AND k.scored_at BETWEEN p.window_start AND p.window_end;
UPDATE run r
    SET details = (SELECT coalesce(jsonb_object_agg(key, value), '{}') || '{"erased": true}' FROM jsonb_each(details)
        WHERE key = 'parameters' OR jsonb_typeof(value) IN ('number', 'boolean', 'null'))
    WHERE EXISTS (SELECT FROM scoring_key k WHERE k.subscription_id = r.subscription_id AND k.deleted > 0
        AND (r.state = 'failed' OR k.scored_at BETWEEN r.window_start AND r.window_end))
    AND EXISTS (SELECT FROM jsonb_each(details)
        WHERE key <> 'parameters' AND jsonb_typeof(value) NOT IN ('number', 'boolean', 'null'));
