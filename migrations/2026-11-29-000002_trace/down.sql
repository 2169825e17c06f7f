DROP TRIGGER ledger_entries_announce ON ledger_entries;
DROP FUNCTION announce_sequenced;
DROP TABLE trace_orders, lot_shares, trace_inputs, trace_event_files, trace_events, trace_outside_lots;
DROP FUNCTION trace_events_stay, trace_inputs_stay;
ALTER TABLE products DROP COLUMN stage_template;
DROP TABLE stages, stage_template_sets, stage_templates;
