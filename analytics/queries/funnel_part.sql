arg_min({column}, (time, batch, position)) FILTER ({condition}{column} IS NOT NULL) AS {name}
