-- An import under way: as large as the importer reads, dropped when it is not wanted, and what was shown before it is written.
ALTER TABLE import_jobs DROP CONSTRAINT import_jobs_content_check;
ALTER TABLE import_jobs ADD CONSTRAINT import_jobs_content_check CHECK (octet_length(content) <= 20971520);
ALTER TABLE import_jobs DROP CONSTRAINT import_jobs_state_check;
ALTER TABLE import_jobs ADD CONSTRAINT import_jobs_state_check
    CHECK (state IN ('checking', 'checked', 'refused', 'writing', 'done', 'failed', 'dropped'));
-- Files that wait here are compressed already, or are not worth the time.
ALTER TABLE import_jobs ALTER COLUMN content SET STORAGE EXTERNAL;
-- SHA-256 of everything the dry run found: what is written is what was shown, or it is shown anew.
ALTER TABLE import_jobs ADD COLUMN digest bytea CHECK (octet_length(digest) = 32);
-- Figures for the list, which never reads the whole report.
ALTER TABLE import_jobs ADD COLUMN counts jsonb;
-- Until it is written or dropped, what was checked is there with its digest; nothing is kept of what ended.
ALTER TABLE import_jobs ADD CONSTRAINT import_jobs_hold_a_file_while_open
    CHECK ((content IS NOT NULL) = (state IN ('checking', 'checked', 'writing')));
ALTER TABLE import_jobs ADD CONSTRAINT import_jobs_write_what_was_shown
    CHECK (state NOT IN ('checked', 'writing') OR digest IS NOT NULL);
CREATE INDEX import_jobs_open ON import_jobs (state) WHERE content IS NOT NULL;
