-- A group is biased if its score is below the threshold by more than chance: at most 5%, as in the run's groups. A
-- measurement of an earlier version has no chance; of it the line decides, as it did.

CREATE OR REPLACE VIEW "FairnessMetrics" AS
    SELECT m.ts, m.id, split_part(m.slice, ': ', 1) AS feature, split_part(m.slice, ': ', 2) AS feature_value, m.value,
           coalesce(m.value < m.lower_limit AND coalesce(c.chance, 0) <= 0.05, false) AS fairness_biased,
           m.measurement_id, m.lower_limit, m.upper_limit,
           m.binding_id, m.subscription_id, m.deployment_id, m.asset_revision, m.ci_low, m.ci_high, m.records,
           CASE WHEN m.id = 'fairness_score' THEN m.value END AS fairness_value,
           r.details -> 'favourable_classes' AS fairness_fav_class, '' AS process
    FROM measurements m JOIN run r ON r.run_uid = m.measurement_id
    JOIN measurement c ON (c.run_uid, c.metric, c.slice) = (m.measurement_id, m.id, m.slice)
    WHERE m.monitor = 'fairness';
