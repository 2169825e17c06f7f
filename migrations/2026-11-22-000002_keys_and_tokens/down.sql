DROP TABLE tokens, keys;
DROP FUNCTION announce_keys();
DROP FUNCTION keys_only_age();
