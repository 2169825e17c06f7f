-- Batches $1 to $2 against the entry that opened them or took them in, and against the last that closed or ruled on them.
SELECT coalesce(l.entry_no, o.entry_no) AS entry_no, CASE WHEN l.entry_no IS NULL THEN o.ledger_index ELSE l.ledger_index END AS ledger_index,
    coalesce(b.batch_no, o.batch_no) AS batch_no, coalesce(l.n, o.n) AS n, w.what
FROM (
    SELECT DISTINCT ON (e.batch_no) e.entry_no, e.ledger_index, e.batch_no, e.n, convert_from(e.bytes, 'UTF8')::jsonb -> 'public' AS p
    FROM ledger_entries e
    WHERE e.batch_no BETWEEN $1 AND $2 AND e.kind IN ('batch_opened', 'imported')
    ORDER BY e.batch_no, e.n
) o
FULL JOIN (SELECT * FROM batches WHERE batch_no BETWEEN $1 AND $2) b ON b.batch_no = o.batch_no
LEFT JOIN LATERAL (
    SELECT e.entry_no, e.ledger_index, e.n, e.kind,
        -- What is said again keeps its first day.
        (SELECT min(f.recorded_at) FROM ledger_entries f WHERE f.batch_no = e.batch_no AND f.kind = e.kind AND f.n > coalesce((
            SELECT max(r.n) FROM ledger_entries r WHERE r.batch_no = e.batch_no AND r.kind = 'resumed' AND r.n < e.n), 0)) AS since,
        (SELECT convert_from(q.data, 'UTF8')::jsonb -> 'reason' FROM ledger_private q WHERE q.entry_no = e.entry_no) AS reason
    FROM ledger_entries e
    WHERE e.batch_no = b.batch_no AND e.kind IN ('suspended', 'resumed', 'recalled')
    ORDER BY e.n DESC LIMIT 1
) l ON true
CROSS JOIN LATERAL (
    SELECT CASE WHEN o.entry_no IS NULL THEN 'no entry' WHEN b.batch_no IS NULL THEN 'no row' ELSE (
        SELECT string_agg(CASE WHEN v.is_shown
            THEN v.name || ' ' || coalesce(v.said::text, '-') || ' ≠ ' || coalesce(v.entered::text, '-') ELSE v.name END, '; ')
        FROM (VALUES
            ('product_no', true, to_jsonb(b.product_no), o.p -> 'product'),
            ('lot', true, to_jsonb(normalize(b.lot, NFC)), o.p -> 'lot'),
            ('packed_on', true, to_jsonb(to_char(b.packed_on, 'YYYY-MM-DD')), o.p -> 'packed_on'),
            ('last_valid_day', true, to_jsonb(to_char(b.last_valid_day, 'YYYY-MM-DD')), o.p -> 'last_valid_day'),
            ('state', true, to_jsonb(b.state), CASE
                WHEN o.p -> 'open' = 'false' OR EXISTS (SELECT FROM ledger_entries e WHERE e.batch_no = b.batch_no AND e.kind = 'batch_closed')
                THEN '"closed"'::jsonb ELSE '"open"' END),
            ('standing', true, to_jsonb(b.standing), CASE l.kind
                WHEN 'suspended' THEN '"suspended"'::jsonb WHEN 'recalled' THEN '"recalled"' WHEN 'resumed' THEN '"normal"'
                ELSE coalesce(o.p -> 'standing', '"normal"') END),
            ('standing_since', true, to_jsonb(date_trunc('milliseconds', b.standing_since)), CASE
                WHEN l.kind = 'resumed' THEN NULL WHEN l.kind IS NULL OR o.p ->> 'standing' = l.kind THEN to_jsonb(date_trunc('milliseconds', b.standing_since))
                ELSE to_jsonb(l.since) END),
            -- Words that were erased cannot be compared.
            ('standing_reason', false, to_jsonb(normalize(b.standing_reason, NFC)), CASE
                WHEN l.kind = 'resumed' THEN NULL ELSE coalesce(l.reason, to_jsonb(normalize(b.standing_reason, NFC))) END)
        ) v (name, is_shown, said, entered)
        WHERE v.said IS DISTINCT FROM nullif(v.entered, 'null')
    ) END AS what
) w
WHERE w.what IS NOT NULL
