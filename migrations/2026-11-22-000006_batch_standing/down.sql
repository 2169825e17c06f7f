DROP TABLE quota_requests, quota_policy, suspension_proposals, voids;
DROP TRIGGER batches_stay_recalled ON batches;
DROP FUNCTION batches_stay_recalled();
ALTER TABLE batches
    DROP COLUMN closed_at, DROP COLUMN standing, DROP COLUMN standing_reason, DROP COLUMN standing_advice,
    DROP COLUMN standing_contact, DROP COLUMN standing_since, DROP COLUMN max_stamps, DROP COLUMN version;
