-- Keys against the last entry of each.
WITH acts AS MATERIALIZED (
    SELECT e.entry_no, e.ledger_index, e.kind, e.p, e.p -> 'purpose' AS purpose, e.p -> 'key' AS number
    FROM (
        SELECT e.entry_no, e.ledger_index, e.kind, convert_from(e.bytes, 'UTF8')::jsonb -> 'public' AS p
        FROM ledger_entries e
        WHERE e.kind IN ('key_added', 'key_retired', 'key_compromised', 'imported') AND e.batch_no IS NULL
        OFFSET 0
    ) e
    WHERE e.p ? 'purpose' AND e.p ? 'key'
)
SELECT s.entry_no, s.ledger_index, NULL::integer AS batch_no, NULL::integer AS n,
    'key ' || coalesce(k.said, s.purpose)::text || ' ' || coalesce(k.number, s.number)::text || ': ' || w.what AS what
FROM (SELECT DISTINCT ON (purpose, number) * FROM acts ORDER BY purpose, number, entry_no DESC) s
FULL JOIN (SELECT *, to_jsonb(purpose) AS said, to_jsonb(key_no) AS number FROM keys) k ON k.said = s.purpose AND k.number = s.number
CROSS JOIN LATERAL (
    SELECT CASE WHEN s.entry_no IS NULL THEN 'no entry' WHEN k.number IS NULL THEN 'no row' ELSE (
        SELECT string_agg(v.name || ' ' || coalesce(v.said::text, '-') || ' ≠ ' || coalesce(v.entered::text, '-'), '; ')
        FROM (VALUES
            ('status', to_jsonb(k.status), CASE s.kind
                WHEN 'key_added' THEN '"active"'::jsonb WHEN 'key_retired' THEN '"retired"' WHEN 'key_compromised' THEN '"compromised"'
                ELSE s.p -> 'status' END),
            ('public_key', to_jsonb(encode(k.public_key, 'base64')), s.p -> 'public_key')
        ) v (name, said, entered)
        WHERE v.said IS DISTINCT FROM nullif(v.entered, 'null')
    ) END AS what
) w
WHERE w.what IS NOT NULL
