-- What a page of listContacts shows of a person, rendered when the person's row is written: a narrow table of its own,
-- so that a page reads nothing it does not show. opening: the item as JSON, up to its source.
CREATE TABLE contact_items (
    session INTEGER NOT NULL REFERENCES sessions (no) ON DELETE CASCADE,
    id INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    opening TEXT NOT NULL,
    PRIMARY KEY (session, id)
) STRICT, WITHOUT ROWID;

INSERT INTO contact_items (session, id, flags, opening)
SELECT session, id, flags,
    '{"businessName":' || json_quote(business)
    || ',"lid":' || json_quote(coalesce(lid || '@lid', ''))
    || ',"name":' || json_quote(coalesce(nullif(address_book, ''), nullif(business, ''), push))
    || ',"phoneNumber":' || json_quote(coalesce(phone, ''))
    || ',"source":"'
FROM people WHERE sort_key IS NOT NULL;
