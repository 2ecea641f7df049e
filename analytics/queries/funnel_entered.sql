SELECT * EXCLUDE (who, session) FROM told
