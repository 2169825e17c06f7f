-- Events and corrections against their entries, of entries $1 to $2.
SELECT coalesce(e.entry_no, t.entry_no) AS entry_no, e.ledger_index,
    coalesce(e.batch_no, t.batch_no) AS batch_no, coalesce(e.n, t.n) AS n, w.what
FROM (
    SELECT e.entry_no, e.ledger_index, e.batch_no, e.n, e.recorded_at, convert_from(e.bytes, 'UTF8')::jsonb AS j,
        (SELECT convert_from(q.data, 'UTF8')::jsonb FROM ledger_private q WHERE q.entry_no = e.entry_no) AS d
    FROM ledger_entries e
    WHERE e.entry_no BETWEEN $1 AND $2 AND e.kind IN ('event', 'correction')
    OFFSET 0
) e
FULL JOIN (SELECT * FROM trace_events WHERE entry_no BETWEEN $1 AND $2) t ON t.entry_no = e.entry_no
LEFT JOIN stages s ON s.stage_no = t.stage_no
CROSS JOIN LATERAL (
    SELECT CASE WHEN e.entry_no IS NULL THEN 'no entry' WHEN t.entry_no IS NULL THEN 'no row' ELSE (
        SELECT string_agg(CASE WHEN v.is_shown
            THEN v.name || ' ' || coalesce(v.said::text, '-') || ' ≠ ' || coalesce(v.entered::text, '-') ELSE v.name END, '; ')
        FROM (VALUES
            ('batch_no', true, to_jsonb(t.batch_no), to_jsonb(e.batch_no)),
            ('n', true, to_jsonb(t.n), to_jsonb(e.n)),
            ('corrects', true, to_jsonb(t.corrects), e.j #> '{public,corrects}'),
            ('step', true, to_jsonb(t.step), e.j #> '{public,step}'),
            ('stage_no', true, to_jsonb(s.template || '.' || s.code), e.j #> '{public,stage}'),
            ('happened_on', true, to_jsonb(to_char(t.happened_on, 'YYYY-MM-DD')), e.j #> '{public,on}'),
            ('happened_time', true, to_jsonb(to_char(t.happened_time, 'HH24:MI:SS')), to_jsonb((e.j #>> '{public,time}') || ':00')),
            ('commune_code', true, to_jsonb(t.commune_code), e.j #> '{public,place,commune}'),
            ('village', true, to_jsonb(normalize(t.village, NFC)), e.j #> '{public,village}'),
            ('in_thousandths', true, to_jsonb(t.in_thousandths), e.j #> '{public,in,quantity}'),
            ('in_unit', true, to_jsonb(normalize(t.in_unit, NFC)), e.j #> '{public,in,unit}'),
            ('out_thousandths', true, to_jsonb(t.out_thousandths), e.j #> '{public,out,quantity}'),
            ('out_unit', true, to_jsonb(normalize(t.out_unit, NFC)), e.j #> '{public,out,unit}'),
            ('wait_days', true, to_jsonb(t.wait_days), e.j #> '{public,wait_days}'),
            ('role', true, to_jsonb(t.role), e.j #> '{actor,role}'),
            ('recorded_by', true, to_jsonb(t.recorded_by), e.j #> '{actor,token}'),
            ('recorded_by_account', true, to_jsonb(t.recorded_by_account), e.j #> '{actor,account}'),
            ('recorded_at', true, to_jsonb(date_trunc('milliseconds', t.recorded_at)), to_jsonb(e.recorded_at)),
            ('stands', true, to_jsonb(t.stands), to_jsonb(NOT EXISTS (
                SELECT FROM trace_events c WHERE c.batch_no = t.batch_no AND c.corrects = t.n))),
            ('place_text', false, to_jsonb(normalize(t.place_text, NFC)), e.d -> 'place'),
            ('note', false, to_jsonb(normalize(t.note, NFC)), e.d -> 'note'),
            ('reason', false, to_jsonb(normalize(t.reason, NFC)), e.d -> 'reason')
        ) v (name, is_shown, said, entered)
        WHERE v.said IS DISTINCT FROM nullif(v.entered, 'null')
    ) END AS what
) w
WHERE w.what IS NOT NULL
