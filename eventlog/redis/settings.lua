-- Begins a new log in a Cluster, or tells about the one that is there.
--
-- KEYS  settings
-- ARGV  id for a new log, format, number of partitions
-- Returns {id, format, partitions, state}: "making" until every partition has its meta, then "ready"; "" if it was not made in a Cluster

local have = redis.call('HMGET', KEYS[1], 'id', 'format', 'partitions', 'state')
if have[1] then
  return { have[1], have[2] or '', have[3] or '', have[4] or '' }
end
redis.call('HSET', KEYS[1], 'id', ARGV[1], 'format', ARGV[2], 'partitions', ARGV[3], 'state', 'making')
return { ARGV[1], ARGV[2], ARGV[3], 'making' }
