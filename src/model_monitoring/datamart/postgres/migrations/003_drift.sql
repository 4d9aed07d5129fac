-- Drift monitoring: what traffic is compared with, and a profile of each window that was.

CREATE TABLE baseline (                             -- one for each version of the model
    subscription_id integer NOT NULL REFERENCES subscription,
    monitor         text NOT NULL,
    asset_revision  text NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    content         jsonb NOT NULL,
    PRIMARY KEY (subscription_id, monitor, asset_revision)
);

CREATE TABLE profile (                              -- summaries that add up: a month is asked without reading its rows
    run_uid         uuid PRIMARY KEY REFERENCES run,
    subscription_id integer NOT NULL REFERENCES subscription,
    asset_revision  text NOT NULL,
    window_start    timestamptz NOT NULL,
    window_end      timestamptz NOT NULL,
    records         bigint NOT NULL,
    content         jsonb NOT NULL
);
CREATE INDEX profile_history ON profile (subscription_id, window_start);

CREATE VIEW "DriftMetrics" AS
    SELECT ts, id, slice AS feature, measurement_id, value, lower_limit, upper_limit, binding_id, subscription_id,
           deployment_id, asset_revision, ci_low, ci_high, records
    FROM measurements WHERE monitor = 'drift';
