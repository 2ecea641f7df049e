CASE WHEN latest_{n} >= time - to_microseconds($within_us) THEN {what} END
