-- What a data mart in production needs beyond the first version.

-- Checking this reference for each of 200,000 keys took longer than writing them; the key comes from the catalogue
-- within the same transaction.
ALTER TABLE scoring_key DROP CONSTRAINT scoring_key_subscription_id_fkey;

ALTER TABLE scoring_key ADD COLUMN deleted integer NOT NULL DEFAULT 0;   -- rows erased on request; the key stays, so
                                                                         -- that a repeated request isn't stored again
ALTER TABLE subscription
    ADD COLUMN never_store           text[] NOT NULL DEFAULT '{}',       -- fields whose values are dropped
    ADD COLUMN keep_days             integer,                            -- older payload goes, whole months at a time
    ADD COLUMN dynamic_schema_update boolean NOT NULL DEFAULT false;

CREATE TABLE schema_change (
    subscription_id integer NOT NULL REFERENCES subscription,
    changed_at      timestamptz NOT NULL DEFAULT now(),
    change          text NOT NULL
);

CREATE TABLE capture_file (                                              -- data-capture files already taken in
    subscription_id integer NOT NULL REFERENCES subscription,
    uri             text NOT NULL,
    etag            text NOT NULL,
    ingested_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (subscription_id, uri)
);

CREATE TABLE payload_error (                                             -- lines that could not be, and why
    subscription_id integer NOT NULL REFERENCES subscription,
    uri             text NOT NULL,
    line_number     integer NOT NULL,
    reason          text NOT NULL,
    happened_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (subscription_id, uri, line_number)
);

CREATE INDEX measurement_time ON measurement (subscription_id, monitor, ts);

CREATE VIEW runs AS
    SELECT r.started AS ts, r.monitor, r.state, r.finished, r.window_start, r.window_end, r.records, r.details, r.run_uid,
           s.name AS subscription, s.subscription_uid AS subscription_id
    FROM run r JOIN subscription s USING (subscription_id);

CREATE VIEW alerts AS
    SELECT a.alert_id, s.name AS subscription, a.monitor, a.metric, a.slice, a.state, a.value, a.lower_limit, a.upper_limit,
           a.opened_at, a.last_seen_at, a.acknowledged_at, a.acknowledged_by, a.note, a.closed_at, a.opened_by_run,
           a.closed_by_run, s.subscription_uid AS subscription_id
    FROM alert a JOIN subscription s USING (subscription_id);
