-- What stands for the values of each bucket.
SELECT list_transform($buckets::SMALLINT[], lambda bucket: bucket_latency(bucket))
