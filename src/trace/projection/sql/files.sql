-- Photos against the entries of their events, of entries $1 to $2.
SELECT e.entry_no, e.ledger_index, e.batch_no, e.n,
    coalesce(f.said::text, '-') || ' ≠ ' || coalesce(e.entered::text, '-') AS what
FROM (
    SELECT e.entry_no, e.ledger_index, e.batch_no, e.n, convert_from(e.bytes, 'UTF8')::jsonb #> '{public,files}' AS entered
    FROM ledger_entries e
    WHERE e.entry_no BETWEEN $1 AND $2 AND e.kind IN ('event', 'correction')
    OFFSET 0
) e
CROSS JOIN LATERAL (
    SELECT jsonb_agg(encode(f.sha256, 'base64') ORDER BY f.place) AS said
    FROM trace_event_files f WHERE f.batch_no = e.batch_no AND f.n = e.n
) f
WHERE f.said IS DISTINCT FROM e.entered
