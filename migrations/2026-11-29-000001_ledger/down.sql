-- A ledger cannot be taken back and be a ledger: this is for a deployment that never published one.
ALTER TABLE keys DISABLE TRIGGER keys_stay;
DELETE FROM keys WHERE purpose = 'ledger';
ALTER TABLE keys ENABLE TRIGGER keys_stay;
ALTER TABLE keys DROP CONSTRAINT keys_check;
ALTER TABLE keys ADD CONSTRAINT keys_check CHECK ((purpose = 'stamp') = (public_key IS NOT NULL));
ALTER TABLE keys DROP CONSTRAINT keys_purpose_check;
ALTER TABLE keys ADD CONSTRAINT keys_purpose_check CHECK (purpose IN ('stamp', 'code', 'scratch'));
DROP TABLE ledger_cosignatures, ledger_checkpoints, ledger_tiles, ledger_private, ledger_entries, ledger_state;
DROP FUNCTION ledger_state_only_grows, ledger_entries_stay, ledger_tiles_only_grow, ledger_checkpoints_stay;
