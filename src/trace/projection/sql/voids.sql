-- Voided ranges of batches $1 to $2 against their entries. Those older than the ledger are in the entry that took their batch in.
SELECT e.entry_no, e.ledger_index, coalesce(e.batch_no, r.batch_no) AS batch_no, e.n,
    coalesce(to_jsonb(r.first_serial), e.p -> 'first')::text || '–' || coalesce(to_jsonb(r.last_serial), e.p -> 'last')::text || ': ' || w.what AS what
FROM (
    SELECT e.entry_no, e.ledger_index, e.batch_no, e.n, e.recorded_at, convert_from(e.bytes, 'UTF8')::jsonb -> 'public' AS p
    FROM ledger_entries e
    WHERE e.batch_no BETWEEN $1 AND $2 AND e.kind = 'range_voided'
    OFFSET 0
) e
FULL JOIN (SELECT *, to_jsonb(first_serial) AS first FROM voids WHERE batch_no BETWEEN $1 AND $2) r
    ON r.batch_no = e.batch_no AND r.first = e.p -> 'first'
CROSS JOIN LATERAL (
    SELECT CASE WHEN e.entry_no IS NULL THEN (
        SELECT 'no entry' WHERE NOT EXISTS (
            SELECT FROM ledger_entries m
            CROSS JOIN LATERAL (SELECT convert_from(m.bytes, 'UTF8')::jsonb #> '{public,voided,ranges}' AS ranges OFFSET 0) y
            WHERE m.batch_no = r.batch_no AND m.kind = 'imported' AND (y.ranges = 'null' OR EXISTS (
                SELECT FROM jsonb_array_elements(nullif(y.ranges, 'null')) g
                WHERE g -> 0 <= to_jsonb(r.first_serial) AND to_jsonb(r.last_serial) <= g -> 1
            ))
        )
    ) WHEN r.batch_no IS NULL THEN 'no row' ELSE (
        SELECT string_agg(v.name || ' ' || coalesce(v.said::text, '-') || ' ≠ ' || coalesce(v.entered::text, '-'), '; ')
        FROM (VALUES
            ('last_serial', to_jsonb(r.last_serial), e.p -> 'last'),
            ('reason', to_jsonb(r.reason), e.p -> 'reason'),
            ('voided_at', to_jsonb(date_trunc('milliseconds', r.voided_at)), to_jsonb(e.recorded_at))
        ) v (name, said, entered)
        WHERE v.said IS DISTINCT FROM nullif(v.entered, 'null')
    ) END AS what
) w
WHERE w.what IS NOT NULL
