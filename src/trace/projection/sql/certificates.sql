-- Certificates against the last entry that says what each is, and the last that revoked it.
WITH acts AS MATERIALIZED (
    SELECT e.entry_no, e.ledger_index, e.kind, e.p, e.p -> 'certificate' AS certificate
    FROM (
        SELECT e.entry_no, e.ledger_index, e.kind, convert_from(e.bytes, 'UTF8')::jsonb -> 'public' AS p
        FROM ledger_entries e
        WHERE e.kind IN ('recognised', 'recognition_changed', 'recognition_revoked', 'imported') AND e.batch_no IS NULL
        OFFSET 0
    ) e
    WHERE e.p ? 'certificate'
)
SELECT s.entry_no, s.ledger_index, NULL::integer AS batch_no, NULL::integer AS n,
    'certificate ' || coalesce(c.number, s.certificate)::text || ': ' || w.what AS what
FROM (SELECT DISTINCT ON (certificate) * FROM acts WHERE kind <> 'recognition_revoked' ORDER BY certificate, entry_no DESC) s
FULL JOIN (SELECT *, to_jsonb(certificate_id) AS number FROM certificates) c ON c.number = s.certificate
LEFT JOIN (
    SELECT DISTINCT ON (a.certificate) a.certificate, a.p -> 'on' AS day,
        (SELECT convert_from(q.data, 'UTF8')::jsonb -> 'reason' FROM ledger_private q WHERE q.entry_no = a.entry_no) AS reason
    FROM acts a WHERE a.kind = 'recognition_revoked' ORDER BY a.certificate, a.entry_no DESC
) r ON r.certificate = c.number
CROSS JOIN LATERAL (
    SELECT CASE WHEN s.entry_no IS NULL THEN 'no entry' WHEN c.number IS NULL THEN 'no row' ELSE (
        SELECT string_agg(CASE WHEN v.is_shown
            THEN v.name || ' ' || coalesce(v.said::text, '-') || ' ≠ ' || coalesce(v.entered::text, '-') ELSE v.name END, '; ')
        FROM (VALUES
            ('product_no', true, to_jsonb(c.product_no), s.p -> 'product'),
            ('stars', true, to_jsonb(c.stars), s.p -> 'stars'),
            ('certificate_no', true, to_jsonb(normalize(c.certificate_no, NFC)), s.p -> 'number'),
            ('decision_no', true, to_jsonb(normalize(c.decision_no, NFC)), s.p -> 'decision'),
            ('issuer', true, to_jsonb(normalize(c.issuer, NFC)), s.p -> 'issuer'),
            ('valid_from', true, to_jsonb(to_char(c.valid_from, 'YYYY-MM-DD')), s.p -> 'from'),
            ('valid_to', true, to_jsonb(to_char(c.valid_to, 'YYYY-MM-DD')), s.p -> 'to'),
            ('revoked_on', true, to_jsonb(to_char(c.revoked_on, 'YYYY-MM-DD')), coalesce(r.day, s.p -> 'revoked_on')),
            -- Words that were erased cannot be compared.
            ('revoked_reason', false, to_jsonb(normalize(c.revoked_reason, NFC)), coalesce(r.reason, to_jsonb(normalize(c.revoked_reason, NFC))))
        ) v (name, is_shown, said, entered)
        WHERE v.said IS DISTINCT FROM nullif(v.entered, 'null')
    ) END AS what
) w
WHERE w.what IS NOT NULL
