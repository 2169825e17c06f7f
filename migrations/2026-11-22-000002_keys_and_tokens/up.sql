-- Keys of the issuer, private halves sealed with the secret that lies outside the database, and access tokens, hashed.
CREATE TABLE keys (
    purpose text NOT NULL CHECK (purpose IN ('stamp', 'code', 'scratch')),
    key_no integer NOT NULL CHECK (key_no BETWEEN 1 AND 4095),
    -- Ed25519 public key; code and scratch keys have none.
    public_key bytea CHECK (octet_length(public_key) = 32),
    sealed bytea NOT NULL,
    status text NOT NULL CHECK (status IN ('active', 'retired', 'compromised')),
    not_before timestamptz NOT NULL,
    not_after timestamptz,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (purpose, key_no),
    CHECK ((purpose = 'stamp') = (public_key IS NOT NULL)),
    CHECK (not_before < not_after)
);
CREATE UNIQUE INDEX ON keys (public_key);

-- A key's bytes and number never change, and no state turns back: active, retired, compromised.
CREATE FUNCTION keys_only_age() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.purpose, NEW.key_no, NEW.public_key, NEW.sealed, NEW.not_before, NEW.created_at)
        IS DISTINCT FROM (OLD.purpose, OLD.key_no, OLD.public_key, OLD.sealed, OLD.not_before, OLD.created_at)
        OR array_position(ARRAY['active', 'retired', 'compromised'], NEW.status)
         < array_position(ARRAY['active', 'retired', 'compromised'], OLD.status)
    THEN
        RAISE EXCEPTION 'a key only ages: active, retired, compromised' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keys_only_age BEFORE UPDATE ON keys FOR EACH ROW EXECUTE FUNCTION keys_only_age();
CREATE TRIGGER keys_stay BEFORE DELETE OR TRUNCATE ON keys EXECUTE FUNCTION refuse_change();

CREATE FUNCTION announce_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NOTIFY nguon_keys;
    RETURN NULL;
END $$;
CREATE TRIGGER keys_announce AFTER INSERT OR UPDATE ON keys FOR EACH STATEMENT EXECUTE FUNCTION announce_keys();

CREATE TABLE tokens (
    token_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    -- SHA-256 of a 256-bit random token: nothing to guess, so no slow hash.
    hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    CHECK (created_at < expires_at)
);
CREATE TRIGGER tokens_stay BEFORE DELETE OR TRUNCATE ON tokens EXECUTE FUNCTION refuse_change();

-- A token's scopes and hash never change, and what was revoked stays revoked.
CREATE FUNCTION tokens_only_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.token_id, NEW.hash, NEW.scopes, NEW.created_at) IS DISTINCT FROM (OLD.token_id, OLD.hash, OLD.scopes, OLD.created_at)
        OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at)
    THEN
        RAISE EXCEPTION 'a token only ends' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER tokens_only_end BEFORE UPDATE ON tokens FOR EACH ROW EXECUTE FUNCTION tokens_only_end();
