-- The ledger: entries as exact bytes, one Merkle tree over them, signed checkpoints, witnesses' cosignatures.

-- One row: how far the tree has grown, when older rows were taken in, and whether something forbids to go on.
CREATE TABLE ledger_state (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    -- Entries with a place in the tree.
    size bigint NOT NULL DEFAULT 0 CHECK (0 <= size),
    -- When every row older than the ledger had got its entry; null until then.
    imported_at timestamptz,
    -- The database lies behind what was published, or its bytes do not add up: nothing is written or signed.
    halted_at timestamptz,
    halted_reason text CHECK (length(halted_reason) BETWEEN 1 AND 1000),
    CHECK ((halted_at IS NULL) = (halted_reason IS NULL))
);
INSERT INTO ledger_state DEFAULT VALUES;

CREATE FUNCTION ledger_state_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.size < OLD.size OR (OLD.imported_at IS NOT NULL AND NEW.imported_at IS DISTINCT FROM OLD.imported_at) THEN
        RAISE EXCEPTION 'the ledger only grows' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_state_only_grows BEFORE UPDATE ON ledger_state FOR EACH ROW EXECUTE FUNCTION ledger_state_only_grows();
CREATE TRIGGER ledger_state_stays BEFORE DELETE OR TRUNCATE ON ledger_state EXECUTE FUNCTION refuse_change();

-- The bytes are the record; the columns after the hash repeat what they say, for queries. An entry without an index waits for its
-- place: it is committed with the act it records, and sequenced a moment later.
CREATE TABLE ledger_entries (
    entry_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ledger_index bigint UNIQUE CHECK (0 <= ledger_index),
    bytes bytea NOT NULL CHECK (octet_length(bytes) BETWEEN 2 AND 4096),
    -- RFC 6962: SHA-256(0x00 ‖ bytes).
    leaf_hash bytea NOT NULL CHECK (octet_length(leaf_hash) = 32),
    kind text NOT NULL CHECK (kind ~ '^[a-z_]{1,40}$'),
    -- The chain and the place in it, from 1; both null for entries that belong to no batch.
    batch_no integer CHECK (0 < batch_no),
    n integer CHECK (0 < n),
    declared_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    CHECK ((batch_no IS NULL) = (n IS NULL)),
    CONSTRAINT one_entry_per_place_in_a_chain UNIQUE (batch_no, n)
);
CREATE INDEX ledger_entries_pending ON ledger_entries (entry_no) WHERE ledger_index IS NULL;
CREATE INDEX ledger_entries_manifests ON ledger_entries (entry_no) WHERE kind = 'manifest';

-- What an entry holds only as a salted hash, because it may be a person's. May be erased; the entry stays whole.
CREATE TABLE ledger_private (
    entry_no bigint PRIMARY KEY REFERENCES ledger_entries,
    salt bytea NOT NULL CHECK (octet_length(salt) = 16),
    data bytea NOT NULL CHECK (octet_length(data) BETWEEN 1 AND 65536)
);

-- An entry never changes; once it gets its place in the tree. Error code NG001: the ledger is halted.
CREATE FUNCTION ledger_entries_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF EXISTS (SELECT FROM ledger_state WHERE halted_at IS NOT NULL) THEN
            RAISE EXCEPTION 'the ledger is halted' USING ERRCODE = 'NG001';
        END IF;
        RETURN NULL;
    END IF;
    IF OLD.ledger_index IS NOT NULL
        OR NEW.ledger_index IS NULL
        OR (NEW.entry_no, NEW.bytes, NEW.leaf_hash, NEW.kind, NEW.batch_no, NEW.n, NEW.declared_at, NEW.recorded_at)
            IS DISTINCT FROM
            (OLD.entry_no, OLD.bytes, OLD.leaf_hash, OLD.kind, OLD.batch_no, OLD.n, OLD.declared_at, OLD.recorded_at)
    THEN
        RAISE EXCEPTION 'an entry of the ledger never changes' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_entries_insert AFTER INSERT ON ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION ledger_entries_stay();
CREATE TRIGGER ledger_entries_update AFTER UPDATE ON ledger_entries FOR EACH ROW EXECUTE FUNCTION ledger_entries_stay();
CREATE TRIGGER ledger_entries_kept BEFORE DELETE OR TRUNCATE ON ledger_entries EXECUTE FUNCTION refuse_change();

-- Tiles of 256 hashes (C2SP tlog-tiles); those at the right edge hold fewer and grow. What is there already never changes.
CREATE TABLE ledger_tiles (
    level smallint NOT NULL CHECK (level BETWEEN 0 AND 7),
    tile_index bigint NOT NULL CHECK (0 <= tile_index),
    hashes bytea NOT NULL CHECK (octet_length(hashes) % 32 = 0 AND octet_length(hashes) BETWEEN 32 AND 8192),
    PRIMARY KEY (level, tile_index)
);
ALTER TABLE ledger_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;
CREATE FUNCTION ledger_tiles_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.level, NEW.tile_index) IS DISTINCT FROM (OLD.level, OLD.tile_index)
        OR substring(NEW.hashes FROM 1 FOR octet_length(OLD.hashes)) <> OLD.hashes
    THEN
        RAISE EXCEPTION 'a tile of the ledger only grows' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_tiles_only_grow BEFORE UPDATE ON ledger_tiles FOR EACH ROW EXECUTE FUNCTION ledger_tiles_only_grow();
CREATE TRIGGER ledger_tiles_stay BEFORE DELETE OR TRUNCATE ON ledger_tiles EXECUTE FUNCTION refuse_change();

-- Signed, one per size for ever; published once the high-water file outside the database has it.
CREATE TABLE ledger_checkpoints (
    size bigint PRIMARY KEY CHECK (0 <= size),
    root bytea NOT NULL CHECK (octet_length(root) = 32),
    -- The C2SP signed note as it was signed, without cosignatures.
    note text NOT NULL CHECK (length(note) BETWEEN 1 AND 4096),
    signed_at timestamptz NOT NULL,
    published_at timestamptz
);
CREATE INDEX ledger_checkpoints_published ON ledger_checkpoints (size DESC) WHERE published_at IS NOT NULL;
CREATE FUNCTION ledger_checkpoints_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF EXISTS (SELECT FROM ledger_checkpoints WHERE NEW.size <= size) THEN
            RAISE EXCEPTION 'checkpoints only grow' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.published_at IS NOT NULL
        OR NEW.published_at IS NULL
        OR (NEW.size, NEW.root, NEW.note, NEW.signed_at) IS DISTINCT FROM (OLD.size, OLD.root, OLD.note, OLD.signed_at)
    THEN
        RAISE EXCEPTION 'a checkpoint never changes' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_checkpoints_grow BEFORE INSERT OR UPDATE ON ledger_checkpoints FOR EACH ROW EXECUTE FUNCTION ledger_checkpoints_stay();
CREATE TRIGGER ledger_checkpoints_kept BEFORE DELETE OR TRUNCATE ON ledger_checkpoints EXECUTE FUNCTION refuse_change();

-- What named witnesses signed (C2SP tlog-cosignature), the latest of each for a checkpoint.
CREATE TABLE ledger_cosignatures (
    size bigint NOT NULL REFERENCES ledger_checkpoints,
    -- The witness's name and key identifier, as in the signature line.
    witness text NOT NULL CHECK (length(witness) BETWEEN 1 AND 255),
    -- The whole signature line, newline and all.
    line text NOT NULL CHECK (length(line) BETWEEN 1 AND 1024),
    cosigned_at timestamptz NOT NULL,
    PRIMARY KEY (size, witness)
);
CREATE INDEX ON ledger_cosignatures (witness, size DESC);

-- The ledger signs with a key of its own, which is stored and sealed like the others.
ALTER TABLE keys DROP CONSTRAINT keys_purpose_check;
ALTER TABLE keys ADD CONSTRAINT keys_purpose_check CHECK (purpose IN ('stamp', 'code', 'scratch', 'ledger'));
ALTER TABLE keys DROP CONSTRAINT keys_check;
ALTER TABLE keys ADD CONSTRAINT keys_check CHECK ((purpose IN ('stamp', 'ledger')) = (public_key IS NOT NULL));
