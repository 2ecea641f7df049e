arg_min({column}, {order}) FILTER ({column} IS NOT NULL) AS {name}
