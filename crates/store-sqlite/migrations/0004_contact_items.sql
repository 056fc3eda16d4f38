-- What pages of listContacts show of people, rendered when their rows are written: 32 row ids a block, in order, each
-- `offset (1) || flags (1) || length (4, big-endian) || the item as JSON up to its source`.
CREATE TABLE contact_items (
    session INTEGER NOT NULL REFERENCES sessions (no) ON DELETE CASCADE,
    block INTEGER NOT NULL,
    items BLOB NOT NULL,
    PRIMARY KEY (session, block)
) STRICT, WITHOUT ROWID;

INSERT INTO contact_items (session, block, items)
WITH item (session, id, flags, opening) AS (
    SELECT session, id, flags,
        '{"businessName":' || json_quote(business)
        || ',"lid":' || json_quote(coalesce(lid || '@lid', ''))
        || ',"name":' || json_quote(coalesce(nullif(address_book, ''), nullif(business, ''), push))
        || ',"phoneNumber":' || json_quote(coalesce(phone, ''))
        || ',"source":"'
    FROM people WHERE sort_key IS NOT NULL
)
SELECT session, id >> 5,
    unhex(group_concat(
        printf('%02x%02x%08x', id & 31, flags, length(CAST(opening AS BLOB))) || hex(opening), '' ORDER BY id))
FROM item GROUP BY session, id >> 5;
