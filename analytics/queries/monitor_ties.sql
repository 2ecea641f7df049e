-- The latest definition of each monitor that has parents or is a sentinel, as JSON. The texts looked
-- for may stand elsewhere in a definition too: whoever decodes it sees.
SELECT monitor, arg_max(definition, from_time) AS definition
FROM monitor_definitions
WHERE from_time <= $until
GROUP BY monitor
HAVING contains(definition, '"sentinel":true') OR contains(definition, '"parents":["')
ORDER BY monitor
