-- Alerts and measurements are sent beyond the data mart too, to SNS and CloudWatch; and an index in the order of queries.

CREATE TABLE channel (                              -- no secret: AWS is reached with the caller's own session
    kind       text PRIMARY KEY CHECK (kind IN ('sns', 'cloudwatch')),
    target     text NOT NULL,                       -- the topic's ARN; the metrics' namespace
    since      timestamptz NOT NULL DEFAULT now(),  -- what is older isn't sent
    last_error text                                 -- why the last attempt failed; NULL where it didn't
);

ALTER TABLE alert
    ADD COLUMN opened_sent timestamptz,             -- when its opening, and its closing, were published
    ADD COLUMN closed_sent timestamptz;
ALTER TABLE run ADD COLUMN metrics_sent timestamptz;
CREATE INDEX run_unsent ON run (finished) WHERE metrics_sent IS NULL AND state = 'finished';

-- A metric's history is asked for one slice, newest first; without the slice in the index, every feature's drift was
-- read to find one feature's.
DROP INDEX measurement_history;
CREATE INDEX measurement_history ON measurement (subscription_id, monitor, metric, slice, ts);
