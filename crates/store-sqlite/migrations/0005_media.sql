-- Which files queued sends name: a sweep of the media store must leave them.
CREATE INDEX outbox_files ON outbox (content ->> '$.sha256')
    WHERE status = 'queued' AND content ->> '$.sha256' IS NOT NULL;
