-- Which file of the media store a row names, so that a file is found by its rows: when the last of them goes, so may
-- the file. Read from the row's JSON; nothing is stored twice.
ALTER TABLE messages ADD COLUMN file TEXT
    GENERATED ALWAYS AS (CASE WHEN extra <> '' THEN extra ->> '$.file' END) VIRTUAL;
CREATE INDEX messages_file ON messages (file) WHERE file IS NOT NULL;
ALTER TABLE outbox ADD COLUMN file TEXT GENERATED ALWAYS AS (content ->> '$.sha256') VIRTUAL;
CREATE INDEX outbox_file ON outbox (file) WHERE file IS NOT NULL;

-- Files that a row named and names no more: the next sweep of the media store asks whether another row does. By
-- triggers, so that nothing which deletes rows has to think of it. No OR IGNORE: within an upsert the outer statement's
-- conflict clause takes its place.
CREATE TABLE loose_files (
    sha256 TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;
CREATE TRIGGER messages_file_left AFTER DELETE ON messages WHEN old.file IS NOT NULL
BEGIN
    INSERT INTO loose_files SELECT old.file WHERE old.file NOT IN (SELECT sha256 FROM loose_files);
END;
CREATE TRIGGER messages_file_changed AFTER UPDATE OF extra ON messages
    WHEN old.file IS NOT NULL AND new.file IS NOT old.file
BEGIN
    INSERT INTO loose_files SELECT old.file WHERE old.file NOT IN (SELECT sha256 FROM loose_files);
END;
CREATE TRIGGER outbox_file_left AFTER DELETE ON outbox WHEN old.file IS NOT NULL
BEGIN
    INSERT INTO loose_files SELECT old.file WHERE old.file NOT IN (SELECT sha256 FROM loose_files);
END;

-- The newest reaction under way on a message.
CREATE INDEX outbox_reactions ON outbox (session, content ->> '$.target.message', place)
    WHERE status = 'queued' AND content ->> '$.type' = 'reaction';
