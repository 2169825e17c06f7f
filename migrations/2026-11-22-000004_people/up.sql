-- People who sign in, their sessions and one-time links, and the trail of who wrote what.
CREATE TABLE accounts (
    account_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- A phone number in international form, or a user name.
    login text NOT NULL UNIQUE CHECK (login ~ '^(\+[0-9]{8,15}|[a-z][a-z0-9._-]{2,31})$'),
    display_name text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 100),
    role text NOT NULL CHECK (role IN ('office', 'officer', 'producer', 'inspector', 'auditor')),
    -- Whose member a producer's account is.
    producer_no integer REFERENCES producers,
    -- For which commune an officer acts. By code alone: a commune keeps its officer when its name is corrected.
    commune_code text CHECK (commune_code ~ '^[0-9]{5}$'),
    -- PHC string of argon2id; null until the person has chosen a password.
    password_hash text CHECK (password_hash LIKE '$argon2id$%'),
    created_at timestamptz NOT NULL,
    disabled_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    CHECK ((role = 'producer') = (producer_no IS NOT NULL)),
    CHECK ((role = 'officer') = (commune_code IS NOT NULL))
);
CREATE INDEX ON accounts (producer_no);
CREATE TRIGGER accounts_stay BEFORE DELETE OR TRUNCATE ON accounts EXECUTE FUNCTION refuse_change();

-- SHA-256 of 256 random bits: nothing to guess, so no slow hash.
CREATE TABLE sessions (
    session_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id integer NOT NULL REFERENCES accounts,
    hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    -- "Chrome · Android": enough to tell one's own devices apart.
    device text NOT NULL CHECK (length(device) <= 100),
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    -- What this session looked up last, newest first. Goes with the session: no lasting trail of an inspector's day.
    recent_lookups jsonb NOT NULL DEFAULT '[]'
);
CREATE INDEX ON sessions (account_id);

-- Invitations and forgotten passwords: shown once, good once, for a limited time.
CREATE TABLE account_links (
    link_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id integer NOT NULL REFERENCES accounts,
    hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CHECK (created_at < expires_at)
);
CREATE INDEX ON account_links (account_id);

-- A token without a producer is the office's own.
ALTER TABLE tokens ADD COLUMN producer_no integer REFERENCES producers;

CREATE OR REPLACE FUNCTION tokens_only_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.token_id, NEW.hash, NEW.scopes, NEW.created_at, NEW.producer_no)
        IS DISTINCT FROM (OLD.token_id, OLD.hash, OLD.scopes, OLD.created_at, OLD.producer_no)
        OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at)
    THEN
        RAISE EXCEPTION 'a token only ends' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

-- Who wrote what, for whom, when, in which request. Holds numbers and codes, never a person's data.
CREATE TABLE audit_trail (
    entry_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    -- As in the log and in X-Request-Id; null at the command line.
    request_id text CHECK (request_id ~ '^[0-9a-f]{16}$'),
    -- Both null: the operator at the command line.
    account_id integer REFERENCES accounts,
    token_id integer REFERENCES tokens,
    role text NOT NULL,
    -- For whom it was done, when it was done for one producer.
    producer_no integer REFERENCES producers,
    act text NOT NULL CHECK (act ~ '^[a-z_]+\.[a-z_]+$'),
    -- Kind and number, for example "batch 12".
    thing text NOT NULL CHECK (length(thing) BETWEEN 1 AND 100),
    details jsonb NOT NULL DEFAULT '{}',
    CHECK (account_id IS NULL OR token_id IS NULL)
);
CREATE INDEX ON audit_trail (producer_no, entry_no DESC);
CREATE INDEX ON audit_trail (thing, entry_no DESC);
CREATE INDEX ON audit_trail (act, entry_no DESC);
CREATE INDEX ON audit_trail (account_id, entry_no DESC);
CREATE INDEX ON audit_trail (at);
CREATE TRIGGER audit_trail_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_trail EXECUTE FUNCTION refuse_change();

-- Orders are remembered by whoever gave them: a token or an account.
ALTER TABLE mint_orders ADD COLUMN account_id integer REFERENCES accounts;
ALTER TABLE mint_orders DROP CONSTRAINT mint_orders_pkey;
ALTER TABLE mint_orders ALTER COLUMN token_id DROP NOT NULL;
ALTER TABLE mint_orders ADD CONSTRAINT one_actor_per_order CHECK ((token_id IS NULL) <> (account_id IS NULL));
ALTER TABLE mint_orders ADD CONSTRAINT one_answer_per_order UNIQUE NULLS NOT DISTINCT (token_id, account_id, route, key);

ALTER TABLE batches ADD COLUMN opened_by_account integer REFERENCES accounts;
ALTER TABLE mint_runs ADD COLUMN minted_by_account integer REFERENCES accounts;
ALTER TABLE scratch_exports ADD COLUMN exported_by_account integer REFERENCES accounts;
