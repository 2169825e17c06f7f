-- Keys are made and aged by the operator at the command line, below the room that keeps the trail: the table writes it itself.
CREATE FUNCTION record_key_act() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_trail (at, role, act, thing, details) VALUES (
        NEW.changed_at,
        'office',
        CASE WHEN TG_OP = 'INSERT' THEN 'key.made' WHEN NEW.status = 'retired' THEN 'key.retired' ELSE 'key.compromised' END,
        'key ' || NEW.key_no,
        jsonb_build_object('purpose', NEW.purpose)
    );
    RETURN NULL;
END $$;
CREATE TRIGGER keys_made_recorded AFTER INSERT ON keys FOR EACH ROW EXECUTE FUNCTION record_key_act();
CREATE TRIGGER keys_aged_recorded AFTER UPDATE ON keys FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION record_key_act();
