-- The columns of OpenScale's tables that were still missing, behind those that are there.

CREATE OR REPLACE VIEW "QualityMetrics" AS
    SELECT ts, id, measurement_id, value, lower_limit, upper_limit, binding_id, subscription_id, deployment_id,
           asset_revision, ci_low, ci_high, records, '' AS process, '' AS tags
    FROM measurements WHERE monitor = 'quality';

CREATE OR REPLACE VIEW "FairnessMetrics" AS
    SELECT m.ts, m.id, split_part(m.slice, ': ', 1) AS feature, split_part(m.slice, ': ', 2) AS feature_value, m.value,
           coalesce(m.value < m.lower_limit, false) AS fairness_biased, m.measurement_id, m.lower_limit, m.upper_limit,
           m.binding_id, m.subscription_id, m.deployment_id, m.asset_revision, m.ci_low, m.ci_high, m.records,
           CASE WHEN m.id = 'fairness_score' THEN m.value END AS fairness_value,
           r.details -> 'favourable_classes' AS fairness_fav_class, '' AS process
    FROM measurements m JOIN run r ON r.run_uid = m.measurement_id WHERE m.monitor = 'fairness';

CREATE VIEW "PayloadError" AS
    SELECT e.happened_at AS ts, e.uri, e.line_number, e.reason, s.name AS subscription,
           s.subscription_uid AS subscription_id
    FROM payload_error e JOIN subscription s USING (subscription_id);
