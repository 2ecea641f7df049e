 AND TRY_CAST({column} AS DOUBLE) {operator} $number_{n}
