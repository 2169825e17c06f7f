-- The deployment, the dated lists of the programme, and the province's register.
CREATE EXTENSION IF NOT EXISTS btree_gist;

-- Refuses what a rule of the register forbids, in one place.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: a printed number never points to nothing', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

-- One row: who issues here. Stored at init; a server configured for another issuer refuses to start.
CREATE TABLE deployment (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    issuer text NOT NULL CHECK (length(issuer) BETWEEN 1 AND 255),
    demo boolean NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE TRIGGER deployment_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON deployment EXECUTE FUNCTION refuse_change();

-- Codes were re-used in the reform of 2025-07-01, so a code alone names no commune.
CREATE TABLE communes (
    code text NOT NULL CHECK (code ~ '^[0-9]{5}$'),
    valid_from date NOT NULL,
    valid_to date,
    name text NOT NULL,
    kind text NOT NULL,
    district text,
    province text NOT NULL,
    PRIMARY KEY (code, valid_from),
    CHECK (valid_from <= valid_to),
    EXCLUDE USING gist (code WITH =, daterange(valid_from, valid_to, '[]') WITH &&)
);

-- Which former communes (or parts of them) a commune was made of.
CREATE TABLE commune_changes (
    new_code text NOT NULL,
    new_valid_from date NOT NULL,
    old_code text NOT NULL,
    old_valid_from date NOT NULL,
    PRIMARY KEY (new_code, new_valid_from, old_code, old_valid_from),
    FOREIGN KEY (new_code, new_valid_from) REFERENCES communes (code, valid_from),
    FOREIGN KEY (old_code, old_valid_from) REFERENCES communes (code, valid_from)
);

CREATE TABLE product_sets (
    set_no smallint NOT NULL CHECK (set_no BETWEEN 1 AND 26),
    valid_from date NOT NULL,
    valid_to date,
    industry text NOT NULL,
    name_vi text NOT NULL,
    name_en text NOT NULL,
    -- Tourism is stamped for a place, not for a batch of goods.
    has_batches boolean NOT NULL,
    source text NOT NULL,
    PRIMARY KEY (set_no, valid_from),
    CHECK (valid_from <= valid_to),
    EXCLUDE USING gist (set_no WITH =, daterange(valid_from, valid_to, '[]') WITH &&)
);

CREATE TABLE star_bands (
    stars smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
    valid_from date NOT NULL,
    valid_to date,
    min_score integer NOT NULL CHECK (min_score BETWEEN 0 AND 100),
    -- Who recognises it; null: no certificate, hence no stamp.
    recognised_by text CHECK (recognised_by IN ('province', 'ministry')),
    certificate_months smallint,
    source text NOT NULL,
    PRIMARY KEY (stars, valid_from),
    CHECK (valid_from <= valid_to),
    CHECK ((recognised_by IS NULL) = (certificate_months IS NULL)),
    EXCLUDE USING gist (stars WITH =, daterange(valid_from, valid_to, '[]') WITH &&)
);

CREATE TABLE producers (
    producer_no integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    kind text NOT NULL CHECK (kind IN ('cooperative', 'cooperative_group', 'company', 'household', 'other')),
    village text,
    commune_code text,
    commune_valid_from date,
    -- The address as printed before the reform, kept beside the current commune.
    former_commune text,
    former_district text,
    former_province text,
    demo boolean NOT NULL DEFAULT false,
    FOREIGN KEY (commune_code, commune_valid_from) REFERENCES communes (code, valid_from) MATCH FULL,
    UNIQUE (name)
);

CREATE TABLE products (
    product_no integer GENERATED ALWAYS AS IDENTITY (MINVALUE 1 MAXVALUE 16777215) PRIMARY KEY,
    producer_no integer NOT NULL REFERENCES producers,
    name text NOT NULL CHECK (name <> ''),
    set_no smallint NOT NULL CHECK (set_no BETWEEN 1 AND 26),
    stars smallint CHECK (stars BETWEEN 1 AND 5),
    first_year_seen smallint,
    decision text,
    source text,
    standards text,
    shelf_life_n smallint CHECK (0 < shelf_life_n),
    shelf_life_unit text CHECK (shelf_life_unit IN ('days', 'months')),
    -- At most 4 KiB, so that it fits the first answer of a scan on a slow network.
    photo bytea CHECK (octet_length(photo) <= 4096),
    demo boolean NOT NULL DEFAULT false,
    CHECK ((shelf_life_n IS NULL) = (shelf_life_unit IS NULL)),
    UNIQUE (producer_no, name)
);

-- A row without dates is a certificate whose state is unknown: shown as such, never minted on.
CREATE TABLE certificates (
    certificate_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_no integer NOT NULL REFERENCES products,
    stars smallint CHECK (stars BETWEEN 3 AND 5),
    certificate_no text,
    issuer text,
    valid_from date,
    valid_to date,
    CHECK ((valid_from IS NULL) = (valid_to IS NULL)),
    CHECK (valid_from <= valid_to),
    CHECK (valid_from IS NULL OR stars IS NOT NULL),
    CONSTRAINT certificate_windows_do_not_overlap
        EXCLUDE USING gist (product_no WITH =, daterange(valid_from, valid_to, '[]') WITH &&) WHERE (valid_from IS NOT NULL)
);
CREATE INDEX ON certificates (product_no);

CREATE TRIGGER producers_stay BEFORE DELETE OR TRUNCATE ON producers EXECUTE FUNCTION refuse_change();
CREATE TRIGGER products_stay BEFORE DELETE OR TRUNCATE ON products EXECUTE FUNCTION refuse_change();
CREATE TRIGGER certificates_stay BEFORE DELETE OR TRUNCATE ON certificates EXECUTE FUNCTION refuse_change();
