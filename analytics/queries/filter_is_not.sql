 AND NOT coalesce(list_contains($values_{n}, {column}), false)
