DROP TRIGGER keys_aged_recorded ON keys;
DROP TRIGGER keys_made_recorded ON keys;
DROP FUNCTION record_key_act();
