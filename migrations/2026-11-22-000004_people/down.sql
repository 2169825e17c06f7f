ALTER TABLE scratch_exports DROP COLUMN exported_by_account;
ALTER TABLE mint_runs DROP COLUMN minted_by_account;
ALTER TABLE batches DROP COLUMN opened_by_account;
ALTER TABLE mint_orders DROP CONSTRAINT one_answer_per_order, DROP CONSTRAINT one_actor_per_order;
DELETE FROM mint_orders WHERE token_id IS NULL;
ALTER TABLE mint_orders DROP COLUMN account_id;
ALTER TABLE mint_orders ADD PRIMARY KEY (token_id, route, key);
DROP TABLE audit_trail, account_links, sessions;
CREATE OR REPLACE FUNCTION tokens_only_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.token_id, NEW.hash, NEW.scopes, NEW.created_at) IS DISTINCT FROM (OLD.token_id, OLD.hash, OLD.scopes, OLD.created_at)
        OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at)
    THEN
        RAISE EXCEPTION 'a token only ends' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
ALTER TABLE tokens DROP COLUMN producer_no;
DROP TABLE accounts;
