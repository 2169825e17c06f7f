-- Batches that are closed, suspended, recalled; voided stamps; proposals, quotas and what was asked above them.
ALTER TABLE batches
    ADD COLUMN closed_at timestamptz,
    ADD COLUMN standing text NOT NULL DEFAULT 'normal' CHECK (standing IN ('normal', 'suspended', 'recalled')),
    -- What the public page says of a standing other than normal.
    ADD COLUMN standing_reason text CHECK (length(standing_reason) BETWEEN 1 AND 500),
    ADD COLUMN standing_advice text CHECK (length(standing_advice) BETWEEN 1 AND 500),
    ADD COLUMN standing_contact text CHECK (length(standing_contact) BETWEEN 1 AND 200),
    ADD COLUMN standing_since timestamptz,
    -- Most stamps the office lets this batch have; null: no limit but the serials.
    ADD COLUMN max_stamps integer CHECK (max_stamps BETWEEN 0 AND 16777215),
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD CHECK ((standing = 'normal') = (standing_reason IS NULL)),
    ADD CHECK ((standing = 'normal') = (standing_since IS NULL));

CREATE FUNCTION batches_stay_recalled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.standing = 'recalled' AND NEW.standing <> 'recalled' THEN
        RAISE EXCEPTION 'a recalled batch stays recalled' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state = 'closed' AND NEW.state <> 'closed' THEN
        RAISE EXCEPTION 'a closed batch stays closed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER batches_stay_recalled BEFORE UPDATE ON batches FOR EACH ROW EXECUTE FUNCTION batches_stay_recalled();

-- Ranges of stamps that no longer count.
CREATE TABLE voids (
    void_no integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_no integer NOT NULL REFERENCES batches,
    first_serial integer NOT NULL CHECK (0 <= first_serial),
    last_serial integer NOT NULL CHECK (last_serial <= 16777215),
    reason text NOT NULL CHECK (reason IN ('misprint', 'damaged', 'lost', 'stolen', 'overprint', 'order_cancelled', 'other')),
    note text CHECK (length(note) BETWEEN 1 AND 500),
    voided_at timestamptz NOT NULL,
    voided_by integer REFERENCES tokens,
    voided_by_account integer REFERENCES accounts,
    CHECK (first_serial <= last_serial),
    CHECK (reason <> 'other' OR note IS NOT NULL),
    CONSTRAINT voids_do_not_overlap
        EXCLUDE USING gist (batch_no WITH =, int4range(first_serial, last_serial, '[]') WITH &&)
);
CREATE TRIGGER voids_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON voids EXECUTE FUNCTION refuse_change();
CREATE TRIGGER voids_announce AFTER INSERT ON voids FOR EACH ROW EXECUTE FUNCTION announce_batch();

-- What an inspector asks the office to suspend.
CREATE TABLE suspension_proposals (
    proposal_no integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_no integer NOT NULL REFERENCES batches,
    -- The stamp that gave rise to it, if one did.
    serial integer CHECK (serial BETWEEN 0 AND 16777215),
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    proposed_by integer REFERENCES accounts,
    proposed_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'accepted', 'dismissed')),
    decided_by integer REFERENCES accounts,
    decided_at timestamptz,
    note text CHECK (length(note) BETWEEN 1 AND 500),
    CHECK ((state = 'waiting') = (decided_at IS NULL))
);
CREATE INDEX ON suspension_proposals (state, proposal_no DESC);
CREATE TRIGGER suspension_proposals_stay BEFORE DELETE OR TRUNCATE ON suspension_proposals EXECUTE FUNCTION refuse_change();

-- One row: whether stamps are limited by what a batch declares, and by how much more for misprints.
CREATE TABLE quota_policy (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    is_enforced boolean NOT NULL,
    margin_percent smallint NOT NULL CHECK (margin_percent BETWEEN 0 AND 100),
    version integer NOT NULL DEFAULT 1
);
INSERT INTO quota_policy (is_enforced, margin_percent) VALUES (false, 5);

-- Orders above a batch's quota wait here for the office.
CREATE TABLE quota_requests (
    request_no integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_no integer NOT NULL REFERENCES batches,
    n_stamps integer NOT NULL CHECK (n_stamps BETWEEN 1 AND 16777215),
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    asked_by_account integer REFERENCES accounts,
    asked_by integer REFERENCES tokens,
    asked_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'approved', 'refused')),
    decided_by integer REFERENCES accounts,
    decided_at timestamptz,
    note text CHECK (length(note) BETWEEN 1 AND 500),
    CHECK ((state = 'waiting') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX one_waiting_request_per_batch ON quota_requests (batch_no) WHERE state = 'waiting';
CREATE TRIGGER quota_requests_stay BEFORE DELETE OR TRUNCATE ON quota_requests EXECUTE FUNCTION refuse_change();
