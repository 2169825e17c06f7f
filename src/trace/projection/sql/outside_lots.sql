-- Lots from outside against what is kept beside the entries that name them, of entries $1 to $2. Names of columns only: what they
-- say may be a person's.
SELECT e.entry_no, e.ledger_index, e.batch_no, e.n, 'lot ' || coalesce(o.said ->> 'outside', '-') || ': ' || w.what AS what
FROM (
    SELECT e.entry_no, e.ledger_index, e.batch_no, e.n, convert_from(q.data, 'UTF8')::jsonb AS d
    FROM ledger_entries e JOIN ledger_private q ON q.entry_no = e.entry_no
    WHERE e.entry_no BETWEEN $1 AND $2 AND e.kind IN ('event', 'correction')
    OFFSET 0
) e
CROSS JOIN LATERAL jsonb_array_elements(e.d -> 'outside') o (said)
LEFT JOIN trace_outside_lots l ON l.lot_no = (o.said ->> 'outside')::integer
CROSS JOIN LATERAL (
    SELECT CASE WHEN l.lot_no IS NULL THEN 'no row' ELSE (
        SELECT string_agg(v.name, '; ')
        FROM (VALUES
            ('product', to_jsonb(normalize(l.product, NFC)), o.said -> 'product'),
            ('supplier', to_jsonb(normalize(l.supplier, NFC)), o.said -> 'supplier'),
            ('lot', to_jsonb(normalize(l.lot, NFC)), o.said -> 'lot'),
            ('received_on', to_jsonb(to_char(l.received_on, 'YYYY-MM-DD')), o.said -> 'received_on')
        ) v (name, said, entered)
        WHERE v.said IS DISTINCT FROM nullif(v.entered, 'null')
    ) END AS what
) w
WHERE w.what IS NOT NULL
