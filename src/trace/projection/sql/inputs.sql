-- Lots that went in against the entries of their events, of entries $1 to $2.
SELECT e.entry_no, e.ledger_index, e.batch_no, e.n, w.what
FROM (
    SELECT e.entry_no, e.ledger_index, e.batch_no, e.n, convert_from(e.bytes, 'UTF8')::jsonb #> '{public,inputs}' AS entered
    FROM ledger_entries e
    WHERE e.entry_no BETWEEN $1 AND $2 AND e.kind IN ('event', 'correction')
    OFFSET 0
) e
CROSS JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object(
            CASE WHEN i.from_lot IS NULL THEN 'batch' ELSE 'outside' END, coalesce(i.from_lot, i.from_batch),
            'quantity', i.quantity_thousandths, 'unit', normalize(i.unit, NFC)) ORDER BY i.place) AS said,
        bool_or(i.stands) AS any_stands, bool_and(i.stands) AS all_stand
    FROM trace_inputs i WHERE i.batch_no = e.batch_no AND i.n = e.n
) i
CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM trace_events c WHERE c.batch_no = e.batch_no AND c.corrects = e.n) AS is_struck
) c
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN i.said IS DISTINCT FROM e.entered THEN coalesce(i.said::text, '-') || ' ≠ ' || coalesce(e.entered::text, '-')
        WHEN i.any_stands AND c.is_struck THEN 'stands true ≠ false'
        WHEN NOT i.all_stand AND NOT c.is_struck THEN 'stands false ≠ true'
    END AS what
) w
WHERE w.what IS NOT NULL
