<?php
// An event from PHP: php post.php ORDER. VIGIE_URL is where the collector is reached,
// VIGIE_EVENT_TOKEN the token that `vigie event-token` made.

/** Post one event; $key names it, so that a retry is stored once. */
function post_event(string $key, array $event): string
{
    $context = stream_context_create(['http' => [
        'method' => 'POST',
        'timeout' => 10,
        'ignore_errors' => true,
        'header' => [
            'Authorization: Bearer ' . getenv('VIGIE_EVENT_TOKEN'),
            'Idempotency-Key: ' . $key,
            'Content-Type: application/json',
        ],
        'content' => json_encode($event, JSON_THROW_ON_ERROR),
    ]]);
    $answer = file_get_contents(getenv('VIGIE_URL') . '/events/v1', false, $context);
    if ($answer === false || !str_contains($http_response_header[0], ' 200')) {
        throw new RuntimeException('the event was not accepted: ' . $answer);
    }
    return $answer;
}

$order = $argv[1] ?? '1001';
echo post_event("order-$order", ['name' => 'order_paid', 'value' => 49.9, 'currency' => 'EUR']), "\n";
