DROP TABLE tokens, keys;
DROP FUNCTION announce_keys();
DROP FUNCTION keys_only_age();
DROP FUNCTION tokens_only_end();
