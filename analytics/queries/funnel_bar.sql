-- One row for each that entered and step they came to: of these, bars are made.
SELECT
    arrived.step::UTINYINT AS step,
    arrived.session AS session,
    last_us,
    told.* EXCLUDE (who, session, weight, visitor) REPLACE (depth::UTINYINT AS depth)
FROM told JOIN arrived ON arrived.who = told.who
