-- Counts of named events by an attribute that the site says is to be counted, of all sessions but
-- bots, written as days are sealed. Values of people's own making do not belong here.

CREATE TABLE hourly_attributes (
    site      VARCHAR NOT NULL,
    day       DATE NOT NULL,
    hour      TIMESTAMP NOT NULL,
    name      VARCHAR NOT NULL,       -- of the event
    attribute VARCHAR NOT NULL,
    told      VARCHAR NOT NULL,       -- its value; 'other' beyond the most frequent ones of the day
    count     UBIGINT NOT NULL,
    value     DOUBLE,                 -- the events' own, their sum
    generated BOOLEAN NOT NULL
);
