-- Lots that went in and photos of batches $1 to $2 that belong to no event in the ledger.
SELECT NULL::bigint AS entry_no, NULL::bigint AS ledger_index, r.batch_no, r.n, 'no entry' AS what
FROM {table} r
WHERE r.batch_no BETWEEN $1 AND $2 AND NOT EXISTS (
    SELECT FROM ledger_entries e WHERE e.batch_no = r.batch_no AND e.n = r.n AND e.kind IN ('event', 'correction')
)
