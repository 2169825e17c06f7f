-- How many stamps of batches $1 to $2 were minted or voided before the ledger, against the entries that took the batches in.
SELECT m.entry_no, m.ledger_index, m.batch_no, m.n, 'stamps older than the ledger ' || r.n_stamps || ' ≠ ' || coalesce(m.entered::text, '-') AS what
FROM (
    SELECT m.entry_no, m.ledger_index, m.batch_no, m.n, convert_from(m.bytes, 'UTF8')::jsonb #> '{public,{member},n}' AS entered
    FROM ledger_entries m
    WHERE m.batch_no BETWEEN $1 AND $2 AND m.kind = 'imported'
    OFFSET 0
) m
CROSS JOIN LATERAL (
    SELECT coalesce(sum(r.last_serial - r.first_serial + 1), 0)::bigint AS n_stamps
    FROM {table} r
    WHERE r.batch_no = m.batch_no AND NOT EXISTS (
        SELECT FROM ledger_entries e
        WHERE e.batch_no = r.batch_no AND e.kind = '{kind}'
            AND convert_from(e.bytes, 'UTF8')::jsonb #> '{public,first}' = to_jsonb(r.first_serial)
    )
) r
WHERE to_jsonb(r.n_stamps) IS DISTINCT FROM m.entered
