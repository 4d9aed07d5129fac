-- The fixed tables: what is bound and subscribed, what was measured, what alarmed. Payload and feedback tables are
-- made per subscription (tables.py), since their columns are the model's own.

CREATE TABLE binding (
    binding_uid  uuid PRIMARY KEY,
    name         text NOT NULL UNIQUE,
    service_type text NOT NULL,
    properties   jsonb NOT NULL,                    -- never a secret
    created_at   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE subscription (
    subscription_id  integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,   -- numbers payload_<n> and feedback_<n>
    subscription_uid uuid NOT NULL UNIQUE,
    binding_uid      uuid NOT NULL REFERENCES binding,
    name             text NOT NULL UNIQUE,
    source_uid       text NOT NULL,                 -- the endpoint's name
    asset            jsonb NOT NULL,                -- problem type, roles of columns, label values
    payload_logging  boolean NOT NULL DEFAULT true,
    created_at       timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE feature (                              -- every column of a subscription's payload, and its label
    subscription_id integer NOT NULL REFERENCES subscription,
    ordinal         integer NOT NULL,
    name            text NOT NULL,                  -- as the model knows it
    column_name     text NOT NULL,                  -- as PostgreSQL knows it: at most 63 bytes
    role            text NOT NULL CHECK (role IN ('feature', 'output', 'label')),
    type            text NOT NULL,
    PRIMARY KEY (subscription_id, role, name)
);

CREATE TABLE deployment (                           -- which version of which deployment answered
    deployment_key  integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscription_id integer NOT NULL REFERENCES subscription,
    deployment_id   text NOT NULL,
    asset_revision  text NOT NULL,                  -- digest of the model artifact; '' where it isn't known
    first_seen      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (subscription_id, deployment_id, asset_revision)
);

-- One row per logged request. Its primary key makes logging idempotent: a partitioned table can only be unique together
-- with its partition key, the time, which a repeated request need not repeat.
CREATE TABLE scoring_key (
    record_id       bigint NOT NULL UNIQUE,         -- batch number << 24 | position in the batch
    subscription_id integer NOT NULL REFERENCES subscription,
    scoring_id      text COLLATE "C" NOT NULL,
    scored_at       timestamptz NOT NULL,
    row_count       integer NOT NULL,
    digest          bigint NOT NULL,                -- of fields and values: tells a repetition from a conflict
    response_time   integer,                        -- milliseconds
    deployment_key  integer NOT NULL,
    PRIMARY KEY (subscription_id, scoring_id)
);
CREATE INDEX scoring_key_time ON scoring_key USING brin (scored_at);
CREATE SEQUENCE scoring_batch;

CREATE TABLE monitor (
    subscription_id integer NOT NULL REFERENCES subscription,
    monitor         text NOT NULL,
    enabled         boolean NOT NULL,
    parameters      jsonb NOT NULL,
    PRIMARY KEY (subscription_id, monitor)
);

CREATE TABLE threshold (
    subscription_id integer NOT NULL,
    monitor         text NOT NULL,
    metric          text NOT NULL,
    lower_limit     double precision,
    upper_limit     double precision,
    PRIMARY KEY (subscription_id, monitor, metric),
    FOREIGN KEY (subscription_id, monitor) REFERENCES monitor
);

CREATE TABLE run (
    run_uid         uuid PRIMARY KEY,
    subscription_id integer NOT NULL,
    monitor         text NOT NULL,
    state           text NOT NULL CHECK (state IN ('running', 'finished', 'skipped', 'failed')),
    started         timestamptz NOT NULL,
    finished        timestamptz,
    window_start    timestamptz,
    window_end      timestamptz,
    records         bigint,
    details         jsonb NOT NULL DEFAULT '{}',    -- confusion matrix, reason of a skipped run, error of a failed one
    FOREIGN KEY (subscription_id, monitor) REFERENCES monitor
);
CREATE INDEX run_history ON run (subscription_id, monitor, started);

CREATE TABLE measurement (
    run_uid         uuid NOT NULL REFERENCES run,
    subscription_id integer NOT NULL,
    monitor         text NOT NULL,
    metric          text NOT NULL,
    slice           text NOT NULL DEFAULT '',       -- the part measured (a feature, a group); '' for the whole
    ts              timestamptz NOT NULL,
    value           double precision,               -- NULL where the metric isn't defined
    ci_low          double precision,
    ci_high         double precision,
    lower_limit     double precision,
    upper_limit     double precision,
    records         bigint NOT NULL,
    deployment_key  integer REFERENCES deployment,
    PRIMARY KEY (run_uid, metric, slice)
);
CREATE INDEX measurement_history ON measurement (subscription_id, monitor, metric, ts);

CREATE TABLE alert (
    alert_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscription_id integer NOT NULL REFERENCES subscription,
    monitor         text NOT NULL,
    metric          text NOT NULL,
    slice           text NOT NULL DEFAULT '',
    state           text NOT NULL CHECK (state IN ('open', 'acknowledged', 'closed')),
    value           double precision NOT NULL,      -- at the last run that saw the violation
    lower_limit     double precision,
    upper_limit     double precision,
    opened_at       timestamptz NOT NULL,
    opened_by_run   uuid NOT NULL REFERENCES run,
    last_seen_at    timestamptz NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text,
    note            text,
    closed_at       timestamptz,
    closed_by_run   uuid REFERENCES run
);
CREATE UNIQUE INDEX alert_unresolved ON alert (subscription_id, monitor, metric, slice) WHERE state <> 'closed';

-- Views across all subscriptions. QualityMetrics and PerformanceMetrics carry OpenScale's names and columns.

CREATE VIEW measurements AS
    SELECT m.ts, m.metric AS id, m.run_uid AS measurement_id, m.value, m.lower_limit, m.upper_limit, m.monitor, m.slice,
           s.binding_uid AS binding_id, s.subscription_uid AS subscription_id, coalesce(d.deployment_id, s.source_uid)
           AS deployment_id, coalesce(d.asset_revision, '') AS asset_revision, m.ci_low, m.ci_high, m.records,
           s.name AS subscription
    FROM measurement m JOIN subscription s USING (subscription_id) LEFT JOIN deployment d USING (deployment_key);

CREATE VIEW "QualityMetrics" AS
    SELECT ts, id, measurement_id, value, lower_limit, upper_limit, binding_id, subscription_id, deployment_id,
           asset_revision, ci_low, ci_high, records
    FROM measurements WHERE monitor = 'quality';

CREATE VIEW "PerformanceMetrics" AS
    SELECT k.scored_at AS ts, k.response_time AS scoring_time, k.row_count AS scoring_records,
           s.binding_uid AS binding_id, s.subscription_uid AS subscription_id, d.deployment_id,
           '' AS process, d.asset_revision
    FROM scoring_key k JOIN subscription s USING (subscription_id) JOIN deployment d USING (deployment_key);
