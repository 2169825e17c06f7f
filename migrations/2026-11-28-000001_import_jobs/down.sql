DROP INDEX import_jobs_open;
ALTER TABLE import_jobs
    DROP CONSTRAINT import_jobs_write_what_was_shown,
    DROP CONSTRAINT import_jobs_hold_a_file_while_open,
    DROP COLUMN counts,
    DROP COLUMN digest;
ALTER TABLE import_jobs ALTER COLUMN content SET STORAGE EXTENDED;
UPDATE import_jobs SET state = 'failed', content = NULL WHERE state = 'dropped' OR octet_length(content) > 8388608;
ALTER TABLE import_jobs DROP CONSTRAINT import_jobs_state_check;
ALTER TABLE import_jobs ADD CONSTRAINT import_jobs_state_check
    CHECK (state IN ('checking', 'checked', 'refused', 'writing', 'done', 'failed'));
ALTER TABLE import_jobs DROP CONSTRAINT import_jobs_content_check;
ALTER TABLE import_jobs ADD CONSTRAINT import_jobs_content_check CHECK (octet_length(content) <= 8388608);
