-- Batches, mint runs and the orders they answered. A run is one row however many stamps it holds.
CREATE TABLE batches (
    batch_no integer GENERATED ALWAYS AS IDENTITY (MINVALUE 1 MAXVALUE 16777215) PRIMARY KEY,
    product_no integer NOT NULL REFERENCES products,
    -- GS1 General Specifications, AI 10: 1 to 20 characters of set 82.
    lot text NOT NULL CHECK (lot ~ '^[!"%&''()*+,./0-9:;<=>?A-Z_a-z-]{1,20}$'),
    packed_on date NOT NULL,
    last_valid_day date CHECK (last_valid_day BETWEEN '2020-01-02' AND '2199-06-06'),
    -- Thousandths of the unit: exact, and enough for grams of kilograms.
    quantity_thousandths bigint CHECK (0 < quantity_thousandths),
    unit text CHECK (length(unit) BETWEEN 1 AND 20),
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
    next_serial integer NOT NULL DEFAULT 1 CHECK (next_serial BETWEEN 1 AND 16777216),
    opened_at timestamptz NOT NULL,
    opened_by integer REFERENCES tokens,
    CHECK (packed_on <= last_valid_day),
    CHECK (unit IS NULL OR quantity_thousandths IS NOT NULL),
    CONSTRAINT one_batch_per_product_and_lot UNIQUE (product_no, lot)
);
CREATE INDEX ON batches (state DESC, batch_no DESC);

-- Product, last valid day and key as signed: a stamp that differs is refused, and a reprint is identical for ever.
CREATE TABLE mint_runs (
    run_no integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_no integer NOT NULL REFERENCES batches,
    first_serial integer NOT NULL CHECK (1 <= first_serial),
    last_serial integer NOT NULL CHECK (last_serial <= 16777215),
    product_no integer NOT NULL REFERENCES products,
    -- Days since 2020-01-01, 0 = the goods do not expire, exactly as in the payload.
    last_valid_day integer NOT NULL CHECK (last_valid_day BETWEEN 0 AND 65535),
    stamp_key_no integer NOT NULL,
    code_key_no integer NOT NULL,
    -- Null: minted without a scratch layer.
    scratch_key_no integer,
    minted_at timestamptz NOT NULL,
    minted_by integer REFERENCES tokens,
    stamp_purpose text NOT NULL GENERATED ALWAYS AS ('stamp') STORED,
    code_purpose text NOT NULL GENERATED ALWAYS AS ('code') STORED,
    scratch_purpose text NOT NULL GENERATED ALWAYS AS ('scratch') STORED,
    FOREIGN KEY (stamp_purpose, stamp_key_no) REFERENCES keys (purpose, key_no),
    FOREIGN KEY (code_purpose, code_key_no) REFERENCES keys (purpose, key_no),
    FOREIGN KEY (scratch_purpose, scratch_key_no) REFERENCES keys (purpose, key_no),
    CHECK (first_serial <= last_serial),
    CONSTRAINT mint_runs_do_not_overlap
        EXCLUDE USING gist (batch_no WITH =, int4range(first_serial, last_serial, '[]') WITH &&)
);
CREATE TRIGGER mint_runs_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON mint_runs EXECUTE FUNCTION refuse_change();
CREATE TRIGGER batches_stay BEFORE DELETE OR TRUNCATE ON batches EXECUTE FUNCTION refuse_change();

-- A batch's serials are handed out upwards only, and every run lies below the next one.
CREATE FUNCTION batches_keep_serials() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.next_serial < OLD.next_serial OR NEW.batch_no <> OLD.batch_no THEN
        RAISE EXCEPTION 'serials of a batch are handed out upwards only' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.product_no <> OLD.product_no AND OLD.next_serial > 1 THEN
        RAISE EXCEPTION 'a batch with printed stamps keeps its product' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER batches_keep_serials BEFORE UPDATE ON batches FOR EACH ROW EXECUTE FUNCTION batches_keep_serials();

CREATE FUNCTION mint_runs_inside_batch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.last_serial >= (SELECT next_serial FROM batches WHERE batch_no = NEW.batch_no) THEN
        RAISE EXCEPTION 'a run reaches past the serials reserved in its batch' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER mint_runs_inside_batch BEFORE INSERT ON mint_runs FOR EACH ROW EXECUTE FUNCTION mint_runs_inside_batch();

-- Orders that succeeded, so that a repeated one is answered from its run and not minted again.
CREATE TABLE mint_orders (
    token_id integer NOT NULL REFERENCES tokens,
    route text NOT NULL,
    key text NOT NULL CHECK (key ~ '^[!-~]{1,64}$'),
    body_hash bytea NOT NULL CHECK (octet_length(body_hash) = 32),
    run_no integer NOT NULL REFERENCES mint_runs,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (token_id, route, key)
);
CREATE INDEX ON mint_orders (created_at);

-- Tells servers which batches to read again. An empty payload means all of them.
CREATE FUNCTION announce_batch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('nguon_cards', NEW.batch_no::text);
    RETURN NULL;
END $$;
CREATE TRIGGER batches_announce AFTER INSERT OR UPDATE ON batches FOR EACH ROW EXECUTE FUNCTION announce_batch();
CREATE TRIGGER mint_runs_announce AFTER INSERT ON mint_runs FOR EACH ROW EXECUTE FUNCTION announce_batch();

CREATE FUNCTION announce_register() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('nguon_cards', '');
    RETURN NULL;
END $$;
CREATE TRIGGER producers_announce AFTER INSERT OR UPDATE ON producers FOR EACH STATEMENT EXECUTE FUNCTION announce_register();
CREATE TRIGGER products_announce AFTER INSERT OR UPDATE ON products FOR EACH STATEMENT EXECUTE FUNCTION announce_register();
CREATE TRIGGER certificates_announce AFTER INSERT OR UPDATE ON certificates FOR EACH STATEMENT EXECUTE FUNCTION announce_register();

-- Who took scratch codes out of the service, and which.
CREATE TABLE scratch_exports (
    export_no integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_no integer NOT NULL REFERENCES batches,
    first_serial integer NOT NULL,
    last_serial integer NOT NULL,
    exported_by integer REFERENCES tokens,
    exported_at timestamptz NOT NULL,
    CHECK (first_serial <= last_serial)
);
CREATE TRIGGER scratch_exports_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON scratch_exports EXECUTE FUNCTION refuse_change();
