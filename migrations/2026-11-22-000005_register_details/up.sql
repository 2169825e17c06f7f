-- What the office keeps of producers, products and certificates, search without diacritics, and imports under way.
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- What a search compares: composed, without diacritics and tone marks, in small letters. Immutable because the dictionary that
-- unaccent reads is named and comes with Postgres.
CREATE FUNCTION search_key(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT lower(public.unaccent('public.unaccent'::regdictionary, normalize($1, NFC))) $$;

-- The LIKE pattern for one word of a search; marks that LIKE would read are taken as they stand.
CREATE FUNCTION search_pattern(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT '%' || regexp_replace(public.search_key($1), '([\\%_])', '\\\1', 'g') || '%' $$;

-- The last day on which a certificate counts: a revoked one does not on the day of its revocation.
CREATE FUNCTION last_day_in_force(valid_to date, revoked_on date) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT least($1, $2 - 1) $$;

-- Files handed in (scans of papers), under their hash.
CREATE TABLE files (
    sha256 bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
    media_type text NOT NULL CHECK (media_type IN ('image/jpeg', 'application/pdf')),
    content bytea NOT NULL CHECK (octet_length(content) <= 8388608),
    created_at timestamptz NOT NULL
);

-- Issuers to choose from. A certificate keeps its issuer as text: districts that signed no longer exist.
CREATE TABLE issuers (
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    level text NOT NULL CHECK (level IN ('district', 'province', 'ministry')),
    valid_from date NOT NULL,
    valid_to date,
    source text NOT NULL,
    PRIMARY KEY (name, valid_from),
    CHECK (valid_from <= valid_to)
);

ALTER TABLE producers
    ADD COLUMN tax_code text UNIQUE CHECK (tax_code ~ '^[0-9]{10}(-[0-9]{3})?$|^[0-9]{12}$'),
    -- As printed on packaging, in one line.
    ADD COLUMN printed_address text CHECK (length(printed_address) BETWEEN 1 AND 300),
    ADD COLUMN closed_at timestamptz,
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN search_key text NOT NULL GENERATED ALWAYS AS (search_key(name)) STORED;
-- Two households may share a name in two communes.
ALTER TABLE producers DROP CONSTRAINT producers_name_key;
ALTER TABLE producers ADD CONSTRAINT one_producer_per_name_and_commune UNIQUE NULLS NOT DISTINCT (name, commune_code);
CREATE INDEX ON producers USING gin (search_key gin_trgm_ops);
CREATE INDEX ON producers (commune_code);

-- How to reach a producer, each with who may see it. May be erased: a contact can be a person's.
CREATE TABLE producer_contacts (
    contact_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    producer_no integer NOT NULL REFERENCES producers,
    kind text NOT NULL CHECK (kind IN ('person', 'phone', 'zalo', 'email', 'website', 'address')),
    value text NOT NULL CHECK (length(value) BETWEEN 1 AND 200),
    visibility text NOT NULL CHECK (visibility IN ('public', 'offices', 'me')),
    -- Who agreed to make it public, when, to what words (Law 91/2025): without all three it is not public.
    consent_by text CHECK (length(consent_by) BETWEEN 1 AND 100),
    consent_at timestamptz,
    consent_text text CHECK (length(consent_text) BETWEEN 1 AND 500),
    created_at timestamptz NOT NULL,
    CHECK (visibility <> 'public' OR num_nulls(consent_by, consent_at, consent_text) = 0)
);
CREATE INDEX ON producer_contacts (producer_no);

ALTER TABLE products
    ADD COLUMN name_en text CHECK (length(name_en) BETWEEN 1 AND 200),
    ADD COLUMN story text CHECK (length(story) BETWEEN 1 AND 5000),
    ADD COLUMN story_en text CHECK (length(story_en) BETWEEN 1 AND 5000),
    ADD COLUMN ingredients text CHECK (length(ingredients) BETWEEN 1 AND 1000),
    -- GS1 General Specifications: 8, 12, 13 or 14 digits; the check digit is verified at the edge.
    ADD COLUMN gtin text CHECK (gtin ~ '^([0-9]{8}|[0-9]{12,14})$'),
    -- What one pack holds, thousandths of the unit: a batch's quantity divided by it is how many stamps it needs.
    ADD COLUMN pack_thousandths bigint CHECK (0 < pack_thousandths),
    ADD COLUMN pack_unit text CHECK (length(pack_unit) BETWEEN 1 AND 20),
    ADD COLUMN closed_at timestamptz,
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN search_key text NOT NULL GENERATED ALWAYS AS (search_key(name || ' ' || coalesce(name_en, ''))) STORED,
    ADD CHECK ((pack_thousandths IS NULL) = (pack_unit IS NULL));
CREATE INDEX ON products USING gin (search_key gin_trgm_ops);
CREATE INDEX ON products (set_no);

-- Photos for the product's own page; the small one that travels with a scan stays in products.photo.
CREATE TABLE product_photos (
    photo_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_no integer NOT NULL REFERENCES products,
    -- The first is the one on the stamp's page.
    place smallint NOT NULL CHECK (1 <= place),
    jpeg bytea NOT NULL CHECK (octet_length(jpeg) <= 524288),
    -- The same for lists, and for products.photo when it stands first.
    small bytea NOT NULL CHECK (octet_length(small) <= 4096),
    width_px smallint NOT NULL CHECK (0 < width_px),
    height_px smallint NOT NULL CHECK (0 < height_px),
    created_at timestamptz NOT NULL,
    CONSTRAINT one_photo_per_place UNIQUE (product_no, place) DEFERRABLE INITIALLY DEFERRED
);

ALTER TABLE certificates
    -- Tenths of a point, out of 100 points.
    ADD COLUMN score_tenths smallint CHECK (score_tenths BETWEEN 0 AND 1000),
    ADD COLUMN decision_no text CHECK (length(decision_no) BETWEEN 1 AND 100),
    ADD COLUMN issuer_level text CHECK (issuer_level IN ('district', 'province', 'ministry')),
    ADD COLUMN scan_sha256 bytea REFERENCES files,
    -- From this day on it no longer counts; what was packed before stays recognised.
    ADD COLUMN revoked_on date,
    ADD COLUMN revoked_reason text CHECK (length(revoked_reason) BETWEEN 1 AND 500),
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD CHECK ((revoked_on IS NULL) = (revoked_reason IS NULL));
-- A revoked certificate holds its days up to the day before; a new one may start on the day of revocation.
ALTER TABLE certificates DROP CONSTRAINT certificate_windows_do_not_overlap;
ALTER TABLE certificates ADD CONSTRAINT certificate_windows_do_not_overlap EXCLUDE USING gist (
    product_no WITH =,
    (CASE WHEN revoked_on IS NULL OR revoked_on > valid_to THEN daterange(valid_from, valid_to, '[]')
          WHEN revoked_on <= valid_from THEN 'empty'::daterange
          ELSE daterange(valid_from, revoked_on, '[)') END) WITH &&
) WHERE (valid_from IS NOT NULL);
CREATE INDEX ON certificates (valid_to);

-- Revoking is final: whoever revoked in error enters a new certificate.
CREATE FUNCTION certificates_stay_revoked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.revoked_on IS NOT NULL AND (NEW.revoked_on, NEW.revoked_reason) IS DISTINCT FROM (OLD.revoked_on, OLD.revoked_reason) THEN
        RAISE EXCEPTION 'a revoked certificate stays revoked' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER certificates_stay_revoked BEFORE UPDATE ON certificates FOR EACH ROW EXECUTE FUNCTION certificates_stay_revoked();

CREATE TABLE food_safety_papers (
    paper_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    producer_no integer NOT NULL REFERENCES producers,
    -- Null: for the producer as a whole.
    product_no integer REFERENCES products,
    kind text NOT NULL CHECK (kind IN ('eligibility', 'commitment', 'self_declaration', 'haccp', 'iso22000', 'vietgap', 'organic', 'test_report', 'other')),
    paper_no text CHECK (length(paper_no) BETWEEN 1 AND 100),
    issuer text CHECK (length(issuer) BETWEEN 1 AND 200),
    issued_on date,
    valid_to date,
    scope text CHECK (length(scope) BETWEEN 1 AND 500),
    file_sha256 bytea REFERENCES files,
    closed_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    CHECK (issued_on <= valid_to)
);
CREATE INDEX ON food_safety_papers (producer_no);
CREATE TRIGGER food_safety_papers_stay BEFORE DELETE OR TRUNCATE ON food_safety_papers EXECUTE FUNCTION refuse_change();

-- Register files handed in on a page: read and compared first, taken in when the office says so. The file goes when it is done.
CREATE TABLE import_jobs (
    job_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id integer NOT NULL REFERENCES accounts,
    file_name text NOT NULL CHECK (length(file_name) BETWEEN 1 AND 200),
    content bytea CHECK (octet_length(content) <= 8388608),
    state text NOT NULL CHECK (state IN ('checking', 'checked', 'refused', 'writing', 'done', 'failed')),
    n_done integer NOT NULL DEFAULT 0,
    n_total integer NOT NULL DEFAULT 0,
    report jsonb,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
