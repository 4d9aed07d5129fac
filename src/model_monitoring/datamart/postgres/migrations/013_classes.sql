-- Blanks around a class don't count any more (coercing.class_name). What earlier versions stored with them is written
-- as new rows are, so that both are the same class, to every monitor.

CREATE FUNCTION pg_temp.class_name(written text) RETURNS text IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE WHEN lower(written) IN ('true', 'false') THEN lower(written)
        -- What Python's str.strip takes away
        ELSE nullif(btrim(written, E' \t\n\r\v\f\x1c\x1d\x1e\x1f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005'
            '\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'), '') END
$$;

-- Respell texts and keys of a document; where two keys become one, their counts add up.
CREATE FUNCTION pg_temp.respelt(document jsonb, spelling jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    CASE jsonb_typeof(document)
    WHEN 'string' THEN
        RETURN coalesce(spelling -> (document #>> '{}'), document);
    WHEN 'array' THEN
        RETURN coalesce((SELECT jsonb_agg(pg_temp.respelt(value, spelling) ORDER BY place)
            FROM jsonb_array_elements(document) WITH ORDINALITY AS items (value, place)), '[]');
    WHEN 'object' THEN
        RETURN coalesce((SELECT jsonb_object_agg(name, value) FROM (
            SELECT coalesce(spelling ->> key, key) AS name,
                CASE WHEN count(*) > 1 AND bool_and(jsonb_typeof(value) = 'number')
                    THEN to_jsonb(sum((CASE jsonb_typeof(value) WHEN 'number' THEN value #>> '{}' END)::numeric))
                    ELSE (array_agg(CASE key WHEN 'name' THEN value ELSE pg_temp.respelt(value, spelling) END))[1]
                END AS value
            FROM jsonb_each(document) GROUP BY 1) members), '{}');
    ELSE
        RETURN document;
    END CASE;
END $$;

-- Respell what a list of columns says of one of them.
CREATE FUNCTION pg_temp.respelt_column(content jsonb, path text[], field text, spelling jsonb)
RETURNS jsonb LANGUAGE sql AS $$
    SELECT CASE WHEN jsonb_typeof(content #> path) = 'array' THEN jsonb_set(content, path, coalesce((
        SELECT jsonb_agg(CASE WHEN value ->> 'name' = field
            THEN pg_temp.respelt(value, spelling) ELSE value END ORDER BY place)
        FROM jsonb_array_elements(content #> path) WITH ORDINALITY AS items (value, place)), '[]'))
        ELSE content END
$$;

DO $$
DECLARE
    one record;
    stored record;
    declared text[];
    spelt text[];
    field text;
    spelling jsonb;
    found jsonb;
BEGIN
    FOR one IN SELECT * FROM subscription WHERE asset ->> 'problem_type' <> 'regression' LOOP
        field := one.asset ->> 'prediction_column';
        SELECT array_agg(DISTINCT value) INTO declared FROM (
            SELECT pair ->> 1 AS value
            FROM jsonb_array_elements(coalesce(nullif(one.asset -> 'label_values', 'null'), '[]')) pair
            UNION ALL SELECT one.asset ->> 'positive_label') given WHERE value IS NOT NULL;
        SELECT array_agg(DISTINCT pg_temp.class_name(value)) INTO spelt FROM unnest(declared) value;
        -- Classes that are numbers or booleans are left as they are
        CONTINUE WHEN NOT EXISTS (
            SELECT FROM jsonb_array_elements(coalesce(nullif(one.asset -> 'label_values', 'null'), '[]')) pair
            WHERE jsonb_typeof(pair -> 1) = 'string'
            UNION ALL SELECT WHERE jsonb_typeof(one.asset -> 'positive_label') = 'string'
            UNION ALL SELECT FROM feature f WHERE f.subscription_id = one.subscription_id AND f.type = 'text'
                AND ((f.role = 'output' AND f.name = field)
                    OR (f.role = 'label' AND f.name = one.asset ->> 'label_column')));
        IF cardinality(spelt) < cardinality(declared) THEN
            INSERT INTO schema_change (subscription_id, change) VALUES (one.subscription_id,
                'classes were left as they are: without the blanks around them, or as true and false,'
                ' two of them would be one');
            RAISE WARNING 'The classes of subscription "%" were left as they are: without the blanks around them, '
                'or as true and false, two of them would be one. Subscribe the model anew with other classes.', one.name;
            CONTINUE;
        END IF;
        SELECT coalesce(jsonb_object_agg(value, pg_temp.class_name(value)), '{}') INTO spelling
        FROM unnest(declared) value WHERE value <> pg_temp.class_name(value);

        FOR stored IN
            SELECT f.column_name, CASE role WHEN 'label' THEN 'feedback' ELSE 'payload' END AS kind
            FROM feature f WHERE f.subscription_id = one.subscription_id AND f.type = 'text'
            AND ((role = 'output' AND f.name = field) OR (role = 'label' AND f.name = one.asset ->> 'label_column'))
        LOOP
            CONTINUE WHEN to_regclass(format('%s_%s', stored.kind, one.subscription_id)) IS NULL;
            EXECUTE format('SELECT jsonb_object_agg(DISTINCT %2$I, pg_temp.class_name(%2$I)) FROM %1$I'
                ' WHERE %2$I <> pg_temp.class_name(%2$I)',
                format('%s_%s', stored.kind, one.subscription_id), stored.column_name) INTO found;
            CONTINUE WHEN found IS NULL;
            spelling := spelling || found;
            EXECUTE format('UPDATE %1$I SET %2$I = pg_temp.class_name(%2$I) WHERE %2$I <> pg_temp.class_name(%2$I)',
                format('%s_%s', stored.kind, one.subscription_id), stored.column_name);
        END LOOP;
        CONTINUE WHEN spelling = '{}';

        -- The label of a pair stays: it is what feedback and reviewers say
        UPDATE subscription SET asset = asset || jsonb_build_object(
            'positive_label', pg_temp.respelt(asset -> 'positive_label', spelling),
            'label_values', CASE WHEN jsonb_typeof(asset -> 'label_values') = 'array' THEN (
                SELECT jsonb_agg(jsonb_build_array(pair -> 0, pg_temp.respelt(pair -> 1, spelling)) ORDER BY place)
                FROM jsonb_array_elements(asset -> 'label_values') WITH ORDINALITY AS pairs (pair, place))
                ELSE asset -> 'label_values' END)
            WHERE subscription_id = one.subscription_id;
        UPDATE label_change SET old_label = coalesce(spelling ->> old_label, old_label),
            new_label = coalesce(spelling ->> new_label, new_label)
            WHERE subscription_id = one.subscription_id;
        UPDATE monitor SET parameters = parameters || (SELECT coalesce(jsonb_object_agg(key,
                pg_temp.respelt(value, spelling)), '{}') FROM jsonb_each(parameters)
                WHERE key IN ('favourable_classes', 'unfavourable_classes'))
            WHERE subscription_id = one.subscription_id AND monitor = 'fairness';
        UPDATE run SET details = details || (SELECT coalesce(jsonb_object_agg(key,
                pg_temp.respelt(value, spelling)), '{}') FROM jsonb_each(details)
                WHERE key IN ('favourable_classes', 'unfavourable_classes'))
            WHERE subscription_id = one.subscription_id AND monitor = 'fairness';
        UPDATE baseline SET content = pg_temp.respelt_column(pg_temp.respelt_column(
                CASE WHEN content ? 'accuracy'
                    THEN content || jsonb_build_object('accuracy', pg_temp.respelt(content -> 'accuracy', spelling))
                    ELSE content END,
                '{statistics,features}', field, spelling), '{constraints,features}', field, spelling)
            WHERE subscription_id = one.subscription_id AND monitor = 'drift';
        UPDATE profile SET content = pg_temp.respelt_column(content, '{columns}', field, spelling)
            WHERE subscription_id = one.subscription_id;
    END LOOP;
END $$;

DROP FUNCTION pg_temp.respelt_column(jsonb, text[], text, jsonb);
DROP FUNCTION pg_temp.respelt(jsonb, jsonb);
DROP FUNCTION pg_temp.class_name(text);
