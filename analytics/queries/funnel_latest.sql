max(CASE WHEN step = {n} THEN time END) OVER so_far AS latest_{n},
max(CASE WHEN step = {n} AND time < $end THEN time END) OVER so_far AS entry_{n}
