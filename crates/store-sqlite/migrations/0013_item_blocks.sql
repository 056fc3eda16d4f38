-- The blocks of contact items by one integer. As WITHOUT ROWID they were index entries of some 4 KiB, which spill into
-- overflow pages, and a search among such entries reads and copies each one it compares with, whole.
CREATE TABLE item_blocks (
    place INTEGER PRIMARY KEY, -- session * 2^32 + block
    session INTEGER NOT NULL REFERENCES sessions (no) ON DELETE CASCADE,
    items BLOB NOT NULL
) STRICT;
INSERT INTO item_blocks (place, session, items)
    SELECT (session << 32) | block, session, items FROM contact_items ORDER BY session, block;
CREATE INDEX item_blocks_session ON item_blocks (session);
DROP TABLE contact_items;
