-- What entries $1 to $2 hold only the hash of is there, unless a later entry says that it was erased: one of the same chain that
-- names the line, or one that names the place in the tree.
WITH erased AS MATERIALIZED (
    SELECT x.entry_no, x.batch_no, convert_from(x.bytes, 'UTF8')::jsonb -> 'public' AS p
    FROM ledger_entries x WHERE x.kind = 'erasure'
)
SELECT e.entry_no, e.ledger_index, e.batch_no, e.n, 'no row' AS what
FROM (
    SELECT e.entry_no, e.ledger_index, e.batch_no, e.n, convert_from(e.bytes, 'UTF8')::jsonb -> 'data' AS data
    FROM ledger_entries e
    WHERE e.entry_no BETWEEN $1 AND $2 AND NOT EXISTS (SELECT FROM ledger_private q WHERE q.entry_no = e.entry_no)
    OFFSET 0
) e
WHERE e.data <> 'null' AND NOT EXISTS (
    SELECT FROM erased x
    WHERE e.entry_no < x.entry_no
        AND (x.batch_no = e.batch_no AND x.p -> 'n' = to_jsonb(e.n) OR x.p -> 'index' = to_jsonb(e.ledger_index))
)
