DROP TABLE import_jobs, food_safety_papers;
DROP TRIGGER certificates_stay_revoked ON certificates;
DROP FUNCTION certificates_stay_revoked();
ALTER TABLE certificates DROP CONSTRAINT certificate_windows_do_not_overlap;
DROP INDEX certificates_valid_to_idx;
ALTER TABLE certificates
    DROP COLUMN score_tenths, DROP COLUMN decision_no, DROP COLUMN issuer_level, DROP COLUMN scan_sha256,
    DROP COLUMN revoked_on, DROP COLUMN revoked_reason, DROP COLUMN version;
ALTER TABLE certificates ADD CONSTRAINT certificate_windows_do_not_overlap
    EXCLUDE USING gist (product_no WITH =, daterange(valid_from, valid_to, '[]') WITH &&) WHERE (valid_from IS NOT NULL);
DROP TABLE product_photos;
DROP INDEX products_set_no_idx;
ALTER TABLE products
    DROP COLUMN search_key, DROP COLUMN name_en, DROP COLUMN story, DROP COLUMN story_en, DROP COLUMN ingredients, DROP COLUMN gtin,
    DROP COLUMN pack_thousandths, DROP COLUMN pack_unit, DROP COLUMN closed_at, DROP COLUMN version;
DROP TABLE producer_contacts;
DROP INDEX producers_commune_code_idx;
ALTER TABLE producers DROP CONSTRAINT one_producer_per_name_and_commune;
ALTER TABLE producers ADD CONSTRAINT producers_name_key UNIQUE (name);
ALTER TABLE producers
    DROP COLUMN tax_code, DROP COLUMN printed_address, DROP COLUMN closed_at, DROP COLUMN version, DROP COLUMN search_key;
DROP TABLE issuers, files;
DROP FUNCTION last_day_in_force(date, date);
DROP FUNCTION search_pattern(text);
DROP FUNCTION search_key(text);
DROP EXTENSION pg_trgm;
DROP EXTENSION unaccent;
