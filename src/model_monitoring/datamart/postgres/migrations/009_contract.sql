-- The contract of a subscription: types that are declared, and the variant whose traffic counts.
-- What the first payload decided is declared now, for those that have one.

UPDATE subscription s SET asset = s.asset || jsonb_build_object('variant', NULL, 'feature_types', coalesce((
    SELECT jsonb_object_agg(f.name, CASE
        WHEN f.type = 'bigint' THEN 'whole number'
        WHEN f.type = 'boolean' THEN 'boolean'
        WHEN f.type <> 'text' THEN 'number'
        WHEN s.asset -> 'categorical_columns' ? f.name THEN 'category'
        ELSE 'text' END)
    FROM feature f WHERE f.subscription_id = s.subscription_id AND f.role = 'feature'), '{}'));
