-- Of the events of a session: the first user declared in it, else the session itself.
hash(coalesce(
    arg_min(user_key, (time, batch, position)) FILTER (user_key IS NOT NULL), session::VARCHAR
))
