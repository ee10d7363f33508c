-- parts: which parts stand, or once stood, around a user; a bit each: 1 accounts, 2 groups,
-- 4 badges, 8 roles, 16 preferences; and above them the version that they hold for: another
-- version was written by who knows nothing of them. What has no bit is not asked for. NULL: not
-- known.
ALTER TABLE users ADD COLUMN parts INTEGER;
