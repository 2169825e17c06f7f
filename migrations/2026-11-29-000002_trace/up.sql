-- What happened to a batch: stages to choose from, events, lots as a graph, photos.

-- Templates come with the program and are filled once; what the office changed afterwards is never written over.
CREATE TABLE stage_templates (
    template text PRIMARY KEY CHECK (template ~ '^[a-z_]{1,30}$'),
    name_vi text NOT NULL CHECK (length(name_vi) BETWEEN 1 AND 100),
    name_en text NOT NULL CHECK (length(name_en) BETWEEN 1 AND 100)
);

-- Which template a product set has; a product may choose another one.
CREATE TABLE stage_template_sets (
    set_no smallint PRIMARY KEY CHECK (set_no BETWEEN 1 AND 26),
    template text NOT NULL REFERENCES stage_templates
);
ALTER TABLE products ADD COLUMN stage_template text REFERENCES stage_templates;

CREATE TABLE stages (
    stage_no integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    template text NOT NULL REFERENCES stage_templates,
    code text NOT NULL CHECK (code ~ '^[a-z][a-z0-9_]{0,29}$'),
    -- The order of forms, from 1; two with the same place stand by their number.
    place smallint NOT NULL CHECK (1 <= place),
    step text NOT NULL CHECK (step IN ('sow', 'care', 'harvest', 'receive_lot', 'process', 'pack', 'test', 'ship', 'receive_goods', 'sell', 'destroy')),
    name_vi text NOT NULL CHECK (length(name_vi) BETWEEN 1 AND 100),
    name_en text NOT NULL CHECK (length(name_en) BETWEEN 1 AND 100),
    -- In what the stage is usually counted; null: in anything.
    unit text CHECK (length(unit) BETWEEN 1 AND 20),
    -- Most that comes out of what went in, thousandths; null: the two cannot be compared.
    max_yield_permille integer CHECK (max_yield_permille BETWEEN 1 AND 100000),
    hint_vi text CHECK (length(hint_vi) BETWEEN 1 AND 300),
    closed_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT one_stage_per_code UNIQUE (template, code)
);
CREATE TRIGGER stages_stay BEFORE DELETE OR TRUNCATE ON stages EXECUTE FUNCTION refuse_change();

-- Lots bought from someone who has no batches here. The supplier may be a person, so it is in no entry but as a salted hash.
CREATE TABLE trace_outside_lots (
    lot_no integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    producer_no integer NOT NULL REFERENCES producers,
    product text NOT NULL CHECK (length(product) BETWEEN 1 AND 120),
    -- Null once it was erased.
    supplier text CHECK (length(supplier) BETWEEN 1 AND 120),
    lot text CHECK (length(lot) BETWEEN 1 AND 40),
    received_on date NOT NULL,
    quantity_thousandths bigint NOT NULL CHECK (0 < quantity_thousandths),
    unit text NOT NULL CHECK (length(unit) BETWEEN 1 AND 20),
    created_at timestamptz NOT NULL
);
CREATE INDEX ON trace_outside_lots (producer_no, lot_no DESC);
CREATE TRIGGER trace_outside_lots_stay BEFORE DELETE OR TRUNCATE ON trace_outside_lots EXECUTE FUNCTION refuse_change();

-- Events and their corrections. The ledger's entry is the record; the row is what is asked for.
CREATE TABLE trace_events (
    batch_no integer NOT NULL REFERENCES batches,
    -- The entry's place in the batch's chain.
    n integer NOT NULL CHECK (0 < n),
    entry_no bigint NOT NULL UNIQUE REFERENCES ledger_entries,
    -- The event, or earlier correction, that this one says anew.
    corrects integer,
    stage_no integer REFERENCES stages,
    step text NOT NULL CHECK (step IN ('sow', 'care', 'harvest', 'receive_lot', 'process', 'pack', 'test', 'ship', 'receive_goods', 'sell', 'destroy')),
    -- As declared, on Vietnam's clocks.
    happened_on date NOT NULL,
    happened_time time,
    commune_code text,
    commune_valid_from date,
    village text CHECK (length(village) BETWEEN 1 AND 200),
    in_thousandths bigint CHECK (0 < in_thousandths),
    in_unit text CHECK (length(in_unit) BETWEEN 1 AND 20),
    out_thousandths bigint CHECK (0 < out_thousandths),
    out_unit text CHECK (length(out_unit) BETWEEN 1 AND 20),
    -- Days between spraying and harvest that the label of the spray asks for.
    wait_days smallint CHECK (wait_days BETWEEN 0 AND 365),
    -- Words of people: they may be erased, the rest stays.
    place_text text CHECK (length(place_text) BETWEEN 1 AND 120),
    note text CHECK (length(note) BETWEEN 1 AND 500),
    reason text CHECK (length(reason) BETWEEN 1 AND 500),
    recorded_at timestamptz NOT NULL,
    -- Both null: the operator at the command line.
    recorded_by integer REFERENCES tokens,
    recorded_by_account integer REFERENCES accounts,
    -- As what they acted, as in the entry.
    role text NOT NULL CHECK (length(role) BETWEEN 1 AND 20),
    -- False once a correction took its place.
    stands boolean NOT NULL DEFAULT true,
    PRIMARY KEY (batch_no, n),
    FOREIGN KEY (batch_no, corrects) REFERENCES trace_events (batch_no, n),
    FOREIGN KEY (commune_code, commune_valid_from) REFERENCES communes (code, valid_from) MATCH FULL,
    CHECK (corrects < n),
    CHECK ((in_thousandths IS NULL) = (in_unit IS NULL)),
    CHECK ((out_thousandths IS NULL) = (out_unit IS NULL)),
    -- Only the latest is corrected, so that there is one thing said at a time.
    CONSTRAINT one_correction_per_event UNIQUE (batch_no, corrects)
);
CREATE INDEX ON trace_events (stage_no, recorded_at DESC);

-- Photos of an event. The bytes lie outside, under their hash.
CREATE TABLE trace_event_files (
    batch_no integer NOT NULL,
    n integer NOT NULL,
    place smallint NOT NULL CHECK (1 <= place),
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    PRIMARY KEY (batch_no, n, place),
    FOREIGN KEY (batch_no, n) REFERENCES trace_events
);
CREATE INDEX ON trace_event_files (sha256);

-- What went into a batch: another batch, or a lot from outside. These are the edges of the graph.
CREATE TABLE trace_inputs (
    batch_no integer NOT NULL,
    n integer NOT NULL,
    place smallint NOT NULL CHECK (1 <= place),
    from_batch integer REFERENCES batches,
    from_lot integer REFERENCES trace_outside_lots,
    quantity_thousandths bigint NOT NULL CHECK (0 < quantity_thousandths),
    unit text NOT NULL CHECK (length(unit) BETWEEN 1 AND 20),
    stands boolean NOT NULL DEFAULT true,
    PRIMARY KEY (batch_no, n, place),
    FOREIGN KEY (batch_no, n) REFERENCES trace_events,
    CHECK ((from_batch IS NULL) <> (from_lot IS NULL)),
    CHECK (from_batch <> batch_no)
);
CREATE INDEX trace_inputs_back ON trace_inputs (batch_no) INCLUDE (from_batch) WHERE stands;
CREATE INDEX trace_inputs_forward ON trace_inputs (from_batch) INCLUDE (batch_no) WHERE stands AND from_batch IS NOT NULL;
CREATE INDEX trace_inputs_of_lot ON trace_inputs (from_lot) WHERE stands AND from_lot IS NOT NULL;

-- An event stays as it was said. It may cease to stand, and a person's words in it may be erased.
CREATE FUNCTION trace_events_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (to_jsonb(NEW) - '{stands,place_text,note,reason}'::text[]) IS DISTINCT FROM (to_jsonb(OLD) - '{stands,place_text,note,reason}'::text[])
        OR (NEW.stands AND NOT OLD.stands)
        OR (NEW.place_text IS DISTINCT FROM OLD.place_text AND NEW.place_text IS NOT NULL)
        OR (NEW.note IS DISTINCT FROM OLD.note AND NEW.note IS NOT NULL)
        OR (NEW.reason IS DISTINCT FROM OLD.reason AND NEW.reason IS NOT NULL)
    THEN
        RAISE EXCEPTION 'an event stays as it was said; it is corrected by another' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER trace_events_stay BEFORE UPDATE ON trace_events FOR EACH ROW EXECUTE FUNCTION trace_events_stay();
-- Answers to scans show the last stages. They are announced as they get their places in the ledger, many at once: commits that
-- announce something wait for each other, and recording must not.
CREATE FUNCTION announce_sequenced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('nguon_cards', s.batch_no::text)
    FROM (SELECT DISTINCT batch_no FROM sequenced WHERE kind IN ('event', 'correction')) s;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_entries_announce AFTER UPDATE ON ledger_entries REFERENCING NEW TABLE AS sequenced
    FOR EACH STATEMENT EXECUTE FUNCTION announce_sequenced();
CREATE TRIGGER trace_events_kept BEFORE DELETE OR TRUNCATE ON trace_events EXECUTE FUNCTION refuse_change();

CREATE FUNCTION trace_inputs_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (to_jsonb(NEW) - 'stands') IS DISTINCT FROM (to_jsonb(OLD) - 'stands') OR (NEW.stands AND NOT OLD.stands) THEN
        RAISE EXCEPTION 'an input stays as it was said; it is corrected by another' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER trace_inputs_stay BEFORE UPDATE ON trace_inputs FOR EACH ROW EXECUTE FUNCTION trace_inputs_stay();
CREATE TRIGGER trace_inputs_kept BEFORE DELETE OR TRUNCATE ON trace_inputs EXECUTE FUNCTION refuse_change();
CREATE TRIGGER trace_event_files_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON trace_event_files EXECUTE FUNCTION refuse_change();

-- Whose lots others may name as inputs. Without a producer: every producer of the province.
CREATE TABLE lot_shares (
    share_no integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_no integer NOT NULL REFERENCES batches,
    producer_no integer REFERENCES producers,
    shared_at timestamptz NOT NULL,
    shared_by integer REFERENCES tokens,
    shared_by_account integer REFERENCES accounts,
    CONSTRAINT one_share_per_lot_and_producer UNIQUE NULLS NOT DISTINCT (batch_no, producer_no)
);
CREATE INDEX ON lot_shares (producer_no, batch_no DESC);

-- Events that were answered, so that one sent twice by a phone without signal is recorded once.
CREATE TABLE trace_orders (
    -- `token 5` or `account 7`: one column, so that one index finds it.
    actor text NOT NULL CHECK (actor ~ '^(token|account) [0-9]+$'),
    route text NOT NULL,
    key text NOT NULL CHECK (key ~ '^[!-~]{1,64}$'),
    body_hash bytea NOT NULL CHECK (octet_length(body_hash) = 32),
    batch_no integer NOT NULL,
    n integer NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (actor, route, key),
    FOREIGN KEY (batch_no, n) REFERENCES trace_events
);
CREATE INDEX ON trace_orders (actor, created_at);
