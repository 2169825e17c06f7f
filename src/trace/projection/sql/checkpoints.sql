-- Checkpoints that claim to be published before the newest entry that they cover was recorded. A clock may be set right by a minute.
SELECT NULL::bigint AS entry_no, c.size - 1 AS ledger_index, NULL::integer AS batch_no, NULL::integer AS n,
    'published_at ' || to_jsonb(c.published_at)::text || ' < recorded_at ' || to_jsonb(c.newest)::text AS what
FROM (
    SELECT k.size, k.published_at, max(k.newest) OVER (ORDER BY k.size) AS newest
    FROM (
        SELECT k.size, k.published_at,
            (SELECT max(e.recorded_at) FROM ledger_entries e WHERE k.before <= e.ledger_index AND e.ledger_index < k.size) AS newest
        FROM (SELECT size, published_at, coalesce(lag(size) OVER (ORDER BY size), 0) AS before FROM ledger_checkpoints) k
    ) k
) c
WHERE c.published_at < c.newest - interval '1 minute'
