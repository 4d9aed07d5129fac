-- Fairness and explanations: what was asked of a model beside its traffic is kept apart from the payload.

ALTER TABLE feature
    DROP CONSTRAINT feature_role_check,
    ADD CONSTRAINT feature_role_check CHECK (role IN ('feature', 'output', 'label', 'debiased'));

CREATE TABLE companion (                            -- the de-biased model beside a subscription's own
    subscription_id integer PRIMARY KEY REFERENCES subscription,
    companion_uid   uuid NOT NULL REFERENCES subscription (subscription_uid),
    asset_revision  text NOT NULL,                  -- the version of the original that it was made from
    created_at      timestamptz NOT NULL DEFAULT now(),
    deleted_at      timestamptz,                    -- when its endpoint was taken down
    content         jsonb NOT NULL                  -- rule, frontier, costs; names of what was made on SageMaker
);

CREATE TABLE explanation (
    subscription_id integer NOT NULL REFERENCES subscription,
    scoring_id      text COLLATE "C" NOT NULL,      -- of the row: <scoring id>-<row number>
    record_id       bigint NOT NULL,                -- the same row's, by which it is erased
    row_number      integer NOT NULL,
    asset_revision  text NOT NULL,                  -- the version that was asked
    created_at      timestamptz NOT NULL DEFAULT now(),
    content         jsonb NOT NULL,
    PRIMARY KEY (subscription_id, scoring_id, asset_revision)
);
CREATE INDEX explanation_history ON explanation (subscription_id, created_at);

CREATE VIEW "FairnessMetrics" AS
    SELECT ts, id, split_part(slice, ': ', 1) AS feature, split_part(slice, ': ', 2) AS feature_value, value,
           coalesce(value < lower_limit, false) AS fairness_biased, measurement_id, lower_limit, upper_limit,
           binding_id, subscription_id, deployment_id, asset_revision, ci_low, ci_high, records
    FROM measurements WHERE monitor = 'fairness';

CREATE VIEW "ExplainabilityMetrics" AS
    SELECT ts, id, slice AS feature, measurement_id, value, lower_limit, upper_limit, binding_id, subscription_id,
           deployment_id, asset_revision, ci_low, ci_high, records
    FROM measurements WHERE monitor = 'explainability';
