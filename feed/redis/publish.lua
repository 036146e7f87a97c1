-- Appends entries to one partition of the feed, under dense offsets that are the stream's ids.
-- KEYS: the stream, the hash that holds its tail. ARGV: capacity, then the entries.
local tail = tonumber(redis.call('HGET', KEYS[2], 'tail') or '0')
for i = 2, #ARGV do
  tail = tail + 1
  redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[1], string.format('%.0f-0', tail), 'e', ARGV[i])
end
redis.call('HSET', KEYS[2], 'tail', string.format('%.0f', tail))
return tail
