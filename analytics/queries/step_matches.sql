kind = $kind_{n} AND {what} = $what_{n}{filters}
