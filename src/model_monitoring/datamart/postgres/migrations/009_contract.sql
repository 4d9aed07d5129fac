-- The contract of a subscription: types that are declared, and the variant whose traffic counts.
-- What the first payload decided is declared now, for those that have one.

UPDATE subscription s SET asset = s.asset || jsonb_build_object('variant', NULL, 'feature_types', coalesce((
    SELECT jsonb_object_agg(f.name, CASE
        WHEN f.type = 'bigint' THEN 'whole number'
        WHEN f.type = 'boolean' THEN 'boolean'
        WHEN f.type = 'double precision' THEN 'number'
        WHEN f.type <> 'text' THEN 'list of numbers'
        WHEN s.asset -> 'categorical_columns' ? f.name THEN 'category'
        ELSE 'text' END)
    FROM feature f WHERE f.subscription_id = s.subscription_id AND f.role = 'feature'), '{}'));

-- Labels that were corrected, and what they were before.
CREATE TABLE label_change (
    subscription_id integer NOT NULL REFERENCES subscription,
    record_id       bigint NOT NULL,
    row_number      integer NOT NULL,
    old_label       text,
    new_label       text,
    changed_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX label_change_record ON label_change (record_id, row_number);

-- Feedback on rows that weren't scored has an id too, so that it counts once however often it is sent.
DO $$
DECLARE target regclass;
BEGIN
    FOR target IN SELECT to_regclass(format('feedback_%s', subscription_id)) FROM subscription LOOP
        IF target IS NOT NULL THEN
            EXECUTE format('ALTER TABLE %s ADD COLUMN feedback_id text UNIQUE', target);
        END IF;
    END LOOP;
END $$;
