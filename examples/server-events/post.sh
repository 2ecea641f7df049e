#!/bin/sh
# An event from a shell script. VIGIE_URL is where the collector is reached, VIGIE_EVENT_TOKEN the
# token that `vigie event-token` made. The key names this one event: a retry is stored once.
set -eu
curl --fail-with-body --silent --show-error --max-time 10 --retry 3 \
  --header "Authorization: Bearer $VIGIE_EVENT_TOKEN" \
  --header "Idempotency-Key: order-${1:-1001}" \
  --header "Content-Type: application/json" \
  --data "{\"name\": \"order_paid\", \"value\": 49.9, \"currency\": \"EUR\"}" \
  "$VIGIE_URL/events/v1"
