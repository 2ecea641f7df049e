-- What others' records quoted of an erased session or user is masked there, and counted.

ALTER TABLE erasures ADD COLUMN masked UBIGINT DEFAULT 0;   -- rows, records and chunks
