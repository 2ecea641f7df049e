 AND list_contains($values_{n}, {column})
