arg_min({column}, {order}) FILTER ({condition}{column} IS NOT NULL) AS {name}
