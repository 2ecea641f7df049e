 AND contains(lower({column}), lower($text_{n}))
